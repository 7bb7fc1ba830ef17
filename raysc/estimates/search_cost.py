"""Expected runs, hours and price of searches for a threshold, from their beginning to their answers.

Once a search has run new seeds at its estimate, the width of its interval says how many more it needs. Before that
nothing is known of the noise of its loop. Then searches are simulated with the rule and the settings of the search,
once for margins that vary little over seeds and once for margins that vary much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from raysc.results.report.usage import node_hours
from raysc.results.thresholds.criterion import Probe, tolerance_probe
from raysc.results.thresholds.evidence import Search
from raysc.results.thresholds.proposals import (
    MIN_BLOCKS,
    Answer,
    SearchSettings,
    count_runs,
    count_runs_after,
    needed_seeds,
    next_step,
    present_root,
)
from raysc.rng import stream
from raysc.sweepfile.sweep import Sweep

Range = tuple[float, float]
"""Low and high end of an estimate."""

NOISES = 0.03, 0.1
"""Standard deviations over seeds of simulated margins.

The Gaussian mix of ``benchmarks/threshold.py`` needs about as many runs with 1,000 and with 250 rows.
"""
SIMULATIONS = 9
"""Simulated searches of each noise; the median counts."""
SHARED_VARIANCE = 0.7
"""Share of the variance of simulated margins that a seed has at every value: cells share random numbers."""


@dataclass(frozen=True)
class SearchCost:
    """Expected cost of the searches of a sweep, with what is done.

    Attributes:
        runs: runs of all searches, controls included.
        runs_done: those of the rounds that are published.
        hours: hours of units, without waiting; None if a search has no measured run yet.
        hours_done: those of the published runs.
        prices: name of a type of node in ``prices`` -> price of its nodes for ``hours``.
    """

    runs: Range
    runs_done: int
    hours: Range | None
    hours_done: float
    prices: dict[str, Range]


def estimate_search_cost(sweep: Sweep, searches: Sequence[Search]) -> SearchCost:
    """Estimate the cost of the searches of a sweep. A run takes the mean time of the runs of its search so far.

    Args:
        sweep: the sweep, with the probes of its searches.
        searches: as they were at their last rounds whose runs are all published.
    """
    simulated = _simulated_runs(searches[0].settings, _differing_controls(sweep))
    runs = [expected_runs(search, simulated) for search in searches]
    done = [count_runs(search.probes) for search in searches]
    hours = None
    if all(search.hours > 0 for search in searches):
        by_search = [
            _scaled(of_search, search.hours / count)
            for of_search, search, count in zip(runs, searches, done, strict=True)
        ]
        hours = _total(by_search)
    return SearchCost(_total(runs), sum(done), hours, sum(search.hours for search in searches), _prices(sweep, hours))


def expected_runs(search: Search, simulated: Range) -> Range:
    """Return the runs of a search in all, within its ceilings.

    The width of an interval over n seeds has a relative standard error of sqrt(1 / (2 (n - 1))), and the number of
    seeds that are needed goes by its square, with an error of sqrt(2 / (n - 1)) of it. The range is that number less
    two and plus one of these errors: a search ends when its interval is narrow, earlier if the spread came out small.
    """
    settings, done = search.settings, count_runs(search.probes)
    if isinstance(search.step, Answer):
        return done, done
    root, expected = present_root(settings, search.probes), simulated
    if root is not None and len(root.seeds) > len(settings.seeds):
        error, least = sqrt(2 / (len(root.seeds) - 1)), MIN_BLOCKS * len(settings.seeds) - len(root.seeds)
        low, high = (max(least, needed_seeds(settings, root, factor)) for factor in (1 - 2 * error, 1 + error))
        expected = done + 2 * low, done + 2 * high  # a seed runs at a value and at its control
    ceiling = settings.runs if not search.hours else min(settings.runs, settings.hours * done / search.hours)
    proposed = count_runs_after(search.probes, search.step)
    low, high = (max(proposed, min(runs, ceiling)) for runs in expected)
    return low, high


def _simulated_runs(settings: SearchSettings, differing_controls: bool) -> Range:
    """Return the median runs of simulated searches with the least and the most noise."""
    low, high = (
        float(
            np.median([_simulate(settings, differing_controls, noise, repetition) for repetition in range(SIMULATIONS)])
        )
        for noise in NOISES
    )
    return min(low, high), max(low, high)


def _simulate(settings: SearchSettings, differing_controls: bool, noise: float, repetition: int) -> int:
    """Simulate a search; return its number of runs.

    The margin crosses 0 in the middle of the range: tanh(x / 2) at the logarithmic distance x from it, as for a
    Gaussian mix with samples of twice the covariance; on a linear scale tanh(2 x), where the range has the length 1.
    Its noise falls as 1 / T.

    Args:
        settings: of the search.
        differing_controls: every value has a control of its own.
        noise: standard deviation over seeds of the margins at the first number of retrainings.
        repetition: number of the simulation.
    """
    settings = replace(settings, seeds=tuple(range(len(settings.seeds))))
    scale = settings.scale
    middle = (scale.position(scale.low) + scale.position(scale.high)) / 2
    slope = 0.5 if scale.logarithmic else 2.0
    shared = _draws(repetition, "shared", settings.runs)
    probes: dict[float, Probe] = {}
    while not isinstance(step := next_step(settings, list(probes.values())), Answer):
        for proposal in step:
            value, old = proposal.value, probes.get(proposal.value)
            seeds = tuple(sorted({*proposal.seeds, *(old.seeds if old else ())}))
            of_value = _draws(repetition, repr(value), settings.runs)
            draws = sqrt(SHARED_VARIANCE) * shared + sqrt(1 - SHARED_VARIANCE) * of_value
            size = noise * settings.generations / proposal.generations
            margins = np.tanh(slope * (scale.position(value) - middle)) + size * draws[list(seeds)]
            probe = tolerance_probe(value, seeds, 1 + margins, 1.0, two_sided=False)
            control = old.control if old else len(probes) if differing_controls else 0
            probes[value] = replace(probe, control=control, generations=proposal.generations)
    return count_runs(list(probes.values()))


def _draws(repetition: int, name: str, count: int) -> np.ndarray:
    return stream(repetition, 0, "sample", "simulated search", name).standard_normal(count)


def _differing_controls(sweep: Sweep) -> bool:
    """Return True if the values of a search have controls of their own."""
    search = sweep.search
    assert search is not None
    low, high = (sweep.cells[search.cell(0, value)] for value in (search.low, search.high))
    return low.compared_with != high.compared_with


def _prices(sweep: Sweep, hours: Range | None) -> dict[str, Range]:
    """Return the price of hours of units on each type of node that has room for a unit's rank."""
    if hours is None:
        return {}
    by_name = {name: (node_hours(1.0, price, sweep.resources), price.hour) for name, price in sweep.prices.items()}
    return {name: _scaled(hours, share * hour) for name, (share, hour) in by_name.items() if share is not None}


def _total(ranges: Sequence[Range]) -> Range:
    return sum(low for low, _ in ranges), sum(high for _, high in ranges)


def _scaled(values: Range, factor: float) -> Range:
    low, high = values
    return low * factor, high * factor
