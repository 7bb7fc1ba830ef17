"""The contract of a data set: one protocol that every data set has, and protocols of optional capabilities.

A data set is one dataclass in one file. Its fields are its parameters in a sweep file. The capabilities are methods
that some families, regimes or metrics need; a data set has a capability by having its methods. Plug-ins import these
names from ``raysc.plugins``.

Example, uniform rows in the unit square::

    @dataclass(frozen=True)
    class Square:
        rows: int = 100

        version: ClassVar[int] = 1
        kind: ClassVar[Kind] = "points"
        labelled: ClassVar[bool] = False
        event: ClassVar[tuple[int, ...]] = (2,)

        @property
        def count(self) -> int:
            return self.rows

        def fingerprint(self) -> str:
            return ""

        def train(self, seeds: Sequence[int]) -> np.ndarray:
            return Streams(tuple(seeds), 0).uniform((self.rows, 2), "data", "train")

        def test(self) -> np.ndarray:
            return Streams((0,), 0).uniform((1000, 2), "data", "test")[0]

A sweep file names it ``my_data:Square``. ``raysc.testing.DataSetTests`` tests it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from raysc.pool.tokens import Tokenizer

Kind = Literal["images", "points", "text"]
"""Kinds of data; ``DataSet`` states their dtypes and shapes."""


class DataSet(Protocol):
    """Real rows: a finite set of which seeds share all or draw subsets, or a distribution from which each seed draws.

    A dataclass whose fields are the parameters of the data: ``dim``, ``rows``, ``noise``, ... Its constructor is cheap
    and checks the parameters (InputError); rows are computed when a method needs them. It can be pickled.

    Attributes:
        version: part of every lineage key; raise it when the rows change.
        kind: "images" are uint8 (channels, height, width), 0..255; "points" are float32, float64 or int32 (dim,);
            "text" is int32 (length,), tokens as in ``raysc.pool.tokens``, and needs ``SupportsTokens``.
        labelled: True if the rows have classes, with ``SupportsLabels``; a feature classifier can be trained on them.

    Data from files may have an attribute ``location_parameters``, a tuple of the parameters that locate the files.
    These are in no key: the fingerprint states the content.
    """

    version: ClassVar[int]
    kind: ClassVar[Kind]
    labelled: ClassVar[bool]

    @property
    def count(self) -> int:
        """n, the number of training rows per seed."""
        ...

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one row."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of the content for data from files, "" for data that name, parameters and version determine."""
        ...

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows of generation 0.

        Args:
            seeds: the replicates; the rows of a seed do not depend on the other seeds.

        Returns:
            (1, n, *event) if all seeds share their rows, else (seeds, n, *event). Fewer rows of a seed are a prefix of
            more rows.
        """
        ...

    def test(self) -> np.ndarray:
        """Return the held-out rows, (rows, *event): the same for all seeds, never among the training rows."""
        ...


@runtime_checkable
class SupportsFingerprint(Protocol):
    """A component whose content depends on files; their content is part of the keys, their location is not."""

    def fingerprint(self) -> str:
        """Return a hash of the content, or "" without files."""
        ...


@runtime_checkable
class SupportsFreshRows(Protocol):
    """A data set that is a distribution: it draws any number of new rows."""

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """Draw new real rows for one generation, (seeds, count, *event), independent of all other rows."""
        ...


@runtime_checkable
class SupportsReserve(Protocol):
    """A finite data set that can set rows aside for each seed: new real rows for the generations of a loop."""

    @property
    def reserve(self) -> int:
        """Number of rows per seed that are set aside; 0: none."""
        ...

    def reserved(self, seeds: Sequence[int], first: int, count: int) -> np.ndarray:
        """Return rows ``first`` to ``first + count`` of each seed's reserve, (seeds, count, *event).

        None of them is among the seed's training rows.
        """
        ...


@runtime_checkable
class SupportsTokens(Protocol):
    """A data set of text, in rows as in ``raysc.pool.tokens``."""

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one row, (length,)."""
        ...

    @property
    def tokens(self) -> Tokenizer:
        """The tokenizer that encodes and decodes the rows."""
        ...

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, int32 (1 or seeds, n, length)."""
        ...


@runtime_checkable
class SupportsMoments(Protocol):
    """A distribution with known mean and covariance, the truth that fitted models are compared with."""

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mu_0 (dim,) and Sigma_0 (dim, dim), float64, noise included."""
        ...


@runtime_checkable
class SupportsModes(Protocol):
    """A distribution of points that is a mixture of equally likely isotropic normals."""

    def modes(self) -> tuple[np.ndarray, float]:
        """Return the centres, float64 (modes, dim), and the standard deviation per coordinate."""
        ...


@runtime_checkable
class SupportsTarget(Protocol):
    """A regression: rows (x, y), y last, with y = target(x) + normal noise."""

    @property
    def noise(self) -> float:
        """Standard deviation of the noise in y."""
        ...

    def target(self, x: np.ndarray) -> np.ndarray:
        """Return y without noise, float64 (...), at x (..., dim)."""
        ...


@runtime_checkable
class SupportsProbabilities(Protocol):
    """A discrete distribution: rows are outcomes, integers from 0 on, of shape (1,)."""

    def probabilities(self) -> np.ndarray:
        """Return the true probabilities, float64 (outcomes,)."""
        ...


@runtime_checkable
class SupportsCodes(Protocol):
    """A table some of whose columns hold codes of categories, numbers without order or distance."""

    def coded_columns(self) -> tuple[str, ...]:
        """Return the names of these columns; none: all columns hold numbers."""
        ...


@dataclass(frozen=True)
class LabelledRows:
    """Rows with classes, for training a feature classifier.

    Attributes:
        rows: (rows, *event).
        labels: int64 (rows,), 0..classes-1.
    """

    rows: np.ndarray
    labels: np.ndarray


@runtime_checkable
class SupportsLabels(Protocol):
    """A data set whose rows have classes."""

    def labelled_train(self) -> LabelledRows:
        """Return all training rows with their classes, independent of the parameter ``rows``."""
        ...

    def labelled_test(self) -> LabelledRows:
        """Return the held-out rows with their classes."""
        ...
