import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysc.datasets.images import pixels as pixels_module
from raysc.datasets.images.pixels import image_pixels
from raysc.errors import InputError
from tests.encoded_images import deep_png, png


def encode(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("colour_type", [0, 2, 4, 6])
@pytest.mark.parametrize("grey", [True, False])
def test_png_files_of_sixteen_bits_are_refused_in_every_colour_type(colour_type: int, grey: bool) -> None:
    with pytest.raises(InputError, match=r"a\.png has more than 8 bits a channel; convert it to 8 bits"):
        image_pixels("a.png", deep_png(colour_type), grey)


@pytest.mark.parametrize("header", [b"P6\n# a comment\n2 2\n65535\n", b"P6 2 2 1023\n", b"P5 2 2 65535\n"])
def test_ppm_files_of_more_than_eight_bits_are_refused(header: bytes) -> None:
    with pytest.raises(InputError, match="has more than 8 bits a channel"):
        image_pixels("a.ppm", header + bytes(24), False)


def test_tiff_files_of_sixteen_bits_in_colour_are_refused() -> None:
    entries = [(256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 3, 134), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 140),
               (277, 3, 1, 3), (278, 3, 1, 2), (279, 4, 1, 24)]  # fmt: skip
    fields = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    header = b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + struct.pack("<I", 0)
    data = header.ljust(134, b"\0") + struct.pack("<HHH", 16, 16, 16) + bytes(24)
    with pytest.raises(InputError, match="has more than 8 bits a channel"):
        image_pixels("a.tiff", data, False)


def test_palettes_few_bits_and_transparency_give_the_pixels_as_stored() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    expected = colours.transpose(2, 0, 1)
    alpha = np.dstack([colours, np.array([[0, 255], [7, 255]], np.uint8)])
    for data in (encode(Image.fromarray(colours).quantize(4), "PNG"), encode(Image.fromarray(alpha), "PNG"),
                 encode(Image.fromarray(colours), "TIFF"), b"P6 2 2 255\n" + colours.tobytes()):  # fmt: skip
        np.testing.assert_array_equal(image_pixels("a", data, False), expected)
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    np.testing.assert_array_equal(image_pixels("a", encode(bits, "PNG"), True), [[[0, 255]]])


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_images_of_several_frames_are_refused(form: str, images: np.ndarray) -> None:
    first, second = (Image.fromarray(pixels) for pixels in images[:2])
    data = encode(first, form, save_all=True, append_images=[second])
    with pytest.raises(InputError, match="a has 2 frames; write each frame into an image of its own"):
        image_pixels("a", data, False)


def test_formats_that_raysc_does_not_read_never_reach_their_parsers(images: np.ndarray) -> None:
    for form in ("EPS", "ICO", "TGA", "PCX"):
        with pytest.raises(InputError, match=r"a\.png cannot be read as an image: it is no whole file of PNG, JPEG"):
            image_pixels("a.png", encode(Image.fromarray(images[0]), form), False)


def test_images_of_too_many_pixels_or_bytes_are_refused_before_they_are_decoded(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = png(images[0])[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += png(images[0])[33:]
    with pytest.raises(InputError, match="bomb"):
        image_pixels("bomb", bomb, False)
    monkeypatch.setattr(pixels_module, "MAX_PIXELS", 23)
    with pytest.raises(InputError, match="a is 4x6 pixels; at most 23 are read"):
        image_pixels("a", png(images[0]), False)
    monkeypatch.setattr(pixels_module, "MAX_FILE_BYTES", 50)
    with pytest.raises(InputError, match=r"a has .* bytes; at most 50 are read"):
        image_pixels("a", png(images[0]), False)
