"""Images from a folder or a zip archive, such as FFHQ at 64x64 pixels."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ClassVar

from raysc.datasets.data_files import FileStamp, file_stamps, find_files, is_hidden
from raysc.datasets.images.image_cache import EncodedImage, load_images
from raysc.datasets.images.image_files import ImageFiles, ImageSplit, split_images
from raysc.datasets.local_files import absolute_path
from raysc.datasets.readers import MAX_FILE_BYTES, printable, reader_errors
from raysc.errors import InputError
from raysc.machine.content_cache import content_cache

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm"}

STEP_BYTES = 4096
"""Number of bytes of an archive's member that are unpacked at a time."""


@dataclass(frozen=True)
class ImageFolder(ImageFiles):
    """All images of a folder and its subfolders, or of a zip archive, in the order of their names.

    Hidden files are left out. Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one
    size. The held-out images are one fixed random choice.

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
        with reader_errors(path, "a folder or zip archive"):
            if not path.is_dir() and not zipfile.is_zipfile(path):
                what = "the file is no zip archive, or it is cut" if path.exists() else "there is nothing"
                raise InputError(
                    f"there is no folder and no zip archive at the path {path} ({what}); put images "
                    f"({', '.join(sorted(suffix[1:] for suffix in SUFFIXES))}) of one size there"
                )

    def split(self) -> ImageSplit:
        path = Path(self.path).resolve()
        files = _image_files(path) if path.is_dir() else [path]
        return _load(str(path), file_stamps(files), self.grey, self.test_rows, self.train_on_all)


@content_cache
def _load(
    source: str, stamps: Sequence[FileStamp], grey: bool, test_rows: int | None, train_on_all: bool
) -> ImageSplit:
    path = Path(source)
    files = [Path(stamp.path) for stamp in stamps]
    names = [] if path.is_dir() else _archive_members(path)
    if not names and not (files and path.is_dir()):
        raise InputError(f"{path}: no images ({', '.join(sorted(SUFFIXES))})")
    rows = load_images(files, grey, lambda: _read_files(files) if path.is_dir() else _read_members(path, names))
    return split_images(rows, test_rows, train_on_all)


def _image_files(folder: Path) -> list[Path]:
    """List the images below a folder, in the order of their names."""
    return sorted(find_files(folder, SUFFIXES), key=lambda file: file.relative_to(folder).as_posix())


def _archive_members(archive: Path) -> list[str]:
    """List the names of the images in an archive, sorted; a name that occurs twice stands for its last member."""
    with reader_errors(archive, "a zip archive"), zipfile.ZipFile(archive) as members:
        return sorted(name for name in set(members.namelist()) if _is_image_name(name))


def _is_image_name(name: str) -> bool:
    """Return True if a member of an archive is an image by its name; names of folders end with a slash."""
    return not name.endswith("/") and PurePosixPath(name).suffix.lower() in SUFFIXES and not is_hidden(name)


def _read_files(files: Sequence[Path]) -> Iterator[EncodedImage]:
    for file in files:
        with reader_errors(file, "an image"):
            yield str(file), file.read_bytes()


def _read_members(archive: Path, names: Sequence[str]) -> Iterator[EncodedImage]:
    """Read members of an archive, each of them at most ``MAX_FILE_BYTES`` long."""
    with reader_errors(archive, "a zip archive"), zipfile.ZipFile(archive) as members:
        for name in names:
            source = f"{archive}, {printable(name, 200)}"
            size = members.getinfo(name).file_size
            if size > MAX_FILE_BYTES:
                raise InputError(f"{source} has {size:,} bytes unpacked; at most {MAX_FILE_BYTES:,} are read")
            with reader_errors(source, "a member of a zip archive"):
                data = _read_member(members, name)
            yield source, data


def _read_member(members: zipfile.ZipFile, name: str) -> bytes:
    """Unpack a member in small steps: only then does zipfile stop at the stated size, which the member may exceed."""
    with members.open(name) as member:
        return b"".join(iter(partial(member.read, STEP_BYTES), b""))
