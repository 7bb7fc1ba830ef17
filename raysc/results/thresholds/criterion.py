"""The criterion of stability at one value of an axis, judged over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from raysc.results.statistics.contraction import NoContractionError, contraction
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL, SkewAdjustedInterval

State = Literal["stable", "unstable", "undecided", "still"]
"""State of a loop at one value. "still": the excess does not change clearly, so that rho is not known."""

DECISION_LEVEL = 0.99
"""Confidence level at which a value counts as stable or unstable, and at which an excess changes clearly."""
MIN_GENERATIONS = 3
"""Generations of an excess from which rho can be estimated."""


@dataclass(frozen=True)
class Probe:
    """The evidence at one value of the axis.

    Attributes:
        value: the value.
        seeds: seeds that ran there.
        state: the state of the loop.
        margins: distance of each seed from the criterion in its own units, rho - 1 or excess / delta - 1, positive on
            the unstable side, float64 (seeds,); empty if the loop is still or a seed has no finite value.
        estimate: rho, or the absolute excess; NaN if the loop is still.
        low: lower limit of its 95 % interval; NaN likewise.
        high: upper limit; NaN likewise.
        control: number of its control's cell. Probes with one control share its runs.
        generations: retrainings of each seed.
        longer_pays: twice as many generations should make the margins more certain than twice as many seeds: the last
            doubling did, or it is not known.
    """

    value: float
    seeds: tuple[int, ...]
    state: State
    margins: np.ndarray = field(repr=False)
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    control: int = 0
    generations: int = 0
    longer_pays: bool = True

    @property
    def margin(self) -> float:
        """The mean margin; -1 if the loop is still, and 1 if a seed has no finite value."""
        if len(self.margins):
            return float(self.margins.mean())
        return -1.0 if self.state == "still" else 1.0


def contraction_probe(value: float, seeds: Sequence[int], values: np.ndarray, controls: np.ndarray) -> Probe:
    """Judge contraction: the loop is stable if rho, the ratio of successive increments of the excess, is below 1.

    The excess is the value minus the control's. Its increments begin at generation 0 if the control stays where it
    began, else at generation 1: the control shares generation 0, so the excess is 0 there however poor the start is.

    Args:
        value: value of the axis.
        seeds: at least two.
        values: float64 (seeds, generations), at least four generations at equal distances. An infinite value is a model
            that diverged: the loop is unstable.
        controls: values of the controls of the same seeds, likewise.
    """
    first = 0 if np.allclose(controls[:, 0], controls[:, 1], rtol=1e-9, atol=0.0) else 1
    with np.errstate(invalid="ignore"):
        excess = (values - controls)[:, first:]
    if not np.isfinite(excess).all():
        return Probe(value, tuple(seeds), "unstable", np.empty(0), np.inf, np.inf, np.inf)
    try:
        rho = contraction(excess, DECISION_LEVEL)[:, 0]
    except NoContractionError:
        return Probe(value, tuple(seeds), "still", np.empty(0))
    return replace(_judged(value, seeds, rho, rho - 1), longer_pays=_doubling_paid(excess, rho))


def _doubling_paid(excess: np.ndarray, rho: np.ndarray) -> bool:
    """Return True if the second half of the generations more than halved the variance of rho over seeds.

    Twice as many seeds halve the variance of the mean. With an error of measurement that does not grow with the excess
    the variance falls as 1 / T^2 near rho = 1, for a loop whose noise is in proportion to the excess it does not fall.

    Args:
        excess: float64 (seeds, generations).
        rho: from all generations, float64 (seeds,).
    """
    half = excess[:, : (excess.shape[1] + 1) // 2]
    if half.shape[1] < MIN_GENERATIONS:
        return True
    try:
        before = contraction(half, DECISION_LEVEL)[:, 0]
    except NoContractionError:
        return True
    return bool(rho.var() < before.var() / 2)


def tolerance_probe(value: float, seeds: Sequence[int], excess: np.ndarray, delta: float, two_sided: bool) -> Probe:
    """Judge tolerance: the loop is stable if the mean excess at the last generation is at most ``delta``.

    Args:
        value: value of the axis.
        seeds: at least two.
        excess: excess over the control at the last generation, float64 (seeds,), positive if worse.
        delta: above 0.
        two_sided: judge the absolute value of the mean. It takes the sign of the mean for all seeds: the mean of
            absolute values would be biased upwards by the noise.
    """
    if not np.isfinite(excess).all():
        return Probe(value, tuple(seeds), "unstable", np.empty(0), np.inf, np.inf, np.inf)
    size = excess * (-1.0 if two_sided and excess.mean() < 0 else 1.0)
    return _judged(value, seeds, size, size / delta - 1)


def _judged(value: float, seeds: Sequence[int], estimates: np.ndarray, margins: np.ndarray) -> Probe:
    """Return a probe from the estimates and margins of its seeds."""
    low, high = SkewAdjustedInterval(estimates[:, None]).interval(CONFIDENCE_LEVEL)
    decided = SkewAdjustedInterval(margins[:, None]).p_value(0.0)[0] <= 1 - DECISION_LEVEL
    state: State = "undecided" if not decided else "stable" if margins.mean() < 0 else "unstable"
    return Probe(value, tuple(seeds), state, margins, float(estimates.mean()), float(low[0]), float(high[0]))
