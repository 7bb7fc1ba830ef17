"""Values of a crossed design: every seed of a purpose with every seed of the others (``raysc.seeds``).

The model is that of crossed random effects (Searle, Casella and McCulloch 1992, "Variance Components", chapter 4): a
value is mu plus one random effect for each nonempty set E of the purposes that have several seeds, drawn once for each
combination of their seeds, with variance sigma_E^2. The largest set is the remainder. The analysis of variance has one
mean square per effect, and with n_f seeds of purpose f

    E MS_E = sum over F that contain E of sigma_F^2 times the product of n_f over f not in F.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from raysc.seeds import Purpose, are_crossed, split, varied_purposes

Effect = tuple[Purpose, ...]
"""Purposes of one random effect, in order."""


@dataclass(frozen=True)
class MeanSquare:
    """One mean square of the analysis of variance.

    Attributes:
        values: float64 (columns,).
        df: degrees of freedom, the product of n_f - 1 over the effect's purposes.
    """

    values: np.ndarray
    df: int


@dataclass(frozen=True)
class CrossedDesign:
    """A complete crossed design of at least one purpose with several seeds.

    Attributes:
        purposes: the purposes with several seeds.
        sizes: number of seeds of each.
        order: indices that put the seeds into the order of the product, the last purpose fastest, int64 (seeds,).
    """

    purposes: tuple[Purpose, ...]
    sizes: tuple[int, ...]
    order: np.ndarray

    @classmethod
    def of(cls, seeds: Sequence[int]) -> "CrossedDesign | None":
        """Return the design of some seeds; None for plain seeds, and if a combination is missing."""
        purposes = varied_purposes(seeds)
        rows = [tuple(getattr(split(seed), purpose) for purpose in purposes) for seed in seeds]
        sizes = tuple(len(set(column)) for column in zip(*rows, strict=True))
        if not purposes or prod(sizes) != len(set(rows)) or len(rows) != len(set(rows)):
            return None
        return cls(purposes, sizes, np.array(sorted(range(len(rows)), key=rows.__getitem__)))

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All random effects, main effects first."""
        counts = range(1, len(self.purposes) + 1)
        return tuple(effect for count in counts for effect in combinations(self.purposes, count))

    def size(self, effect: Effect) -> int:
        """Return the number of levels of an effect: the product of n_f over its purposes."""
        return prod(n for purpose, n in zip(self.purposes, self.sizes, strict=True) if purpose in effect)

    def mean_squares(self, values: np.ndarray) -> dict[Effect, MeanSquare]:
        """Return the mean square of each effect; 0 where values differ by rounding alone.

        Args:
            values: float64 (seeds, columns), in the order of the seeds of the design.
        """
        grid = values[self.order].reshape(*self.sizes, -1)
        total, rounding = prod(self.sizes), 1e-12 * np.abs(values).max(axis=0)
        squares = {}
        for effect in self.effects:
            deviations, df = grid, 1
            for axis, (purpose, n) in enumerate(zip(self.purposes, self.sizes, strict=True)):
                means = deviations.mean(axis=axis, keepdims=True)
                deviations = deviations - means if purpose in effect else means
                df *= n - 1 if purpose in effect else 1
            deviations = np.where(np.abs(deviations) <= rounding, 0.0, deviations)
            sums = np.square(deviations).reshape(-1, grid.shape[-1]).sum(axis=0)
            squares[effect] = MeanSquare(sums * (total // self.size(effect)) / df, df)
        return squares

    def level_means(self, values: np.ndarray, purpose: Purpose) -> np.ndarray:
        """Return the mean of the values of each seed of a purpose, float64 (n_f, columns)."""
        grid = values[self.order].reshape(*self.sizes, -1)
        axes = tuple(axis for axis, name in enumerate(self.purposes) if name != purpose)
        return np.asarray(grid.mean(axis=axes))


def mean_variance(squares: Mapping[Effect, MeanSquare], total: int) -> np.ndarray:
    """Return the estimated variance of the mean of all values, float64 (columns,).

    It is the sum of sigma_E^2 / (number of levels of E). By inclusion and exclusion its unbiased estimate is the sum
    of (-1)^(|E| + 1) MS_E, over the number of values. It is at least what a single purpose shows, MS_f over that
    number.
    """
    estimate = sum((-1) ** (len(effect) + 1) * square.values for effect, square in squares.items())
    mains = [square.values for effect, square in squares.items() if len(effect) == 1]
    return np.asarray(np.maximum(estimate, np.max(mains, axis=0)) / total)


def replicates(values: np.ndarray, seeds: Sequence[int]) -> np.ndarray | None:
    """Return values that an interval for independent replicates can take in the place of those of a crossed design.

    Values that share a seed of some purpose are not independent, so an interval over all of them is too narrow. The
    replicates are the seeds of the purpose that contributes most to the variance of the mean, each with the mean of
    its values. Their spread is widened so that the standard error is that of ``mean_variance``, with the contributions
    of the other purposes.

    Args:
        values: float64 (seeds, columns), finite.
        seeds: the seed of each row.

    Returns:
        float64 (replicates, columns): the values themselves for plain seeds, and for one purpose with several seeds.
        None if a combination of the seeds is missing.
    """
    if not are_crossed(seeds):
        return values
    design = CrossedDesign.of(seeds)
    if design is None:
        return None if len(seeds) > 1 else values
    if len(design.purposes) == 1:
        return values
    squares, total = design.mean_squares(values), len(seeds)
    variance = mean_variance(squares, total)
    shares = {
        purpose: np.divide(squares[purpose,].values / total, variance, out=np.zeros_like(variance), where=variance > 0)
        for purpose in design.purposes
    }
    main = max(design.purposes, key=lambda purpose: float(shares[purpose].sum()))
    means = design.level_means(values, main)
    centre = means.mean(axis=0)
    widening = np.sqrt(np.divide(1.0, shares[main], out=np.ones_like(variance), where=shares[main] > 0))
    return np.asarray(centre + (means - centre) * widening)
