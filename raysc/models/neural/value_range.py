"""Rows and what networks see of them: images as floats in [-1, 1], points as they are."""

import numpy as np
import torch
from torch import Tensor

from raysc.errors import RayscError


def to_floats(rows: Tensor) -> Tensor:
    """Rows (batch, *event) as float32: uint8 from 0..255 to [-1, 1], everything else unscaled."""
    return rows.float() / 127.5 - 1 if rows.dtype == torch.uint8 else rows.float()


def to_rows(values: Tensor) -> np.ndarray:
    """A network's values (batch, *event) as rows: images (three axes) rounded to uint8, points as float32.

    Raises:
        RayscError: a value is not finite, which no pixel could show.
    """
    if not values.isfinite().all():
        raise RayscError(
            "the model's parameters are finite and what it samples is not: its weights have grown too large; "
            "lower train.lr or set train.clip"
        )
    if values.ndim == 4:
        values = ((values + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    rows: np.ndarray = values.cpu().numpy()
    return rows
