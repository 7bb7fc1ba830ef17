"""Images from a folder or a zip archive, such as FFHQ at 64x64 pixels."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from raysc.datasets.images.image_cache import EncodedImage, load_images
from raysc.datasets.images.image_files import ImageFiles, split_images
from raysc.datasets.local_files import absolute_path
from raysc.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm"}


@dataclass(frozen=True)
class ImageFolder(ImageFiles):
    """All images of a folder and its subfolders, or of a zip archive, in the order of their names.

    Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one size. The held-out images
    are one fixed random choice.

    Attributes:
        path: the folder or archive, the same on every machine of a cluster. The path is in no key; the content of the
            images is.

    Raises:
        InputError: the path is neither a folder nor a zip archive.
    """

    path: str

    name: ClassVar[str] = "image_folder"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute_path(self.path))
        path = Path(self.path)
        if not path.is_dir() and not zipfile.is_zipfile(path):
            raise InputError(
                f"there is no folder and no zip archive at the path {path}; put images "
                f"({', '.join(sorted(suffix[1:] for suffix in SUFFIXES))}) of one size there"
            )

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return _load(str(Path(self.path).resolve()), self.grey, self.test_rows)


@cache
def _load(source: str, grey: bool, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    path = Path(source)
    names = _image_files(path) if path.is_dir() else _archive_members(path)
    if not names:
        raise InputError(f"{path}: no images ({', '.join(sorted(SUFFIXES))})")
    files = [path / name for name in names] if path.is_dir() else [path]
    rows = load_images(files, grey, lambda: _read_files(files) if path.is_dir() else _read_members(path, names))
    return split_images(rows, test_rows)


def _image_files(folder: Path) -> list[str]:
    """List the names of the images below a folder, sorted."""
    files = (file for file in folder.rglob("*") if _is_image_name(file) and file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


def _archive_members(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as members:
        return sorted(name for name in members.namelist() if _is_image_name(Path(name)))


def _is_image_name(file: Path) -> bool:
    """Return True for the name of an image; macOS adds a metadata file ``._NAME`` for each one."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith("._")


def _read_files(files: Sequence[Path]) -> Iterator[EncodedImage]:
    for file in files:
        yield str(file), file.read_bytes()


def _read_members(archive: Path, names: Sequence[str]) -> Iterator[EncodedImage]:
    with zipfile.ZipFile(archive) as members:
        for name in names:
            try:
                yield f"{archive}, {name}", members.read(name)
            except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
                raise InputError(f"{archive}, {name} cannot be unpacked: {error}") from error
