"""Images from a folder or a zip archive, such as FFHQ at 64x64 pixels."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from raysc.datasets.cache_folder import absolute
from raysc.datasets.image_rows import Encoded, ImageRows, decoded, split
from raysc.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm"}


@dataclass(frozen=True)
class ImageFolder(ImageRows):
    """All images of a folder, those of its folders included, or of a zip archive, in the order of their names.

    Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one size. Some are held out,
    chosen at random once and for all.

    Attributes:
        path: the folder or archive, the same on every machine of a cluster; in no key: the images themselves are.

    Raises:
        InputError: nothing is there.
    """

    path: str

    name: ClassVar[str] = "image_folder"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute(self.path))
        place = Path(self.path)
        if not place.is_dir() and not zipfile.is_zipfile(place):
            raise InputError(
                f"there is no folder and no zip archive at the path {place}; put images "
                f"({', '.join(sorted(suffix[1:] for suffix in SUFFIXES))}) of one size there"
            )

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return _load(str(Path(self.path).resolve()), self.grey, self.test_rows)


@cache
def _load(path: str, grey: bool, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    place = Path(path)
    names = _files(place) if place.is_dir() else _members(place)
    if not names:
        raise InputError(f"{place}: no images here ({', '.join(sorted(SUFFIXES))})")
    files = [place / name for name in names] if place.is_dir() else [place]
    return split(decoded(files, grey, lambda: _each(files) if place.is_dir() else _unzipped(place, names)), test_rows)


def _files(folder: Path) -> list[str]:
    """Names below the folder, in their order."""
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if _image(file) and file.is_file())


def _members(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return sorted(name for name in opened.namelist() if _image(Path(name)))


def _image(file: Path) -> bool:
    """Whether a name is that of an image; what macOS notes of one is named like it, after a dot."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith("._")


def _each(files: Sequence[Path]) -> Iterator[Encoded]:
    for file in files:
        yield str(file), file.read_bytes()


def _unzipped(archive: Path, names: Sequence[str]) -> Iterator[Encoded]:
    with zipfile.ZipFile(archive) as opened:
        for name in names:
            try:
                yield f"{archive}, {name}", opened.read(name)
            except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
                raise InputError(f"{archive}, {name} cannot be unpacked: {error}") from error
