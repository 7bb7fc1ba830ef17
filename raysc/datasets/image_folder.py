"""Images from a folder or a zip archive, such as FFHQ at 64x64 pixels."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.image_rows import Encoded, check_rows, content, decoded, split, subsets
from raysc.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm"}


@dataclass(frozen=True)
class ImageFolder:
    """All images of a folder, those of its folders included, or of a zip archive, in the order of their names.

    Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one size. Some are held out,
    chosen at random once and for all.

    Attributes:
        path: the folder or archive, the same on every machine of a cluster; in no key: the images themselves are.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        test_rows: held-out rows; None: a tenth of the images, 10,000 at most.
        grey: one channel instead of red, green and blue.

    Raises:
        InputError: nothing is there.
    """

    path: str
    rows: PositiveInt | None = None
    test_rows: PositiveInt | None = None
    grey: bool = False

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "images"
    labelled: ClassVar[bool] = False
    located: ClassVar[tuple[str, ...]] = ("path",)

    def __post_init__(self) -> None:
        place = Path(self.path).expanduser()
        if not place.is_dir() and not zipfile.is_zipfile(place):
            raise InputError(
                f"there is no folder and no zip archive at the path {place}; put images "
                f"({', '.join(sorted(suffix[1:] for suffix in SUFFIXES))}) of one size there"
            )

    @cached_property
    def count(self) -> int:
        return check_rows("image_folder", self.rows, len(self._split()[0]))

    @cached_property
    def event(self) -> tuple[int, ...]:
        return tuple(self._split()[0].shape[1:])

    @cached_property
    def _content(self) -> str:
        return content(*self._split())

    def fingerprint(self) -> str:
        return self._content

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, uint8 (1, n, *event), or (seeds, rows, *event) if ``rows`` is set."""
        return subsets(self._split()[0], self.rows, seeds, "image_folder")

    def test(self) -> np.ndarray:
        """Held-out rows, uint8 (test_rows, *event)."""
        return self._split()[1]

    def _split(self) -> tuple[np.ndarray, np.ndarray]:
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
