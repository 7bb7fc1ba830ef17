"""The root of the margins: the position at which a line through the probes crosses 0, with its interval over seeds.

Cells with equal seeds share their random numbers, so the margins of one seed at two values are correlated. Seeds are
independent. So the probes of one seed share its weight, however many they are, and the interval is that of the
jackknife over seeds: each seed's root is the pseudo-value of Tukey 1958, from the lines with and without the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.results.statistics.intervals import SkewAdjustedInterval
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe

CLEAR_SLOPE, LEAST_SLOPE = 5.0, 3.0
"""Slope of the line over its standard error from which on its root is used, and if the line goes through all probes.

A line that is used as soon as its slope seems clear has too steep a slope on average, and too narrow an interval.
"""


@dataclass(frozen=True)
class Root:
    """The position at which the mean margin is 0.

    Attributes:
        position: the estimate.
        seeds: seeds whose margins it stands on.
        roots: pseudo-value of each seed, float64 (seeds,); the estimate is their mean.
    """

    position: float
    seeds: tuple[int, ...]
    roots: np.ndarray

    def interval(self, level: float) -> tuple[float, float]:
        """Return the limits of the interval of the position."""
        low, high = SkewAdjustedInterval(self.roots[:, None]).interval(level)
        return float(low[0]), float(high[0])


def fit_root(probes: Sequence[Probe], scale: AxisScale, centre: float, window: float) -> Root | None:
    """Fit a line through the probes near a position and return its root.

    Args:
        probes: the evidence; probes without margins are left out.
        scale: of the axis.
        centre: a position.
        window: distance from the centre up to which probes are used. It doubles until the slope is clear: where the
            noise hides a slope, it hides a curvature, too.

    Returns:
        The root; None if no window has a clear slope.
    """
    known = [probe for probe in probes if len(probe.margins)]
    distances = [abs(scale.position(probe.value) - centre) for probe in known]
    while any(distance > window for distance in distances):
        near = [probe for probe, distance in zip(known, distances, strict=True) if distance <= window]
        if root := _line_root(near, scale, centre, window / 4, CLEAR_SLOPE):
            return root
        window *= 2
    return _line_root(known, scale, centre, np.inf, LEAST_SLOPE)


def _bounded(probe: Probe) -> np.ndarray:
    """Return the margins of a probe, scaled so that their mean m becomes tanh m."""
    mean = probe.margin
    return probe.margins * (np.tanh(mean) / mean if mean else 1.0)


def _line_root(probes: Sequence[Probe], scale: AxisScale, centre: float, bandwidth: float, clear: float) -> Root | None:
    """Return the root of the weighted least squares line; None if its slope is not clear.

    The mean margin of a probe is bounded by 1: far beyond a threshold margins may grow exponentially. A probe at
    distance d has the weight 1 / (1 + (d / bandwidth)^2), so that the line is that of the threshold's
    neighbourhood where the noise allows it.
    """
    seeds = sorted({seed for probe in probes for seed in probe.seeds})
    if len(probes) < 2 or len(seeds) < 3:
        return None
    row_seeds = np.array([seeds.index(seed) for probe in probes for seed in probe.seeds])
    x = np.array([scale.position(probe.value) - centre for probe in probes for _ in probe.seeds])
    y = np.concatenate([_bounded(probe) for probe in probes])
    weights = 1 / np.bincount(row_seeds)[row_seeds] / (1 + np.square(x / bandwidth))
    design = np.stack([np.ones_like(x), x], axis=1)
    rows = design * weights[:, None]
    # Normal equations of each seed, float64 (seeds, 2, 2) and (seeds, 2).
    left, right = np.zeros((len(seeds), 2, 2)), np.zeros((len(seeds), 2))
    np.add.at(left, row_seeds, rows[:, :, None] * design[:, None, :])
    np.add.at(right, row_seeds, rows * y[:, None])
    lines = np.linalg.solve(
        np.concatenate([left.sum(axis=0)[None], left.sum(axis=0) - left]),
        np.concatenate([right.sum(axis=0)[None], right.sum(axis=0) - right])[:, :, None],
    )[:, :, 0]
    slope, without = lines[0, 1], lines[1:, 1]
    count = len(seeds)
    error = np.sqrt(np.square(without - without.mean()).sum() * (count - 1) / count)
    if abs(slope) <= clear * error or (without * slope <= 0).any():
        return None
    positions = centre - lines[:, 0] / lines[:, 1]
    roots = count * positions[0] - (count - 1) * positions[1:]
    return Root(float(roots.mean()), tuple(seeds), roots)
