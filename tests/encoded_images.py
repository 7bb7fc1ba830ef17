"""Encoded images for tests of data sets of image files."""

import io
import struct
import zlib
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


def deep_png(colour_type: int, seed: int = 0) -> bytes:
    """Return a PNG file of 8x8 pixels and 16 bits a channel; Pillow writes none in colour.

    Args:
        colour_type: 0 for grey levels, 2 for red, green and blue, 4 and 6 for these with transparency.
        seed: of the random values, which have twelve bits.
    """
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    values = np.random.default_rng(seed).integers(0, 4096, (8, 8 * channels)).astype(">u2")
    header = struct.pack(">IIBBBBB", 8, 8, 16, colour_type, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in values))
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
