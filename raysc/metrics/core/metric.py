"""What a metric is, and what it looks at."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

T = TypeVar("T")

Features = Literal["classifier", "inception", "pixels", "coordinates", "tokens"]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Feature vectors of one set of rows, with what metrics derived from them.

    Those of real rows live as long as the rows, so that their covariance or neighbour radii are computed once and
    not again for every generation.

    Attributes:
        array: float64 (rows, dim); of text the tokens, int32.
    """

    array: np.ndarray
    _derived: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, key: Hashable, derive: Callable[[], T]) -> T:
        """What ``derive()`` gave when it was first called under this key: a function, with its arguments if any."""
        if key not in self._derived:
            self._derived[key] = derive()
        value: T = self._derived[key]
        return value

    @cached_property
    def finite(self) -> bool:
        """Whether rows can be compared: all numbers, and none so large that its square overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.isfinite(np.square(self.array).sum()))


@dataclass(frozen=True)
class Compared:
    """What a metric looks at: features of generated and real rows (plain values for pixels and coordinates).

    Attributes:
        generated: one per seed, float64 (m, dim).
        train: one per seed, float64 (n, dim): the real rows that the seed trains on. Seeds that share their rows
            share one object.
        test: float64 (rows, dim), held-out real rows.
        data: the data set; has what the metric asks of it.
    """

    generated: tuple[Vectors, ...]
    train: tuple[Vectors, ...]
    test: Vectors
    data: Any = None


@dataclass(frozen=True)
class Column:
    """One number that a metric gives per seed.

    Attributes:
        name: as in the table: the metric's name, then what it is measured against.
        better: which direction is better.
        scale: "log" if damage is a ratio, "linear" if it is a difference.
        against: the real rows it compares with, "test" too where it is the distribution that they come from; its
            floor, real against real, puts other real rows in the place of the generated ones. "neither": it has none.
        unit: for axes and headings; "" if it has none.
        collapsed: a model whose value is this bad or worse has collapsed; None: the column does not tell.
    """

    name: str
    better: Literal["lower", "higher"]
    scale: Literal["log", "linear"]
    against: Literal["test", "train", "neither"]
    unit: str = ""
    collapsed: float | None = None


@dataclass(frozen=True, eq=False)
class Modelled:
    """What a metric of models looks at: the models of one generation, and what they are models of.

    Attributes:
        family: has what the metric asks of it, such as ``moments`` or ``log_prob``.
        state: the models of all seeds, as the family made them.
        data: the data set; has what the metric asks of it.
        test: held-out rows, float64 (rows, dim); of text the tokens, int32.
    """

    family: Any
    state: Any
    data: Any
    test: np.ndarray


class Metric(Protocol):
    """Numbers per seed from the rows of one generation. A dataclass whose fields are its parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: the extractor whose features it compares: "classifier", "inception" or "pixels" for images,
            "coordinates" for points, "tokens" for text; "values": pixels, coordinates or tokens, whichever the data
            have; None: the data's default (classifier, coordinates, tokens).
        least_rows: how many rows each set that it compares must have.
    """

    version: ClassVar[int]

    @property
    def features(self) -> str | None: ...

    @property
    def least_rows(self) -> int: ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns it gives; the first is the one that excess and claims use."""
        ...

    def measure(self, compared: Compared) -> Mapping[str, np.ndarray]:
        """Column name -> float64 (seeds,); NaN where a seed has no finite rows.

        ``<column>_rows`` beside a column says from how few rows it is, where these are too few for what it estimates.
        """
        ...


@runtime_checkable
class AsksData(Protocol):
    """A metric that only some data sets can have.

    Attributes:
        asks_data: names of the methods that the data set must have.
    """

    asks_data: ClassVar[tuple[str, ...]]


@runtime_checkable
class ModelMetric(Protocol):
    """Numbers per seed from the fitted models of one generation, of families that offer what it asks.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: "values", though none are looked at: such a metric needs no extractor.
        least_rows: 1.
        asks: names of the methods that the family must have.
        asks_data: names of the methods that the data set must have.
    """

    version: ClassVar[int]
    features: ClassVar[str]
    least_rows: ClassVar[int]
    asks: ClassVar[tuple[str, ...]]
    asks_data: ClassVar[tuple[str, ...]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """As of every metric, against "neither": there is no real model to take the fitted one's place."""
        ...

    def measure(self, modelled: Modelled) -> Mapping[str, np.ndarray]:
        """Column name -> float64 (seeds,); NaN where a seed's model is not finite."""
        ...
