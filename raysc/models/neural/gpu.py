"""GPU optimisations of training and sampling. On other devices all of them are off; they change results by rounding.

No GPU was at hand when this was written. The tests run everything on a CPU except pinned memory and compiled kernels.
"""

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raysc.datasets.local_files import make_cache_folder
from raysc.errors import InputError
from raysc.models.networks.network import Tensors

MIN_COMPILED_PARAMETERS = 10_000_000
"""Parameters from which on a network is compiled. Compiling takes a minute, which a smaller network hardly saves."""
COMPILE_BACKEND = "inductor"
COMPILED = "compiled"
"""Folder of compiled code below the cache folder."""
UNCOMPILED = " uncompiled, as torch.compile fails here"
"""Suffix of the progress label where a large network runs uncompiled."""

COMPILING = "compiling, then "
"""Prefix of the progress label of a compiled network's first step."""

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


def compile_large(network: nn.Module, device: torch.device) -> bool:
    """Compile a network of at least ``MIN_COMPILED_PARAMETERS`` on a GPU; equal configurations share compiled code.

    Returns:
        False if torch.compile fails on this machine and the network is left uncompiled.
    """
    large = sum(parameter.numel() for parameter in network.parameters()) >= MIN_COMPILED_PARAMETERS
    if not on_gpu(device) or not large:
        return True
    if _compiler_works(device):
        # Batches come in few sizes, and each size is worth its own kernels.
        network.forward = torch.compile(network.forward, backend=COMPILE_BACKEND, dynamic=False)
    return _compiler_works(device)


def is_compiled(network: nn.Module) -> bool:
    """Return whether ``compile_large`` has compiled a network; its first call takes a minute then."""
    return "forward" in vars(network)


@cache
def _compiler_works(device: torch.device) -> bool:
    """Compile and run a tiny function once per process; warn where that fails.

    Compiled code is kept in the cache folder, where the next process finds it, unless the user has set another place or
    the folder cannot be written: then torch keeps it among temporary files.
    """
    if "TORCHINDUCTOR_CACHE_DIR" not in os.environ:
        with suppress(InputError):
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(make_cache_folder(COMPILED).resolve())
    try:
        torch.compile(torch.sin, backend=COMPILE_BACKEND)(torch.ones(8, device=device))
    except Exception as error:  # a missing C compiler, Triton or header raises different types
        message = str(error).strip().partition("\n")[0]
        warnings.warn(f"torch.compile fails on this machine: {type(error).__name__}: {message}", stacklevel=2)
        return False
    return True


def reset_compiler() -> None:
    """Discard compiled code at the end of a trial: torch compiles a function for at most eight configurations."""
    if _compiler_works.cache_info().currsize:
        torch.compiler.reset()


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
