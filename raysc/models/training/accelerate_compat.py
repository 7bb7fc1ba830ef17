"""Private and version-dependent API of Accelerate (1.15); each entry states what breaks without it."""

from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from torch import nn


def new_accelerator(precision: str) -> Accelerator:
    """Return an Accelerator for a precision; process group and device of the process stay as they are.

    Private: ``AcceleratorState._reset_state``. Without it a second Accelerator with another mixed precision raises
    ValueError, since Accelerate keeps the precision for the life of the process.

    Args:
        precision: fp32, fp32_ieee, bf16 or fp16; fp32_ieee also needs ``gpu.without_tf32``.
    """
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision="no" if precision.startswith("fp32") else precision)


def reset_states() -> None:
    """Clear Accelerate's process-wide state, so that the next trial in this process can set it up anew.

    Private: ``_reset_state`` of both classes. Without it the next trial keeps the device, rank and world size of the
    last one, whose process group is destroyed.
    """
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def prepare_model(accelerator: Accelerator, network: nn.Module, sharded: bool) -> Any:
    """Return the network with autocast and, on several ranks, DDP.

    Version-dependent: ``evaluation_mode`` skips DDP. Without it Accelerate refuses a sharded network on several ranks,
    because DDP cannot hold DTensor parameters.
    """
    return accelerator.prepare_model(network, evaluation_mode=sharded)


def prepare_optimizer(accelerator: Accelerator, optimizer: torch.optim.Optimizer) -> Any:
    """Return the optimiser, wrapped by Accelerate only where its loss scaling (fp16) is needed.

    Version-dependent: the wrapper's ``step`` searches the disk for an optional package in every step. Wrapping every
    optimiser would slow down training of small networks.
    """
    return optimizer if accelerator.scaler is None else accelerator.prepare_optimizer(optimizer)


def was_skipped(accelerator: Accelerator, optimizer: Any) -> bool:
    """Return whether loss scaling (fp16) skipped the last step, since a gradient was not finite.

    Version-dependent: ``step_was_skipped`` of the wrapped optimiser. Without it a run that skipped every step looks
    like one that trained.
    """
    return accelerator.scaler is not None and bool(optimizer.step_was_skipped)
