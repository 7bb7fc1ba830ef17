"""Components of the variance of a complete crossed design, by the analysis of variance.

The estimate of sigma_E^2 is the method of moments: with the mean squares of ``crossed``, for balanced designs,

    sigma_E^2 = sum over F that contain E of (-1)^(|F| - |E|) MS_F / product of n_f over f not in E.

It is unbiased, and the best quadratic unbiased estimate whatever the effects' distribution (Graybill and Hultquist
1961). A negative estimate is reported as 0, with its interval.

The interval is the modified large sample interval of Ting, Burdick, Graybill, Jeyaratnam and Lu 1990, "Confidence
intervals on linear combinations of variance components that are unrestricted in sign" (formulas recalled; coverage is
measured in ``benchmarks/variance_components.py``). It is exact for a single mean square. It assumes normal effects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from scipy import special

from raysc.results.statistics.crossed import CrossedDesign, Effect, MeanSquare
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL

TOTAL: Effect = ()
"""Stands for the sum of all components: the variance of one value."""


@dataclass(frozen=True)
class Component:
    """One component of the variance, or the sum of all.

    Attributes:
        effect: its purposes; ``TOTAL`` for the sum.
        levels: number of combinations of their seeds; of the sum, the number of values.
        variance: the estimate, at least 0.
        low: lower limit of its interval, at least 0.
        high: upper limit, at least 0.
    """

    effect: Effect
    levels: int
    variance: float
    low: float
    high: float


def variance_components(
    design: CrossedDesign, values: np.ndarray, level: float = CONFIDENCE_LEVEL
) -> tuple[Component, ...]:
    """Return the components of the variance, main effects first, and their sum at the end.

    Args:
        design: of the values.
        values: float64 (seeds,), finite, in the order of the design's seeds.
        level: confidence level of each interval.
    """
    squares = design.mean_squares(values[:, None])
    effects = design.effects
    requests: list[tuple[Effect, Sequence[Effect]]] = [*((effect, [effect]) for effect in effects), (TOTAL, effects)]
    return tuple(
        _component(effect, design, squares, coefficients(design, summed), level) for effect, summed in requests
    )


def summed_component(
    design: CrossedDesign, values: np.ndarray, effects: Sequence[Effect], level: float = CONFIDENCE_LEVEL
) -> Component:
    """Return the sum of some components, such as all that contain a purpose; arguments as for ``variance_components``.

    Its ``effect`` is ``TOTAL``.
    """
    return _component(TOTAL, design, design.mean_squares(values[:, None]), coefficients(design, effects), level)


def levels(design: CrossedDesign, effect: Effect) -> int:
    """Return the number of combinations of the seeds of an effect's purposes; of ``TOTAL``, the number of values."""
    return prod(design.sizes) if effect == TOTAL else design.size(effect)


def coefficients(design: CrossedDesign, effects: Sequence[Effect]) -> dict[Effect, float]:
    """Return the weights of the mean squares in the estimate of the sum of some components."""
    total = prod(design.sizes)
    weights = dict.fromkeys(design.effects, 0.0)
    for effect in effects:
        for larger in design.effects:
            if set(effect) <= set(larger):
                weights[larger] += (-1) ** (len(larger) - len(effect)) * design.size(effect) / total
    return weights


def _component(
    effect: Effect,
    design: CrossedDesign,
    squares: Mapping[Effect, MeanSquare],
    weights: Mapping[Effect, float],
    level: float,
) -> Component:
    terms = np.array([weights[name] * squares[name].values[0] for name in design.effects])
    dfs = np.array([squares[name].df for name in design.effects], float)
    low, high = modified_large_sample(terms, dfs, level)
    return Component(effect, levels(design, effect), max(float(terms.sum()), 0.0), max(low, 0.0), max(high, 0.0))


def modified_large_sample(terms: np.ndarray, dfs: np.ndarray, level: float) -> tuple[float, float]:
    """Return the interval of a sum of independent mean squares times weights of either sign.

    Args:
        terms: weight times mean square, float64 (terms,); those of weight 0 are left out.
        dfs: degrees of freedom of each mean square, float64 (terms,).
        level: confidence level; each limit is missed with probability (1 - level) / 2.
    """
    alpha = (1 - level) / 2
    positive, negative = ([(float(t), float(n)) for t, n in zip(s * terms, dfs, strict=True) if t > 0] for s in (1, -1))
    low = terms.sum() - np.sqrt(max(_squared_distance(positive, negative, alpha), 0.0))
    # The upper limit of a sum is minus the lower limit of its negative.
    high = terms.sum() + np.sqrt(max(_squared_distance(negative, positive, alpha), 0.0))
    return float(low), float(high)


Terms = Sequence[tuple[float, float]]
"""Absolute values of terms with their degrees of freedom."""


def _squared_distance(positive: Terms, negative: Terms, alpha: float) -> float:
    """Return the squared distance of the lower limit from the estimate: V_L of Ting et al. 1990."""
    square = sum((_g(n, alpha) * term) ** 2 for term, n in positive)
    square += sum((_h(n, alpha) * term) ** 2 for term, n in negative)
    for term, n in positive:
        for other, m in negative:
            f = float(special.fdtri(n, m, 1 - alpha))
            mixed = ((f - 1) ** 2 - (_g(n, alpha) * f) ** 2 - _h(m, alpha) ** 2) / f
            square += mixed * term * other
    for (term, n), (other, m) in combinations(positive, 2):
        both = (1 - (n + m) / float(special.chdtri(n + m, alpha))) ** 2 * (n + m) ** 2 / (n * m)
        both -= _g(n, alpha) ** 2 * n / m + _g(m, alpha) ** 2 * m / n
        square += both / (len(positive) - 1) * term * other
    return square


def _g(df: float, alpha: float) -> float:
    """Return 1 - 1 / F, F the upper alpha quantile of F(df, infinity)."""
    return 1 - df / float(special.chdtri(df, alpha))


def _h(df: float, alpha: float) -> float:
    """Return 1 / F - 1, F the lower alpha quantile of F(df, infinity)."""
    return df / float(special.chdtri(df, 1 - alpha)) - 1
