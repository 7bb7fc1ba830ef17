"""Pixels of a plot."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

Pixels = Callable[[bytes], np.ndarray]


@pytest.fixture(scope="session")
def pixels() -> Pixels:
    """Decode a PNG to uint8 (height, width, 3)."""
    return lambda png: np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
