"""Precision of a network while it samples, ``sample.precision``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.models.networks.network import Network
from raysc.models.neural.gpu import on_gpu

GPU_PRECISIONS = ("tf32", "fp16")
"""Precisions that need a GPU."""
AUTOCAST_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""Precision -> dtype of matrix products and convolutions; weights, normalisations and sums stay float32."""


def precision_context(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which a network computes in a precision.

    Args:
        precision: fp32, torch's default; tf32, matrix products and convolutions of float32 in TF32; bf16 or fp16.
        device: of the network.

    Raises:
        RayscError: the precision needs a GPU, and the device is none.
    """
    if precision in GPU_PRECISIONS and not on_gpu(device):
        raise RayscError(f"sample.precision: {precision} needs a GPU, and this process has none; use bf16 or fp32")
    if precision in AUTOCAST_DTYPES:
        return torch.autocast(device.type, AUTOCAST_DTYPES[precision])
    return _tf32() if precision == "tf32" else nullcontext()


def in_precision(network: nn.Module, precision: str, device: torch.device) -> Network:
    """Return a network of images as a function that computes in a precision and returns float32.

    A sampler adds up many small changes of a row, so that its own arithmetic stays in float32.
    """
    if precision == "fp32":
        return network

    def forward(*arguments: Tensor) -> Tensor:
        with precision_context(precision, device):
            output = network(*arguments)
        prediction: Tensor = output if isinstance(output, Tensor) else output.sample
        return prediction.float()

    return forward


@contextmanager
def _tf32() -> Iterator[None]:
    """Compute matrix products and convolutions of float32 in TF32."""
    flags: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [flag.allow_tf32 for flag in flags]
    try:
        for flag in flags:
            flag.allow_tf32 = True
        yield
    finally:
        for flag, value in zip(flags, before, strict=True):
            flag.allow_tf32 = value
