"""Ceilings of the device, measured: matrix products by precision, and copies in its memory."""

from collections.abc import Callable

import torch

from benchmarks.gpu_rows.measuring import default_device, timed

SIDE, SMALL_SIDE = 8192, 256
"""Sides of the matrices."""
COPIED_BYTES, SMALL_COPIED_BYTES = 2**30, 2**22
CALLS = 10
"""Calls in a measurement."""
MEASUREMENTS = 3
"""Measurements after a first one for warm-up; the shortest counts."""


def measure_ceilings(small: bool) -> dict[str, float]:
    """Return fp32, tf32 and bf16, the FLOP/s of matrix products, and copy, the bytes read and written a second."""
    side, copied_bytes = (SMALL_SIDE, SMALL_COPIED_BYTES) if small else (SIDE, COPIED_BYTES)
    operations = 2 * side**3
    return {
        "fp32": operations / _product_seconds(side, torch.float32, tf32=False),
        "tf32": operations / _product_seconds(side, torch.float32, tf32=True),
        "bf16": operations / _product_seconds(side, torch.bfloat16, tf32=False),
        "copy": 2 * copied_bytes / _copy_seconds(copied_bytes),
    }


def _product_seconds(side: int, dtype: torch.dtype, tf32: bool) -> float:
    """Return the seconds of a product of two square matrices."""
    left, right = (torch.randn(side, side, device=default_device()).to(dtype) for _ in range(2))
    product = torch.empty_like(left)
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    try:
        return _seconds(lambda: torch.mm(left, right, out=product))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def _copy_seconds(copied_bytes: int) -> float:
    """Return the seconds of a copy within the memory of the device."""
    source = torch.ones(copied_bytes // 4, device=default_device())
    target = torch.empty_like(source)
    return _seconds(lambda: target.copy_(source))


def _seconds(call: Callable[[], object]) -> float:
    """Return the seconds of one call, the shortest of some measurements."""

    def calls() -> None:
        for _ in range(CALLS):
            call()

    calls()
    return min(timed(calls) for _ in range(MEASUREMENTS)) / CALLS
