import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysc.datasets.images import image_cache
from raysc.datasets.images.image_cache import decode, load_images
from raysc.errors import InputError
from tests.encoded_images import jpeg, png


def test_images_are_decoded_once_and_again_when_a_file_changes(
    tmp_path: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f"{number:02d}.png" for number in range(len(images))]
    for file, pixels in zip(files, images, strict=True):
        file.write_bytes(png(pixels))
    calls: list[bool] = []

    def counted(encoded: Any, grey: bool) -> np.ndarray:
        calls.append(grey)
        return decode(encoded, grey)

    monkeypatch.setattr(image_cache, "decode", counted)

    def load() -> np.ndarray:
        return load_images(files, False, lambda: [(str(file), file.read_bytes()) for file in files])

    first = load()
    np.testing.assert_array_equal(first, images.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(load(), first)
    assert len(calls) == 1
    files[3].write_bytes(png(images[3][::-1]))
    assert not np.array_equal(load(), first)
    assert len(calls) == 2


def test_all_formats_of_eight_bits_become_red_green_and_blue(images: np.ndarray) -> None:
    smooth = images[0] // 64 + 100
    rotated = Image.Exif()
    rotated[0x0112] = 6  # rotate by 90 degrees
    buffer = io.BytesIO()
    Image.fromarray(smooth).quantize(256).save(buffer, "PNG")
    encoded = [png(smooth), jpeg(smooth, "CMYK"), jpeg(smooth, exif=rotated), buffer.getvalue()]
    rows = decode([(str(number), data) for number, data in enumerate(encoded)], grey=False)
    assert rows.shape == (4, 3, 6, 4)
    np.testing.assert_allclose(rows, np.broadcast_to(smooth.transpose(2, 0, 1), rows.shape), atol=8)


@pytest.mark.parametrize(("dtype", "form"), [(np.uint16, "PNG"), (np.float32, "TIFF")])
@pytest.mark.parametrize("grey", [True, False])
def test_more_than_eight_bits_are_refused_and_not_clipped(
    dtype: type[np.uint16] | type[np.float32], form: str, grey: bool
) -> None:
    buffer = io.BytesIO()
    Image.fromarray((np.arange(24).reshape(6, 4) * 2000).astype(dtype)).save(buffer, form)
    with pytest.raises(InputError, match="deep has more than 8 bits a channel; convert it to 8 bits"):
        decode([("deep", buffer.getvalue())], grey)


def test_every_damaged_byte_of_an_image_gives_an_input_error_or_none(images: np.ndarray) -> None:
    data = png(images[0])
    for position in range(len(data)):
        damaged = data[:position] + bytes([data[position] ^ 255]) + data[position + 1 :]
        with suppress(InputError):  # some bytes do not matter; no other error is raised
            decode([("damaged", damaged)], grey=False)


def test_images_of_two_sizes_and_files_that_are_no_images_are_refused(images: np.ndarray) -> None:
    first = ("a.png", png(images[0]))
    with pytest.raises(InputError, match=r"b\.png is 4x3 pixels, the images before it 4x6; give all of them one size"):
        decode([first, ("b.png", png(images[1][:3]))], grey=False)
    with pytest.raises(InputError, match=r"b\.png cannot be read as an image"):
        decode([first, ("b.png", b"nothing")], grey=False)
    with pytest.raises(InputError, match="there are no images"):
        decode([], grey=False)
