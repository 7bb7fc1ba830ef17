"""Conversion between rows and network values: images are floats in [-1, 1], points are unscaled."""

import numpy as np
import torch
from torch import Tensor

from raysc.errors import RayscError


def to_floats(rows: Tensor) -> Tensor:
    """Convert rows (batch, *event) to float32: uint8 from 0..255 to [-1, 1], other types unscaled."""
    return rows.float() / 127.5 - 1 if rows.dtype == torch.uint8 else rows.float()


def to_rows(values: Tensor) -> np.ndarray:
    """Convert network values (batch, *event) to rows: images (three axes) rounded to uint8, points as float32.

    Raises:
        RayscError: a value is not finite, which no pixel can represent.
    """
    if not values.isfinite().all():
        raise RayscError(
            "the model's parameters are finite, but its samples are not: its weights have grown too large; "
            "lower train.lr or set train.clip"
        )
    if values.ndim == 4:
        values = ((values + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    rows: np.ndarray = values.cpu().numpy()
    return rows
