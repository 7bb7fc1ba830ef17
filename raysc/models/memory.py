"""Micro-batches that fit into a GPU's memory: found by trying, while the global batch stays what it is."""

from collections.abc import Callable
from contextlib import suppress

import torch
from accelerate import Accelerator
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from raysc.errors import RayscError
from raysc.models import gpu

_found: dict[str, int] = {}
"""What was found in this trial, so that its later generations need not try again."""


def fitting(rows: int, rehearse: Callable[[int], None], accelerator: Accelerator, run: str) -> int:
    """The largest of ``rows``, half of them, a quarter, ... that no rank's GPU runs out of memory with; else ``rows``.

    Args:
        rows: to begin with: what a rank would give the network at once.
        rehearse: does with so many rows what a step does, on this rank alone: in a call that all ranks make together,
            one that ran out of memory would leave the others waiting for ever.
        accelerator: by which the ranks agree.
        run: tells apart runs that need different amounts of memory.

    Raises:
        RayscError: there is no memory for a single row.
    """
    if not gpu.on_gpu(accelerator.device):
        return rows
    while run not in _found:
        lacking = torch.tensor(float(_runs_out(rehearse, rows)), device=accelerator.device)
        if not accelerator.reduce(lacking, "sum").item():
            _found[run] = rows
        elif rows == 1:
            raise RayscError(
                "out of memory: the device cannot train on a single row at once; take a smaller network, "
                "train.recompute, train.shard with several workers, or a device with more memory"
            )
        else:
            gpu.forget_compiled()  # else it would now compile for any number of rows, which is slower
            rows = -(-rows // 2)
    return _found[run]


def forget_found() -> None:
    """At the end of a trial: the next may have another part of the device."""
    _found.clear()


def _runs_out(rehearse: Callable[[int], None], rows: int) -> bool:
    out = False
    try:
        rehearse(rows)
    except RuntimeError as error:
        if not should_reduce_batch_size(error):
            raise
        out = True
    # Only here is nothing left that holds what was computed.
    with suppress(RuntimeError):
        clear_device_cache(garbage_collection=out)
    return out
