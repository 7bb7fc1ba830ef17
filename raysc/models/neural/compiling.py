"""torch.compile for large networks of images on GPUs. It changes results by rounding.

Compiling takes a minute, so it happens once: the process keeps compiled code for later generations and units of the
same configuration, and the cache folder keeps it for later processes. The seconds it took are kept there too, for the
progress display.
"""

import hashlib
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import torch
from torch import nn

from raysc.datasets.local_files import make_cache_folder
from raysc.errors import InputError
from raysc.formatting import clock
from raysc.models.neural.gpu import on_gpu
from raysc.progress import relabelled

MIN_COMPILED_PARAMETERS = 10_000_000
"""Parameters from which on a network is compiled. Compiling takes a minute, which a smaller network hardly saves."""
COMPILE_BACKEND = "inductor"
COMPILED = "compiled"
"""Folder of compiled code below the cache folder."""
UNCOMPILED = " uncompiled, as torch.compile fails here"
"""Suffix of the progress label where a large network runs uncompiled."""
MAX_CONFIGURATIONS = 256
"""Configurations (network, precision, batch size, training or sampling) for which a process keeps compiled code.

torch's own limit is 8 for all networks of a class; beyond it networks silently run uncompiled.
"""

Result = TypeVar("Result")

_compiled: set[str] = set()
"""Digests of the calls that this process has compiled."""


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


@dataclass(frozen=True)
class FirstCall:
    """The first call of a compiled network in this process, which compiles it.

    Attributes:
        activity: what the network is used for, as the progress display says it: "training".
        digest: digest of the activity and of what the compiled code depends on.
    """

    activity: str
    digest: str

    def run(self, call: Callable[[], Result]) -> Result:
        """Return the result of the call; the progress display says that it compiles, and how long it took last time."""
        start = perf_counter()
        with relabelled(self._label()):
            result = call()
        _compiled.add(self.digest)
        with suppress(InputError, OSError):
            self._file.write_text(f"{perf_counter() - start:.1f}")
        return result

    def of(self, network: Callable[..., Result]) -> Callable[..., Result]:
        """Return a network whose first call is this one."""

        def forward(*arguments: Any) -> Result:
            if self.digest in _compiled:
                return network(*arguments)
            return self.run(partial(network, *arguments))

        return forward

    def _label(self) -> str:
        with suppress(InputError, OSError, ValueError):
            return f"compiling ({clock(float(self._file.read_text()))} the last time), then {self.activity}"
        return f"compiling, then {self.activity}"

    @property
    def _file(self) -> Path:
        return make_cache_folder(f"{COMPILED}/seconds") / self.digest


def first_call(network: nn.Module, activity: str, *dependencies: Any) -> FirstCall | None:
    """Return the first call of a network; None if it is not compiled, or if this process has compiled it before.

    Args:
        network: a network that ``compile_large`` was called with.
        activity: what the network is used for.
        dependencies: what the compiled code depends on: configuration, batch size, precision, device.
    """
    if "forward" not in vars(network):
        return None
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    described = repr((activity, torch.__version__, device, dependencies))
    digest = hashlib.sha256(described.encode()).hexdigest()[:32]
    return None if digest in _compiled else FirstCall(activity, digest)


@cache
def _compiler_works(device: torch.device) -> bool:
    """Compile and run a tiny function once per process; warn where that fails.

    Compiled code is kept in the cache folder, where the next process finds it, unless the user has set another place or
    the folder cannot be written: then torch keeps it among temporary files.
    """
    if "TORCHINDUCTOR_CACHE_DIR" not in os.environ:
        with suppress(InputError):
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(make_cache_folder(COMPILED).resolve())
    torch._dynamo.config.recompile_limit = MAX_CONFIGURATIONS
    torch._dynamo.config.accumulated_recompile_limit = max(
        MAX_CONFIGURATIONS, torch._dynamo.config.accumulated_recompile_limit
    )
    try:
        torch.compile(torch.sin, backend=COMPILE_BACKEND)(torch.ones(8, device=device))
    except Exception as error:  # a missing C compiler, Triton or header raises different types
        message = str(error).strip().partition("\n")[0]
        warnings.warn(f"torch.compile fails on this machine: {type(error).__name__}: {message}", stacklevel=2)
        return False
    return True
