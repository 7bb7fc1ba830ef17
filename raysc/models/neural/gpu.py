"""What makes training and sampling faster on a GPU; elsewhere none of it is done. It changes results by rounding only.

It was written without a GPU at hand: the tests run all of it on a CPU, but for pinned memory and the compiler's code.
"""

import gc
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raysc.models.networks.architectures import Tensors

LARGE = 10_000_000
"""Parameters from which on a network is compiled: that takes a minute, which smaller ones hardly give back."""
BACKEND = "inductor"
UNCOMPILED = " uncompiled, as torch.compile fails here"
"""What is said of training and sampling then."""

Made = TypeVar("Made")


def on_gpu(device: torch.device) -> bool:
    """Whether any of this is done."""
    return device.type == "cuda"


def laid_out(network: nn.Module, device: torch.device) -> nn.Module:
    """The network with the weights of convolutions in channels-last order, in which tensor cores take them."""
    if on_gpu(device):
        convert: Any = network.to
        convert(memory_format=torch.channels_last)
    return network


def in_order(tensors: Tensors) -> Tensors:
    """The same values in the usual order, in which files take them."""
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def compile_large(network: nn.Module, device: torch.device) -> bool:
    """Compile the network if it is a large one; those of one configuration share what was compiled for the first.

    Returns:
        False if torch.compile does not work on this machine, and the network was left as it is.
    """
    large = sum(parameter.numel() for parameter in network.parameters()) >= LARGE
    if not on_gpu(device) or not large:
        return True
    if _compiler_works(device):
        # Rows come in few sizes, and each size is worth code of its own.
        network.forward = torch.compile(network.forward, backend=BACKEND, dynamic=False)
    return _compiler_works(device)


@cache
def _compiler_works(device: torch.device) -> bool:
    """Tried on the smallest of functions, before much depends on it; a warning says so where it fails."""
    try:
        torch.compile(torch.sin, backend=BACKEND)(torch.ones(8, device=device))
    except Exception as error:  # a lacking C compiler, Triton or header: each fails in its own way
        first = str(error).strip().partition("\n")[0]
        warnings.warn(f"torch.compile fails on this machine: {type(error).__name__}: {first}", stacklevel=2)
        return False
    return True


def forget_compiled() -> None:
    """At the end of a trial: torch compiles one function for eight configurations at most, and leaves others be."""
    if _compiler_works.cache_info().currsize:
        torch.compiler.reset()


def free() -> None:
    """Give back what nothing refers to any more; networks refer to themselves once they are compiled or prepared."""
    gc.collect()
    torch.cuda.empty_cache()


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on the device; to a GPU from pinned memory, while the processor goes on."""
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def ahead(make: Callable[[int], Made], steps: range, device: torch.device) -> Iterator[Made]:
    """``make(step)`` of each step; while a GPU is busy with one, a thread makes the next."""
    if not on_gpu(device):
        yield from map(make, steps)
        return
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(make, steps[0])
        for following in steps[1:]:
            now, coming = coming.result(), thread.submit(make, following)
            yield now
        yield coming.result()
