"""Encoded images for tests of data sets of image files."""

import io
from typing import Any

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    """Encode pixels (height, width, 3) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(pixels: np.ndarray, mode: str = "RGB", **options: Any) -> bytes:
    """Encode pixels (height, width, 3) as JPEG in one of Pillow's modes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def row_set(rows: np.ndarray) -> set[bytes]:
    """Return the distinct rows as bytes."""
    return {row.tobytes() for row in rows}


def expected_rows(images: np.ndarray) -> set[bytes]:
    """Return the distinct rows of images (count, height, width, 3), channels first."""
    return row_set(images.transpose(0, 3, 1, 2))
