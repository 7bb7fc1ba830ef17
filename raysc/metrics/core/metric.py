"""The contract of a metric: four protocols, the columns that they declare, and the arguments of ``measure``.

A metric is one dataclass in one file. Its fields are its parameters in a sweep file. ``Metric`` compares features of
generated and real rows; ``ModelMetric`` evaluates the fitted models of closed-form families and language models;
``AcrossMetric`` compares the models of one cell, ``ForkMetric`` a loop with its fork.
Plug-ins import these names from ``raysc.plugins``.

Example, the share of generated rows with a negative first coordinate::

    @dataclass(frozen=True)
    class NegativeShare:
        version: ClassVar[int] = 1
        features: ClassVar[str] = "values"
        min_rows: ClassVar[int] = 1
        columns: ClassVar[tuple[Column, ...]] = (Column("negative_share", "lower", "linear", "test"),)

        def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
            return {"negative_share": np.array([np.mean(rows.array[:, 0] < 0) for rows in sets.generated])}

A sweep file names it ``my_metrics:NegativeShare``. ``raysc.testing.MetricTests`` tests it.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

T = TypeVar("T")

Features = Literal["classifier", "inception", "pixels", "coordinates", "tokens"]
"""Names of the feature extractors."""

Better = Literal["lower", "higher", "near"]
"""Direction in which a column improves: "near" towards a target."""

Scale = Literal["log", "linear"]
"""Scale of damage: a ratio or a difference."""

SHARE = (0.0, 1.0)
"""Bounds of a column whose values are shares or probabilities."""

Aspect = Literal["risk", "variance", "modes", "tails", "invention"]
"""Properties of a model that definitions of collapse are about: its error on the true distribution, its spread, the
modes that it keeps, the tails that it keeps, and the rows outside the support of the truth that it invents."""

Reference = Literal["test", "train"]
"""Real rows that a column compares with: held-out rows or training rows."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Feature vectors of one set of rows, with a cache of values computed from them.

    The vectors of real rows live as long as the rows. So their covariance or their neighbour radii are computed once,
    not once per generation.

    Attributes:
        array: float64 (rows, dim); for text the tokens, int32 (rows, length).
    """

    array: np.ndarray
    _cache: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the value under ``key``; compute it at the first call.

        Args:
            key: the function that computes the value, in a tuple with its arguments if it has any.
            compute: computes the value.
        """
        if key not in self._cache:
            self._cache[key] = compute()
        value: T = self._cache[key]
        return value

    @cached_property
    def finite(self) -> bool:
        """True if all numbers are finite and small enough for their squares to be finite."""
        return isfinite(np.vdot(self.array, self.array))


@dataclass(frozen=True)
class FeatureSets:
    """Features of the generated, training and held-out rows of a pack of seeds at one generation.

    Attributes:
        generated: per seed the m generated rows, float64 (m, dim).
        train: per seed its n real training rows, float64 (n, dim); seeds with the same rows share one object.
        test: real held-out rows, float64 (rows, dim).
        data: the data set, for metrics with ``data_requirements``.
    """

    generated: tuple[Vectors, ...]
    train: tuple[Vectors, ...]
    test: Vectors
    data: Any = None


@dataclass(frozen=True)
class Column:
    """One number per seed and generation that a metric gives.

    Attributes:
        name: name in the table. The first column of a metric bears the metric's name, with the settings that differ
            from the default in brackets: ``precision[pixels,k=5]``.
        better: direction in which the value improves; "near": towards the target.
        scale: "log" if damage is a ratio of two values, "linear" if it is a difference. Means over seeds are geometric
            on a log scale, arithmetic on a linear one.
        reference: the real rows that the generated rows are compared with. It determines the floor, the value of real
            rows: for "test" training rows take the place of the generated rows, for "train" held-out rows do, for
            "none" there is no floor. "test" also serves metrics that compare with the distribution (modes_covered) or
            with no rows (feature_variance).
        unit: unit of the values, for axes and headings; "" if dimensionless.
        collapse_threshold: a model with this value or a worse one counts as collapsed; None: no such value.
        target: the best value of a column with better "near", or a function of the data set that returns it.
        bounds: least and greatest possible value; no interval of a mean exceeds them. None: none are known.
        aspect: the property that the column measures, for the collapse profile; None: none of them. A risk is an error,
            with better "lower"; a variance is above 0 and grows with the spread.
    """

    name: str
    better: Better
    scale: Scale
    reference: Literal["test", "train", "none"]
    unit: str = ""
    collapse_threshold: float | None = None
    target: float | Callable[[Any], float] | None = None
    bounds: tuple[float, float] | None = None
    aspect: Aspect | None = None

    def __post_init__(self) -> None:
        if (self.better == "near") != (self.target is not None):
            raise ValueError(f"column {self.name}: better near and a target go together")

    @property
    def geometric(self) -> bool:
        """True if means over seeds are geometric: all tables, figures and the report follow this."""
        return self.scale == "log"

    @property
    def difference_bounds(self) -> tuple[float, float] | None:
        """Least and greatest possible difference of two values; None: none are known."""
        return None if self.bounds is None else (self.bounds[0] - self.bounds[1], self.bounds[1] - self.bounds[0])

    @property
    def excess_bounds(self) -> tuple[float, float] | None:
        """Least and greatest possible excess, a difference on a linear scale; None: none are known."""
        return self.difference_bounds if self.scale == "linear" else None

    @property
    def direction(self) -> str:
        """Return ``lower is better``, ``closer to 1 is better``, ... for axes and headings."""
        if self.better != "near":
            return f"{self.better} is better"
        return f"closer to {'the truth' if callable(self.target) else f'{self.target:g}'} is better"

    def target_of(self, data: Any) -> float:
        """Return the target on a data set; NaN for a column without one."""
        if self.target is None:
            return float("nan")
        return float(self.target(data) if callable(self.target) else self.target)


@dataclass(frozen=True, eq=False)
class FittedModels:
    """The fitted models of a pack of seeds at one generation.

    Attributes:
        family: the model family, with the methods in ``model_requirements``: ``moments``, ``log_prob``, ...
        state: the fitted models of all seeds, as the family's ``fit`` returned them.
        data: the data set, with the methods in ``data_requirements``.
        test: real held-out rows, float64 (rows, dim); for text the tokens, int32 (rows, length).
        rows: the generated rows, (seeds, m, *event); None if the family draws rows on demand only.
    """

    family: Any
    state: Any
    data: Any
    test: np.ndarray
    rows: np.ndarray | None = None


class Metric(Protocol):
    """A metric of the rows of one generation.

    A dataclass whose fields are the metric's parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: the extractor whose features are compared. "classifier", "inception" or "pixels" for images,
            "coordinates" for points, "tokens" for text; "values": pixels, coordinates or tokens, by the kind of data;
            None: the data's default (classifier, coordinates, tokens).
        min_rows: minimum number of rows in each of the three sets.
    """

    version: ClassVar[int]

    @property
    def features(self) -> str | None: ...

    @property
    def min_rows(self) -> int: ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns; excess and claims use the first."""
        ...

    def measure(self, sets: FeatureSets) -> Mapping[str, np.ndarray]:
        """Compute the columns of one generation.

        The value of a seed depends on this seed's rows alone.

        Returns:
            Column name -> float64 (seeds,); NaN where a seed's rows are not finite. An extra ``<column>_rows`` states
            the number of rows where it is too small for the estimate.
        """
        ...


@runtime_checkable
class SupportsDataRequirements(Protocol):
    """A metric that needs methods of the data set beyond the ``DataSet`` protocol.

    Attributes:
        data_requirements: names of these methods, such as "modes"; see ``raysc.datasets.dataset``.
    """

    data_requirements: ClassVar[tuple[str, ...]]


@runtime_checkable
class ModelMetric(Protocol):
    """A metric of the fitted models of one generation.

    A dataclass whose fields are the metric's parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: "values": no extractor runs.
        min_rows: 1.
        model_requirements: names of the methods that the family must have, such as "log_prob".
        data_requirements: names of the methods that the data set must have, such as "moments".
    """

    version: ClassVar[int]
    features: ClassVar[str]
    min_rows: ClassVar[int]
    model_requirements: ClassVar[tuple[str, ...]]
    data_requirements: ClassVar[tuple[str, ...]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, with reference "none": there is no real model for a floor."""
        ...

    def measure(self, models: FittedModels) -> Mapping[str, np.ndarray]:
        """Compute the columns of one generation.

        Returns:
            Column name -> float64 (seeds,); NaN where a seed's model is not finite.
        """
        ...


@runtime_checkable
class AcrossMetric(Protocol):
    """A metric that compares the models of one cell (``models`` in a sweep file) at one generation.

    A dataclass whose fields are the metric's parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: "values": no extractor runs.
        min_rows: minimum number of rows of a model.
        across_models: True.
    """

    version: ClassVar[int]
    features: ClassVar[str]
    min_rows: ClassVar[int]
    across_models: ClassVar[bool]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, with reference "none": there are no real models for a floor."""
        ...

    def measure(self, rows: np.ndarray) -> Mapping[str, np.ndarray]:
        """Compute the columns of one generation from the rows of all models, float64 (models, seeds, rows, dim).

        Returns:
            Column name -> float64 (seeds,), the same for all models; NaN where rows of a model are not finite.
        """
        ...


@runtime_checkable
class ForkMetric(Protocol):
    """A metric that compares a loop with its fork at one generation.

    A fork is the same loop with the same random numbers from another generation 0 (``raysc.execution.forks``). A
    dataclass whose fields are the metric's parameters.

    Attributes:
        version: part of every metric key; raise it when values change.
        features: "values": no extractor runs.
        min_rows: minimum number of rows of a generation.
        compares_forks: True.
    """

    version: ClassVar[int]
    features: ClassVar[str]
    min_rows: ClassVar[int]
    compares_forks: ClassVar[bool]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, with reference "none"."""
        ...

    def measure(self, parameters: np.ndarray, rows: np.ndarray) -> Mapping[str, np.ndarray]:
        """Compute the columns of one generation, for the models of a cell together.

        Args:
            parameters: of all models of the loop and of its fork, float64 (2, seeds, parameters).
            rows: of the loop and of its fork, float64 (2, models, seeds, rows, dim).

        Returns:
            Column name -> float64 (seeds,); NaN where parameters or rows of a model are not finite.
        """
        ...
