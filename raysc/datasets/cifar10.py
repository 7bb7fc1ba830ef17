"""CIFAR-10 from torchvision's files."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.error import URLError

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.cache_folder import absolute, alone
from raysc.datasets.dataset import Labelled
from raysc.datasets.image_rows import cache_folder, check_rows, content, subsets
from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas


@dataclass(frozen=True)
class Cifar10:
    """CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 held-out images, uint8 (3, 32, 32), in ten classes.

    Attributes:
        path: the folder that has, or gets, torchvision's ``cifar-10-batches-py``; None: raysc's cache folder. In no
            key: the images themselves are.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
    """

    path: str | None = None
    rows: PositiveInt | None = None

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "images"
    labelled: ClassVar[bool] = True
    located: ClassVar[tuple[str, ...]] = ("path",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute(self.path))

    @cached_property
    def count(self) -> int:
        return check_rows("cifar10", self.rows, len(self.labelled_train().rows))

    @property
    def event(self) -> tuple[int, ...]:
        return (3, 32, 32)

    @cached_property
    def _content(self) -> str:
        return content(self.labelled_train().rows, self.test())

    def fingerprint(self) -> str:
        return self._content

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, uint8 (1, 50000, 3, 32, 32), or (seeds, rows, 3, 32, 32) if ``rows`` is set."""
        return subsets(self.labelled_train().rows, self.rows, seeds, "cifar10")

    def test(self) -> np.ndarray:
        """Held-out rows, uint8 (10000, 3, 32, 32)."""
        return self.labelled_test().rows

    def labelled_train(self) -> Labelled:
        """All training rows with their classes 0..9."""
        return self._split()[0]

    def labelled_test(self) -> Labelled:
        """The held-out rows with their classes 0..9."""
        return self._split()[1]

    def _split(self) -> tuple[Labelled, Labelled]:
        return _load(str(self.path or cache_folder()))


@cache
def _load(folder: str) -> tuple[Labelled, Labelled]:
    """Training and held-out rows; downloaded if they are not there or not whole.

    Raises:
        InputError: there is no network either.
    """
    declare_missing_schemas()
    from torchvision.datasets import CIFAR10

    halves = []
    for train in (True, False):
        try:
            half = _whole_or_downloaded(folder, train)
        except (URLError, OSError, RuntimeError) as error:
            raise InputError(
                f"cifar10: the files are not, or not whole, in {folder}, and cannot be downloaded ({error}); put "
                f"{CIFAR10.filename} ({CIFAR10.url}) there, or its unpacked folder {CIFAR10.base_folder}, or set "
                "data.path to the folder that has it"
            ) from error
        rows = np.ascontiguousarray(half.data.transpose(0, 3, 1, 2))
        labels = np.asarray(half.targets, np.int64)
        rows.flags.writeable = labels.flags.writeable = False
        halves.append(Labelled(rows, labels))
    return halves[0], halves[1]


def _whole_or_downloaded(folder: str, train: bool) -> Any:
    """What torchvision reads, checksums compared; trials that begin together on a new machine download it once."""
    from torchvision.datasets import CIFAR10

    with suppress(RuntimeError):  # the files are not there, or not whole
        return CIFAR10(folder, train=train)
    with alone(Path(folder) / f"{CIFAR10.filename}.lock"):
        return CIFAR10(folder, train=train, download=True)
