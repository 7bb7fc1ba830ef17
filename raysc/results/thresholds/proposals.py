"""Proposals of a search: the next values and seeds to run, a pure function of the evidence so far.

The search brackets the threshold by the ends of the range, narrows the gap around it with the first seeds, and then
runs new seeds at its best estimate. Where a value is undecided, its seeds go on to more generations, if the search may
and if that should pay more than new seeds. The same evidence gives the same proposals, so a search that was stopped
continues as if it had not been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf, sqrt
from typing import Literal

import numpy as np

from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe, State
from raysc.results.thresholds.root import Root, fit_root

STILL_BLOCKS = 3
"""Blocks of seeds after which an end of the range at which the excess does not change clearly counts as stable."""
MIN_BLOCKS = 3
"""Blocks of seeds before the width of an interval ends a search: the spread over fewer seeds is too uncertain."""

NEW_CONTROL = -1
"""Control of a proposed value that is to have one of its own."""

STOPPING_LEVEL = 0.975
"""Level of the interval of a threshold, whose coverage at the end of a search is 95 %.

A search ends when its interval is narrow, which it is more often when the spread over seeds or the slope came out well.
``benchmarks/threshold.py`` measures the coverage.
"""

Outcome = Literal["threshold", "stable", "unstable", "undecided"]
"""Outcome of a search: a threshold; stable or unstable over the whole range; or no answer within the ceiling."""


@dataclass(frozen=True)
class SearchSettings:
    """Settings of a search.

    Attributes:
        scale: range and scale of the axis.
        width: width of the interval at which the search ends, as a distance of positions.
        runs: most runs of the search; a run is one seed of one cell, controls included.
        seeds: first block of seeds, at least three; later blocks count on from the largest one.
        generations: retrainings with which a value begins.
        max_generations: most retrainings of a value that is undecided.
        hours: hours of units after which the search proposes no more.
    """

    scale: AxisScale
    width: float
    runs: int
    seeds: tuple[int, ...]
    generations: int
    max_generations: int
    hours: float = inf

    def block(self, count: int, needed: float = inf) -> tuple[int, ...]:
        """Return the seeds after the first ``count``: half as many again, at least as many as the first block.

        ``needed``: number of seeds that should suffice.
        """
        first = len(self.seeds)
        size = max(first, min(count // 2, ceil(min(needed, count))))
        return tuple(max(self.seeds) + 1 + index - first for index in range(count, count + size))

    @property
    def gap(self) -> float:
        """The largest distance of the probes around a threshold.

        The error of a line over a gap is of the order of its square, so a gap of sqrt(width) adds a small part of the
        width whatever that is.
        """
        return sqrt(self.width)


@dataclass(frozen=True)
class Proposal:
    """A value to run with some seeds up to some generation, with those that it has run."""

    value: float
    seeds: tuple[int, ...]
    generations: int


@dataclass(frozen=True)
class Answer:
    """The end of a search.

    Attributes:
        outcome: the outcome.
        root: the threshold as a position; None without one.
        narrow: the interval has the requested width.
    """

    outcome: Outcome
    root: Root | None = None
    narrow: bool = False


def next_step(settings: SearchSettings, probes: Sequence[Probe], hours: float = 0.0) -> tuple[Proposal, ...] | Answer:
    """Return what to run next, or the answer.

    Args:
        settings: of the search.
        probes: the evidence: one probe for each value that has run, in any order.
        hours: hours of units that the evidence took.
    """
    if hours >= settings.hours:
        settings = replace(settings, runs=0)  # nothing is within the ceiling any more
    by_value = {probe.value: probe for probe in probes}
    scale = settings.scale
    ends = tuple(by_value.get(value) for value in (scale.low, scale.high))
    low, high = ends
    if low is None or high is None:
        missing = [value for value in (scale.low, scale.high) if value not in by_value]
        return tuple(Proposal(value, settings.seeds, settings.generations) for value in missing)
    states = low.state, high.state
    if "unstable" in states and states != ("unstable", "unstable"):
        other = high if low.state == "unstable" else low
        return _bracketed(settings, probes) if other.state != "undecided" else _decide(settings, probes, [other])
    return _unbracketed(settings, probes, states, [low, high])


def present_root(settings: SearchSettings, probes: Sequence[Probe]) -> Root | None:
    """Return the threshold as far as the evidence has it, also before the end of a search; None without one."""
    if len(probes) < 2:
        return None
    ordered = sorted(probes, key=lambda probe: probe.value)
    centre = _crossing(ordered, settings.scale)
    root = fit_root(ordered, settings.scale, centre, 1.5 * settings.gap)
    # The window is centred on the estimate itself.
    return root and fit_root(ordered, settings.scale, root.position, 1.5 * settings.gap)


def enclosed_root(settings: SearchSettings, probes: Sequence[Probe]) -> Root | None:
    """Return the present root if the gap around it is narrow; else None, since a line over a wide gap is biased."""
    root = present_root(settings, probes)
    return None if root is None or _middles(settings, sorted(probes, key=lambda probe: probe.value), root) else root


def count_runs(probes: Sequence[Probe]) -> int:
    """Count the runs of a search: the seeds of all probes and those of their controls, each control's seed once."""
    control_runs = {(probe.control, seed) for probe in probes for seed in probe.seeds}
    return sum(len(probe.seeds) for probe in probes) + len(control_runs)


def bracket(probes: Sequence[Probe]) -> tuple[float | None, float | None]:
    """Return the neighbouring values between which the evidence changes from stable to unstable, in order.

    None instead of an end that is not decided.
    """
    by_state: Mapping[bool, list[float]] = {
        side: [probe.value for probe in probes if (probe.state == "unstable") == side and probe.state != "undecided"]
        for side in (False, True)
    }
    stable, unstable = by_state[False], by_state[True]
    if not stable or not unstable:
        return (max(stable) if stable else None), (min(unstable) if unstable else None)
    if min(stable) > max(unstable):
        return max(unstable), min(stable)
    return max(value for value in stable if value < max(unstable)), min(v for v in unstable if v > min(stable))


def _unbracketed(
    settings: SearchSettings, probes: Sequence[Probe], states: tuple[State, State], ends: list[Probe]
) -> tuple[Proposal, ...] | Answer:
    """Return more runs for the ends that are not clear, or the answer that the whole range is stable or unstable."""
    if states == ("unstable", "unstable"):
        return Answer("unstable")
    first = len(settings.seeds)
    unclear = [end for end in ends if end.state == "undecided"]
    unclear += [end for end in ends if end.state == "still" and len(end.seeds) < STILL_BLOCKS * first]
    return _decide(settings, probes, unclear) if unclear else Answer("stable")


def _decide(settings: SearchSettings, probes: Sequence[Probe], ends: Sequence[Probe]) -> tuple[Proposal, ...] | Answer:
    """Return more generations or seeds for some ends, within the ceiling."""
    proposals = tuple(
        _continued(settings, end) or Proposal(end.value, settings.block(len(end.seeds)), end.generations)
        for end in ends
    )
    return proposals if _affordable(settings, probes, proposals) else Answer("undecided")


def _continued(settings: SearchSettings, probe: Probe) -> Proposal | None:
    """Return a probe with twice its generations, up to the ceiling; None at the ceiling, or if seeds pay more."""
    if not probe.longer_pays:
        return None
    generations = min(2 * probe.generations, settings.max_generations)
    return Proposal(probe.value, probe.seeds, generations) if generations > probe.generations else None


def _bracketed(settings: SearchSettings, probes: Sequence[Probe]) -> tuple[Proposal, ...] | Answer:
    """Return the next proposals of a search whose ends lie on both sides of the threshold."""
    ordered = sorted(probes, key=lambda probe: probe.value)
    crossing = _crossing(ordered, settings.scale)
    root = present_root(settings, ordered)
    estimate = crossing if root is None else root.position
    proposals: tuple[Proposal, ...]
    middles = _middles(settings, ordered, root)
    if middles:
        proposals = (Proposal(middles[0], settings.seeds, settings.generations),)
    else:
        seeds = {seed for probe in probes for seed in probe.seeds}
        has_seeds = len(seeds if root is None else root.seeds) >= MIN_BLOCKS * len(settings.seeds)
        if root is not None and has_seeds and _is_narrow(settings, root):
            return Answer("threshold", root, narrow=True)
        nearest = min(ordered, key=lambda probe: abs(settings.scale.position(probe.value) - estimate))
        longer = _continued(settings, nearest) if has_seeds and nearest.state == "undecided" else None
        value = _refining_value(settings, ordered, estimate, root)
        block = settings.block(len(seeds), inf if root is None else needed_seeds(settings, root))
        proposals = (longer or Proposal(value, block, nearest.generations),)
    if _affordable(settings, probes, proposals):
        return proposals
    if root is None or middles:
        return Answer("undecided")
    return Answer("threshold", root, _is_narrow(settings, root))


def _middles(settings: SearchSettings, ordered: Sequence[Probe], root: Root | None) -> list[float]:
    """Return values inside the gaps around the crossing and the root that are not narrow; none if both are."""
    crossing = _crossing(ordered, settings.scale)
    positions = crossing, crossing if root is None else root.position
    middles = (_middle(settings, ordered, position) for position in positions)
    return [value for value in middles if value is not None]


def _middle(settings: SearchSettings, ordered: Sequence[Probe], estimate: float) -> float | None:
    """Return a value inside the gap around an estimate, near it; None if the gap is narrow."""
    scale = settings.scale
    positions = [scale.position(probe.value) for probe in ordered]
    estimate = min(max(estimate, positions[0]), positions[-1])
    below = max(position for position in positions[:-1] if position <= estimate)
    above = min(position for position in positions if position > below)
    margin = (above - below) / 4
    value = scale.nearest(min(max(estimate, below + margin), above - margin))
    is_new = value not in {probe.value for probe in ordered}
    return value if above - below > settings.gap and is_new else None


def _refining_value(settings: SearchSettings, probes: Sequence[Probe], estimate: float, root: Root | None) -> float:
    """Return the value at which new seeds run: the estimate, or beside it where no slope is clear yet.

    There they run on the side with fewer seeds, so that they tell the slope. A value that has run is used again if it
    is near.
    """
    scale = settings.scale
    positions = {probe.value: scale.position(probe.value) for probe in probes}
    if root is None:
        below, above = (
            sum(len(p.seeds) for p in probes if 0 < side * (positions[p.value] - estimate) <= settings.gap)
            for side in (-1, 1)
        )
        estimate += settings.gap / 2 * (1 if below > above else -1)
        estimate = min(max(estimate, scale.position(scale.low)), scale.position(scale.high))
    nearest = min(positions, key=lambda value: abs(positions[value] - estimate))
    is_near = abs(positions[nearest] - estimate) <= settings.width / (4 if root else 2)
    return nearest if is_near else scale.nearest(estimate)


def _is_narrow(settings: SearchSettings, root: Root) -> bool:
    return _width(root) <= settings.width


def needed_seeds(settings: SearchSettings, root: Root, error: float = 1.0) -> float:
    """Return the number of seeds that a root lacks for a narrow interval, whose width falls as 1 / sqrt(seeds).

    ``error``: factor on the number of seeds of a narrow interval.
    """
    return len(root.seeds) * (error * (_width(root) / settings.width) ** 2 - 1)


def _width(root: Root) -> float:
    low, high = root.interval(STOPPING_LEVEL)
    return high - low


def _affordable(settings: SearchSettings, probes: Sequence[Probe], proposals: Sequence[Proposal]) -> bool:
    """Return True if the runs of all probes and proposals are within the ceiling."""
    return count_runs_after(probes, proposals) <= settings.runs


def count_runs_after(probes: Sequence[Probe], proposals: Sequence[Proposal]) -> int:
    """Count the runs of a search once some proposals have run, as ``count_runs`` does."""
    seeds = {probe.value: probe.seeds for probe in probes}
    planned = [
        Probe(
            proposal.value,
            tuple(seed for seed in proposal.seeds if seed not in seeds.get(proposal.value, ())),
            "undecided",
            np.empty(0),
            control=_control(probes, proposal.value),
        )
        for proposal in proposals
    ]
    return count_runs([*probes, *planned])


def _control(probes: Sequence[Probe], value: float) -> int:
    """Return the control of a proposed value: a new one if the value is new and controls differ over the axis."""
    controls = {probe.value: probe.control for probe in probes}
    shared = set(controls.values())
    return controls.get(value, shared.pop() if len(shared) == 1 else NEW_CONTROL)


def _crossing(ordered: Sequence[Probe], scale: AxisScale) -> float:
    """Return the position at which the monotone regression of the margins crosses 0, between neighbouring probes."""
    margins = np.tanh([probe.margin for probe in ordered])
    direction = 1.0 if margins[-1] > margins[0] else -1.0
    fitted = direction * _isotonic(direction * margins, np.array([len(probe.seeds) for probe in ordered], float))
    positions = [scale.position(probe.value) for probe in ordered]
    for (left, right), (start, end) in zip(pairwise(fitted), pairwise(positions), strict=True):
        if left * right < 0 or (right == 0 and left != 0):
            return float(start + (end - start) * left / (left - right))
    return positions[-1] if abs(fitted[-1]) < abs(fitted[0]) else positions[0]


def _isotonic(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the ascending sequence nearest to values in weighted least squares, by pooling adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        mean, total, count = float(value), float(weight), 1
        while blocks and blocks[-1][0] >= mean:
            last, last_total, last_count = blocks.pop()
            mean = (last * last_total + mean * total) / (last_total + total)
            total, count = total + last_total, count + last_count
        blocks.append((mean, total, count))
    return np.concatenate([np.full(count, mean) for mean, _, count in blocks])
