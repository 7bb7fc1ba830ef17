"""Growth of a curve: without bound, like log t or like t, or levelling off."""

from dataclasses import dataclass

import numpy as np

from raysc.results.claims.verdicts import Verdict, above
from raysc.results.profile.estimates import judged_mean

MIN_GENERATIONS = 4
"""Least number of measured generations from 1 on."""


@dataclass(frozen=True)
class Growth:
    """The growth of a curve, from all seeds.

    Attributes:
        verdict: the curve rises without bound, as far as the measured generations show.
        slopes: rise per generation over the last half of the generations, float64 (seeds,).
        shape: "like t", "like log t" or "faster than t" of a rise without bound, "levels off" or "recedes" of another;
            "" if undecided or below 0.
    """

    verdict: Verdict
    slopes: np.ndarray
    shape: str


def growth(curve: np.ndarray, generations: np.ndarray) -> Growth | None:
    """Judge the growth of a curve.

    It rises without bound if, in the mean over seeds, its value at the end is above 0, its slope over the last half of
    the generations is above 0, and its growth is not slower than that of log t. A curve a log(1 + t) has the same slope
    over log(1 + t) in the last half as the line through 0 has over all generations; a curve that levels off has a
    smaller one. Each of the three is linear in the values, so it has the interval of a mean. The curve does not rise
    without bound if one of them is below 0.

    Args:
        curve: rise above the baseline, float64 (seeds, generations), at least two seeds. Infinite at the end: the seed
            has risen without bound. NaN: unknown.
        generations: int (generations,), ascending.

    Returns:
        None with fewer than ``MIN_GENERATIONS`` generations from 1 on.
    """
    if (generations >= 1).sum() < MIN_GENERATIONS:
        return None
    with np.errstate(invalid="ignore"):
        from_start = curve - curve[:, :1] if generations[0] == 0 else curve
    slopes = _per_seed(from_start, late_weights(generations.astype(float)))
    conditions = (curve[:, -1], slopes, _per_seed(from_start, _gap_weights(np.log1p(generations))))
    above_0, rises, not_slower = (judged_mean(values, above(0.0))[0] for values in conditions)
    if "fails" in (above_0, rises, not_slower):
        return Growth("fails", slopes, "levels off" if not_slower == "fails" else "recedes" if rises == "fails" else "")
    if above_0 == rises == "holds":
        return Growth("holds", slopes, _shape(from_start, generations.astype(float)))
    return Growth("undecided", slopes, "")


def late_weights(positions: np.ndarray) -> np.ndarray:
    """Return the weights of values whose sum is their least squares slope over the last half of (positions,)."""
    late = np.arange(len(positions)) >= len(positions) // 2
    centred = np.where(late, positions - positions[late].mean(), 0.0)
    return np.asarray(centred / np.square(centred).sum())


def _gap_weights(positions: np.ndarray) -> np.ndarray:
    """Return weights for the slope over the last half less that of the line through 0 over all positions."""
    return np.asarray(late_weights(positions) - positions / np.square(positions).sum())


def _per_seed(curve: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each seed's weighted sum, float64 (seeds,): infinite if its end is, NaN if another value is not finite."""
    with np.errstate(invalid="ignore"):
        sums = np.where(np.isfinite(curve).all(axis=1), curve @ weights, np.nan)
    return np.where(np.isposinf(curve[:, -1]), np.inf, sums)


def _shape(curve: np.ndarray, generations: np.ndarray) -> str:
    """Return the shape of the mean of the finite seeds: the better fit of a log(1 + t) and a t, or faster than t."""
    finite = curve[np.isfinite(curve).all(axis=1)]
    if not len(finite):
        return "faster than t"
    if len(finite) > 1 and judged_mean(_per_seed(finite, _gap_weights(generations)), above(0.0))[0] == "holds":
        return "faster than t"
    mean = finite.mean(axis=0)
    axes = {"like t": generations, "like log t": np.log1p(generations)}
    residuals = {
        shape: float(np.square(mean - axis * (axis @ mean) / np.square(axis).sum()).sum())
        for shape, axis in axes.items()
    }
    return min(residuals, key=residuals.__getitem__)
