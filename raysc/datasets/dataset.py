"""What a data set is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from raysc.pool.tokens import Tokenizer


class DataSet(Protocol):
    """Real rows: a finite set that all seeds share, or a distribution from which each seed draws its own.

    A dataclass whose fields are the data's parameters (``dim``, ``rows``, ``noise``, ...). Building one is cheap;
    rows are made when asked for.

    Attributes:
        version: part of every lineage key; raise it when the rows change.
        kind: "images" are uint8 (channels, height, width); "points" are float (dim,); "text" is tokens, int32
            (length,), and such a data set has a tokenizer: see ``TextDataSet``.
        labelled: whether ``labels`` has classes, from which a feature classifier can be trained.

    Data from files may have ``located``, a tuple of those parameters that say where these lie: what they hold is in the
    fingerprint, and so the parameters are in no key.
    """

    version: ClassVar[int]
    kind: ClassVar[Literal["images", "points", "text"]]
    labelled: ClassVar[bool]

    @property
    def count(self) -> int:
        """n, the number of training rows a seed has."""
        ...

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one row."""
        ...

    def fingerprint(self) -> str:
        """What tells the rows apart beyond name, parameters and version: a hash of the content for files, else ""."""
        ...

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows: (1, n, *event) if all seeds share them, else (seeds, n, *event), each seed's own."""
        ...

    def test(self) -> np.ndarray:
        """Held-out rows, (rows, *event), the same for all seeds, never among any seed's training rows."""
        ...


@runtime_checkable
class Fingerprinted(Protocol):
    """What depends on files: their content counts, wherever they lie."""

    def fingerprint(self) -> str:
        """A hash of the content, or "" where there are no files."""
        ...


@runtime_checkable
class Distribution(Protocol):
    """A data set that can give new rows without end."""

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New real rows for one generation, (seeds, count, *event), independent of all others."""
        ...


@runtime_checkable
class TextDataSet(Protocol):
    """Rows of text, as ``raysc.pool.tokens`` lays them out."""

    @property
    def event(self) -> tuple[int, ...]:
        """(length,)."""
        ...

    @property
    def tokens(self) -> Tokenizer:
        """What gives and reads the rows."""
        ...

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, int32 (1 or seeds, n, length)."""
        ...


@runtime_checkable
class KnownMoments(Protocol):
    """A distribution whose mean and covariance are known: the truth that fitted models are compared with."""

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """mu_0 (dim,) and Sigma_0 (dim, dim), float64, noise included."""
        ...


@runtime_checkable
class WithTarget(Protocol):
    """Rows (x, y), y last: a function of x, with normal noise."""

    @property
    def noise(self) -> float:
        """Standard deviation of the noise in y."""
        ...

    def target(self, x: np.ndarray) -> np.ndarray:
        """What y is without noise, float64 (...), at x (..., dim)."""
        ...


@runtime_checkable
class WithOutcomes(Protocol):
    """Rows that are outcomes, whole numbers from 0 on, (1,)."""

    def probabilities(self) -> np.ndarray:
        """The true ones, float64 (outcomes,)."""
        ...


@dataclass(frozen=True)
class Labelled:
    """Rows with classes, for training a feature classifier.

    Attributes:
        rows: (rows, *event).
        labels: int64 (rows,), 0..classes-1.
    """

    rows: np.ndarray
    labels: np.ndarray


@runtime_checkable
class LabelledDataSet(Protocol):
    """A data set whose rows have classes."""

    def labelled_train(self) -> Labelled:
        """The full training rows (whatever ``rows`` says) with their classes."""
        ...

    def labelled_test(self) -> Labelled:
        """The held-out rows with their classes."""
        ...
