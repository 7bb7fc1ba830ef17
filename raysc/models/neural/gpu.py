"""GPU optimisations of training and sampling. On other devices all of them are off; they change results by rounding.

No GPU was at hand when this was written. The tests run everything on a CPU except pinned memory.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raysc.models.networks.network import Tensors

Item = TypeVar("Item")


def on_gpu(device: torch.device) -> bool:
    """Return whether the GPU optimisations apply to a device."""
    return device.type == "cuda"


def to_channels_last(network: nn.Module, device: torch.device) -> nn.Module:
    """Convert convolution weights to the channels-last layout that tensor cores read, on GPUs only."""
    if on_gpu(device):
        convert: Any = network.to
        convert(memory_format=torch.channels_last)
    return network


def to_contiguous(tensors: Tensors) -> Tensors:
    """Return the same values in the default (contiguous) layout, which safetensors files need."""
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def without_tf32() -> AbstractContextManager[Any]:
    """Return a context in which convolutions compute in IEEE float32; torch's matrix products do so by default."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)


def free_memory() -> None:
    """Release unreferenced GPU memory; a compiled or prepared network refers to itself, so the collector must run."""
    gc.collect()
    torch.cuda.empty_cache()


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to a device; to a GPU asynchronously, from pinned memory."""
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def prefetch(make: Callable[[int], Item], steps: range, device: torch.device) -> Iterator[Item]:
    """Yield ``make(step)`` for each step; on a GPU a thread makes the next item while the current one is used."""
    if not on_gpu(device):
        yield from map(make, steps)
        return
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(make, steps[0])
        for next_step in steps[1:]:
            item, future = future.result(), thread.submit(make, next_step)
            yield item
        yield future.result()
