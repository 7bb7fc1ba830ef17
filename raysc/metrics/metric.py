"""What a metric is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np


@dataclass(frozen=True)
class Compared:
    """What a metric looks at: feature vectors of generated and real rows (plain values for pixels and coordinates).

    Attributes:
        generated: float64 (seeds, m, dim).
        train: float64 (seeds or 1, n, dim), the real rows that the seeds train on.
        test: float64 (rows, dim), held-out real rows.
    """

    generated: np.ndarray
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Column:
    """One number that a metric gives per seed.

    Attributes:
        name: as in the table: the metric's name, then what it is measured against.
        better: which direction is better.
        scale: "log" if damage is a ratio, "linear" if it is a difference.
        against: the real rows it compares with; its floor, real against real, puts other real rows in the place of
            the generated ones. "neither": it compares with no real rows, or has no floor.
        unit: for axes and headings; "" if it has none.
    """

    name: str
    better: Literal["lower", "higher"]
    scale: Literal["log", "linear"]
    against: Literal["test", "train", "neither"]
    unit: str = ""


class Metric(Protocol):
    """Numbers per seed from the rows of one generation. A dataclass whose fields are its parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: the extractor whose features it compares: "classifier" | "pixels" for images, "coordinates" for
            points, or None for the data's default (classifier, coordinates).
    """

    version: ClassVar[int]

    @property
    def features(self) -> str | None: ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns it gives; the first is the one that excess and claims use."""
        ...

    def measure(self, compared: Compared) -> Mapping[str, np.ndarray]:
        """Column name -> float64 (seeds,); NaN where a seed has no finite rows."""
        ...
