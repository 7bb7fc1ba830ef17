"""Micro-batch size: halved when a device runs out of memory, and remembered until the trial ends."""

from collections.abc import Callable
from math import ceil

import torch
from accelerate import Accelerator
from accelerate.state import PartialState
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.settings import Train

_sizes: dict[str, int] = {}
"""Rows of a micro-batch by kind of run, for the kinds that ran out of memory with larger ones."""


class DryRunOutOfMemory(Exception):
    """One rank runs out of memory in its dry run of a micro-batch, while no other rank waits for it."""


def remembered_size(kind: str) -> int | None:
    """Return the micro-batch size that the last run of a kind fell back to; None if no run ran out of memory."""
    return _sizes.get(kind)


def halve(kind: str, train: Train, error: Exception) -> None:
    """Halve the micro-batch size of a kind of run, after it ran out of memory.

    Args:
        kind: identifies runs with equal memory needs.
        train: settings of the run, with the micro-batch size that does not fit.
        error: the out-of-memory error.

    Raises:
        RayscError: the size is 1; or the run has several ranks and failed outside its dry run, so that the other ranks
            would wait forever for this one to restart.
    """
    world_size: int = PartialState().num_processes
    rows = min(train.micro_batch or train.batch, train.batch // world_size)
    if rows == 1:
        raise RayscError(
            "the device has no memory to train on one row at a time; set train.recompute, or take a smaller network"
        ) from error
    if world_size > 1 and not isinstance(error, DryRunOutOfMemory):
        raise RayscError(
            f"one of {world_size} ranks has no memory for a micro-batch of {rows} rows; set train.micro_batch to less"
        ) from error
    _sizes[kind] = ceil(rows / 2)


def dry_run(network: nn.Module, loss: Callable[[], Tensor], accelerator: Accelerator) -> None:
    """Run a micro-batch forward and backward on this rank alone, with as much memory in use as in a step.

    Args:
        network: the network of ``loss``; its gradients are cleared.
        loss: computes the loss of the micro-batch.
        accelerator: of the run.

    Raises:
        DryRunOutOfMemory: the device runs out of memory.
    """
    try:
        # AdamW's two moments, the EMA, and the gradient buckets of DDP
        buffers = [torch.empty_like(parameter) for parameter in network.parameters() for _ in range(4)]
        with accelerator.autocast():
            torch.autograd.backward(loss())
    except torch.OutOfMemoryError as error:
        raise DryRunOutOfMemory from error
    del buffers
    network.zero_grad()


def reset() -> None:
    """Discard all sizes at the end of a trial; the next trial may get another share of the device."""
    _sizes.clear()
