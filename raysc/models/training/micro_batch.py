"""How many rows a device has room for at once: found by running out of memory, remembered until the trial ends."""

from collections.abc import Callable
from math import ceil

import torch
from accelerate import Accelerator
from accelerate.state import PartialState
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.settings import Train

_found: dict[str, int] = {}
"""Rows of a micro-batch, by the kind of run; of runs for which they had to be found."""


class NoRoom(Exception):
    """A rank by itself has no room for a micro-batch."""


def found(kind: str) -> int | None:
    """How many rows there was room for in the last run of a kind; None if nobody had to find out."""
    return _found.get(kind)


def halve(kind: str, train: Train, error: Exception) -> None:
    """From now on runs of a kind give the network half as many rows at once.

    Args:
        kind: tells apart runs that need different amounts of memory.
        train: what there was no room for.
        error: what says so.

    Raises:
        RayscError: there is nothing to halve, or other ranks wait for this one, which they would do for ever.
    """
    world: int = PartialState().num_processes
    rows = min(train.micro_batch or train.batch, train.batch // world)
    if rows == 1:
        raise RayscError(
            "the device has no room to train on one row at a time; set train.recompute, or take a smaller network"
        ) from error
    if world > 1 and not isinstance(error, NoRoom):
        raise RayscError(
            f"one of {world} ranks has no room for a micro-batch of {rows} rows; set train.micro_batch to less"
        ) from error
    _found[kind] = ceil(rows / 2)


def rehearse(network: nn.Module, loss: Callable[[], Tensor], accelerator: Accelerator) -> None:
    """A micro-batch there and back on this rank alone, beside all that a step holds.

    Args:
        network: what ``loss`` asks.
        loss: of the micro-batch.
        accelerator: of the run.

    Raises:
        NoRoom: the device runs out of memory.
    """
    try:
        # AdamW's two moments, the moving average, and the gradients that DDP sends
        held = [torch.empty_like(parameter) for parameter in network.parameters() for _ in range(4)]
        with accelerator.autocast():
            torch.autograd.backward(loss())
    except torch.OutOfMemoryError as error:
        raise NoRoom from error
    del held
    network.zero_grad()


def forget_found() -> None:
    """At the end of a trial: the next may have another part of the device."""
    _found.clear()
