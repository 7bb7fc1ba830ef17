"""Pixels of one encoded image: formats, bit depth and size are checked before they are decoded."""

import re
import warnings
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from raysc.datasets.readers import MAX_FILE_BYTES, reader_errors
from raysc.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM", "GIF", "TIFF")
"""Formats that are read, in Pillow's names. Pillow's other parsers never see a user's file."""

MAX_PIXELS = 2**26
"""Maximum number of pixels of an image. A damaged or hostile file of a few bytes can state billions."""

DEEP_MODES = ("I", "F")
"""First letters of Pillow's modes of 16 and 32 bits; its conversion to 8 bits would clip their values at 255."""

TIFF_BITS, TIFF_SAMPLE_FORMAT = 258, 339
"""Tags of TIFF: bits of each channel, and their type: 1 for unsigned integers."""

PPM_HEADER = re.compile(rb"P[2356](?:\s|#[^\r\n]*[\r\n])+(?:\d+(?:\s|#[^\r\n]*[\r\n])+){2}(\d+)")
"""Header of the grey and colour formats of PPM, with the largest value of a channel."""

PNG_BIT_DEPTH = 24
"""Position of the bit depth in a PNG file: its first chunk, IHDR, stands at a fixed place."""


def image_pixels(name: str, data: bytes, grey: bool) -> np.ndarray:
    """Decode one image.

    Palettes, grey levels and CMYK become red, green and blue (or grey levels). Transparency is dropped, and colour
    profiles and a camera's orientation tag are not applied, as in torchvision's ``ImageFolder``.

    Args:
        name: name of the image for messages.
        data: content of its file.
        grey: one channel instead of red, green and blue.

    Returns:
        uint8 (channels, height, width).

    Raises:
        InputError: the file is no image of ``FORMATS``, is damaged or too large, has more than 8 bits a channel, or
            more than one frame.
    """
    if not isinstance(data, bytes):
        raise InputError(f"{name} is {type(data).__name__}, not the content of an image file")
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{name} has {len(data):,} bytes; at most {MAX_FILE_BYTES:,} are read")
    with reader_errors(name, "an image"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is checked instead
        with _open(name, data) as image:
            _check(name, image, data)
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return np.atleast_3d(pixels).transpose(2, 0, 1)


def _open(name: str, data: bytes) -> Image.Image:
    """Open an image without decoding its pixels."""
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:  # its message has the address of the buffer
        raise InputError(f"{name} cannot be read as an image: it is no whole file of {', '.join(FORMATS)}") from None


def _check(name: str, image: Image.Image, data: bytes) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(f"{name} is {width}x{height} pixels; at most {MAX_PIXELS:,} are read")
    if _is_deep(image, data):
        raise InputError(f"{name} has more than 8 bits a channel; convert it to 8 bits")
    # The second picture of an MPO, the JPEG of many cameras, is a preview or depth of the first.
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames > 1:
        raise InputError(f"{name} has {frames} frames; write each frame into an image of its own")


def _is_deep(image: Image.Image, data: bytes) -> bool:
    """Return True if a channel has more than 8 bits in the file; Pillow cuts colours to their high byte."""
    if image.mode.startswith(DEEP_MODES):
        return True
    if image.format == "PNG":
        return data[PNG_BIT_DEPTH] > 8
    if image.format == "PPM":
        header = PPM_HEADER.match(data)
        return header is not None and int(header[1]) > 255
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]  # an attribute of TIFF images
        return max(tags.get(TIFF_BITS, (1,))) > 8 or any(kind != 1 for kind in tags.get(TIFF_SAMPLE_FORMAT, (1,)))
    return False
