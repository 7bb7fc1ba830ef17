"""CIFAR-10, read and downloaded by torchvision."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.dataset import Kind, LabelledRows
from raysc.datasets.local_files import absolute_path, cache_folder, file_lock
from raysc.datasets.subsets import check_rows, content_digest, reserved_rows, training_rows
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.machine.content_cache import content_cache


@dataclass(frozen=True)
class Cifar10:
    """CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 held-out images, uint8 (3, 32, 32), in ten classes.

    Attributes:
        path: the folder with torchvision's ``cifar-10-batches-py``, downloaded into it if missing; None: raysc's cache
            folder. The path is in no key; the content of the images is.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        reserve: further rows of each seed that are set aside, for regimes that take new real rows.
    """

    path: str | None = None
    rows: PositiveInt | None = None
    reserve: int = 0

    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "images"
    labelled: ClassVar[bool] = True
    location_parameters: ClassVar[tuple[str, ...]] = ("path",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute_path(self.path))

    @cached_property
    def count(self) -> int:
        return check_rows("cifar10", self.rows, len(self.labelled_train().rows), self.reserve)

    @property
    def event(self) -> tuple[int, ...]:
        return (3, 32, 32)

    @cached_property
    def _digest(self) -> str:
        return content_digest(self.labelled_train().rows, self.test())

    def fingerprint(self) -> str:
        return self._digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, uint8 (1, 50000, 3, 32, 32), or (seeds, rows, 3, 32, 32) if ``rows`` is set."""
        return training_rows("cifar10", self.labelled_train().rows, self.rows, seeds)

    def reserved(self, seeds: Sequence[int], first: int, count: int) -> np.ndarray:
        """Return rows of the reserves, uint8 (seeds, count, 3, 32, 32)."""
        return reserved_rows("cifar10", self.labelled_train().rows, self.rows, seeds, first, count)

    def test(self) -> np.ndarray:
        """Return the held-out rows, uint8 (10000, 3, 32, 32)."""
        return self.labelled_test().rows

    def labelled_train(self) -> LabelledRows:
        """Return all training rows with their classes 0..9."""
        return self._split()[0]

    def labelled_test(self) -> LabelledRows:
        """Return the held-out rows with their classes 0..9."""
        return self._split()[1]

    def _split(self) -> tuple[LabelledRows, LabelledRows]:
        return _load(str(self.path or cache_folder()))


@content_cache
def _load(folder: str) -> tuple[LabelledRows, LabelledRows]:
    """Read training and held-out rows; download them if files are missing or damaged.

    Raises:
        InputError: the download failed.
    """
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    splits = []
    for train in (True, False):
        try:
            split = _read_or_download(folder, train)
        except (URLError, OSError, RuntimeError) as error:
            raise InputError(
                f"cifar10: the files in {folder} are missing or damaged, and cannot be downloaded ({error}); put "
                f"{CIFAR10.filename} ({CIFAR10.url}) there, or its unpacked folder {CIFAR10.base_folder}, or set "
                "data.path to the folder that has it"
            ) from error
        rows = np.ascontiguousarray(split.data.transpose(0, 3, 1, 2))
        labels = np.asarray(split.targets, np.int64)
        rows.flags.writeable = labels.flags.writeable = False
        splits.append(LabelledRows(rows, labels))
    return splits[0], splits[1]


def _read_or_download(folder: str, train: bool) -> Any:
    """Return torchvision's data set, checksums verified; one process of a machine downloads, the others wait."""
    from torchvision.datasets import CIFAR10

    with suppress(RuntimeError):  # the files are missing or damaged
        return CIFAR10(folder, train=train)
    with file_lock(Path(folder) / f"{CIFAR10.filename}.lock"):
        return CIFAR10(folder, train=train, download=True)
