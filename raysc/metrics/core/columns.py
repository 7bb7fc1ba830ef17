"""Columns that metrics share: their names, and their values per seed from a function of one seed's sets."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from raysc.metrics.core.metric import Aspect, Better, Column, FeatureSets, Scale, Vectors

PairFunction = Callable[[Vectors, Vectors], float]
"""The metric of one seed, a function of (generated, real)."""

SetFunction = Callable[[Vectors], float]
"""The metric of one seed, a function of its generated rows alone."""


def column_name(name: str, *settings: str | None) -> str:
    """Return the metric's name with the settings that differ from the default: ``precision[pixels,k=5]``.

    Args:
        name: the metric's name.
        *settings: from ``features_setting`` and ``number_setting``; None is left out.
    """
    changed = [setting for setting in settings if setting is not None]
    return f"{name}[{','.join(changed)}]" if changed else name


def features_setting(features: str | None) -> str | None:
    """Return the extractor's name where it is not the default of its kind of data, else None."""
    return features if features in ("pixels", "inception") else None


def number_setting(name: str, value: int, default: int) -> str | None:
    """Return ``name=value``, or None for the default."""
    return None if value == default else f"{name}={value}"


@dataclass(frozen=True)
class PairColumns:
    """The two columns of a metric of (generated, real) pairs.

    Column ``<name>`` compares the generated rows with the held-out rows, column ``<name>_train`` with the rows that the
    seed trains on.

    Attributes:
        name: the metric's name.
        better: direction in which the values improve.
        scale: scale of damage.
        unit: unit of the values.
        bounds: least and greatest possible value; see ``Column``.
        aspect: the property that the columns measure; see ``Column``.
    """

    name: str
    better: Better
    scale: Scale
    unit: str = ""
    bounds: tuple[float, float] | None = None
    aspect: Aspect | None = None

    def columns(self, *settings: str | None) -> tuple[Column, Column]:
        """Return both columns for a metric with these settings; see ``column_name``."""
        name = column_name(self.name, *settings)
        return (
            Column(name, self.better, self.scale, "test", self.unit, bounds=self.bounds, aspect=self.aspect),
            Column(
                f"{name}_train", self.better, self.scale, "train", self.unit, bounds=self.bounds, aspect=self.aspect
            ),
        )

    def values(self, sets: FeatureSets, function: PairFunction, *settings: str | None) -> dict[str, np.ndarray]:
        """Return column name -> float64 (seeds,) for a metric with these settings."""
        test, train = self.columns(*settings)
        return {
            test.name: values_against_test(function, sets),
            train.name: values_against_train(function, sets),
        }


def values_against_test(function: PairFunction, sets: FeatureSets) -> np.ndarray:
    """Return ``function`` of each seed's generated rows and the held-out rows, float64 (seeds,)."""
    return _values(function, ((generated, sets.test) for generated in sets.generated))


def values_against_train(function: PairFunction, sets: FeatureSets) -> np.ndarray:
    """Return ``function`` of each seed's generated rows and its training rows, float64 (seeds,)."""
    return _values(function, zip(sets.generated, sets.train, strict=True))


def values_of_generated(function: SetFunction, sets: FeatureSets) -> np.ndarray:
    """Return ``function`` of each seed's generated rows, float64 (seeds,)."""
    return _values(function, ((generated,) for generated in sets.generated))


def _values(function: Callable[..., float], arguments: Iterable[tuple[Vectors, ...]]) -> np.ndarray:
    """Return the value of each tuple of sets, float64 (seeds,); NaN where a set or the value is not finite."""
    values = np.array([function(*sets) if all(rows.finite for rows in sets) else np.nan for sets in arguments])
    return np.where(np.isfinite(values), values, np.nan)
