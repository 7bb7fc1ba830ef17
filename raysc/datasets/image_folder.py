"""Images from a folder or a zip archive, such as FFHQ at 64x64 pixels."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

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
        place = Path(self.path).expanduser()
        if not place.is_dir() and not zipfile.is_zipfile(place):
            raise InputError(
                f"there is no folder and no zip archive at the path {place}; put images "
                f"({', '.join(sorted(suffix[1:] for suffix in SUFFIXES))}) of one size there"
            )

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return _load(str(Path(self.path).expanduser().resolve()), self.grey, self.test_rows)


@cache
def _load(path: str, grey: bool, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    place = Path(path)
    files = _files(place) if place.is_dir() else [place]
    if not files:
        raise InputError(f"{place}: no images here ({', '.join(sorted(SUFFIXES))})")
    read = _each(files) if place.is_dir() else _members(place)
    return split(decoded(files, grey, lambda: read), test_rows)


def _files(folder: Path) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _each(files: Sequence[Path]) -> Iterator[Encoded]:
    for file in files:
        yield str(file), file.read_bytes()


def _members(archive: Path) -> Iterator[Encoded]:
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            if Path(name).suffix.lower() in SUFFIXES:
                yield f"{archive}, {name}", opened.read(name)
