"""Search for lambda* of the Gaussian mix with biased samples, many times: coverage, width and runs.

    python benchmarks/threshold.py [REPETITIONS] [ROWS]
    python benchmarks/threshold.py simulated
    python benchmarks/threshold.py expected

The loop is the real one, in this process and without a store: 250 rows in two dimensions, ``sample.covariance_scale``
c, ten retrainings. The variance contracts by rho = lambda c / (1 + lambda), so lambda* = 1 / (c - 1), and for c = 1 the
loop is stable for every lambda. Each repetition is a whole search from 0.25 to 16 with seeds of its own.

An even grid has K lambdas at equal ratios from 0.25 to 16, and S seeds at each. Its interval is that of the same line
through its probes. The cheapest grid is the one with the fewest runs of which at least 93 of 100 repetitions have an
interval that holds lambda* and is at most 15 % wide, which is asked of the search, too. Runs include controls.

``simulated`` makes 150 searches for lambda* = 1 on simulated margins and trains nothing. The noise of the margins is
0.3 after ten retrainings and falls as 1 / T. Values stay at ten retrainings, or go on to 80 (``search.generations``).

``expected`` counts the simulated searches that end within the range of runs which ``raysc plan`` expects once their
intervals stand on 8, 12 or 20 seeds.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp, log
from pathlib import Path
from typing import cast

import numpy as np

from raysc import registry
from raysc.estimates.search_cost import expected_runs
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Rules, self_consuming_loop
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell, resolve
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe, contraction_probe
from raysc.results.thresholds.evidence import Search
from raysc.results.thresholds.proposals import (
    STOPPING_LEVEL,
    Answer,
    SearchSettings,
    count_runs,
    next_step,
    present_root,
)
from raysc.sweepfile import read_sweep_mapping

# The oracle of the tests, from this checkout.
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.results.thresholds import oracle

SCALE = AxisScale(0.25, 16.0, logarithmic=True)
WIDTH = 0.15
RUNS = 2000
GENERATIONS = 10
FIRST_SEEDS = 4
GRID_SIZES = (5, 7, 9, 13, 17, 25)
GRID_SEEDS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128)
GRID_REPETITIONS = 100
GRID_FAILURES = 7
SIMULATIONS = 150
SIMULATED_NOISE = 0.3
MAX_GENERATIONS = 80


@dataclass
class Loop:
    """The loop of one c: excess over the control, by lambda and seed."""

    scale: float
    rows: int
    values: dict[tuple[float, int], np.ndarray] = field(default_factory=dict)

    def probe(self, lambda_: float, seeds: Sequence[int]) -> Probe:
        """Run the seeds that have not run at a lambda, and judge them all."""
        missing = tuple(seed for seed in seeds if (lambda_, seed) not in self.values)
        if missing:
            excess = excess_of(cell_of(self.scale, self.rows, lambda_), missing)
            self.values |= {(lambda_, seed): row for seed, row in zip(missing, excess, strict=True)}
        excess = np.stack([self.values[lambda_, seed] for seed in seeds])
        return contraction_probe(lambda_, seeds, excess, np.zeros_like(excess))


@cache
def cell_of(scale: float, rows: int, lambda_: float) -> ResolvedCell:
    """Return the cell of a lambda."""
    sweep = read_sweep_mapping(
        {
            "name": "threshold-benchmark",
            "data": {"name": "gaussian", "dim": 2, "rows": rows},
            "model": "gaussian",
            "sample": {"covariance_scale": scale},
            "loop": {"generations": GENERATIONS},
            "space": {"regime": "mix", "lambda": lambda_},
            "metrics": ["trace_ratio"],
        },
        (),
        registry,
    )
    return resolve(sweep).cells[0]


def excess_of(cell: ResolvedCell, seeds: tuple[int, ...]) -> np.ndarray:
    """Run a loop; return its trace less the control's, float64 (seeds, generations).

    The control fits the same real rows at every generation, so its trace is that of generation 0.
    """
    rules: Rules = cell.rules
    family = cast(ClosedFormFamily, registry.family(cell.settings.model, cell.data))
    crew, block_store = ClosedFormRank(family, seeds), MemoryBlockStore()
    sources = {REAL: Rows(REAL, (MemoryBlock((REAL, seeds), 0, cell.data.train(seeds)),))}
    generations = range(GENERATIONS + 1)
    lifetimes = Lifetimes.of(rules.recipe, generations, reads_rows_once=True)
    traces = []
    for _ in self_consuming_loop(rules, crew, sources, seeds, generations, no_rows, lambda _: block_store, lifetimes):
        traces.append(np.trace(crew.state["covariance"], axis1=1, axis2=2))
    values = np.stack(traces, axis=1)
    return np.asarray(values - values[:, :1])


def no_rows(generation: int, first: int, count: int) -> Rows:
    raise AssertionError("a mix takes no new real rows")


def search(loop: Loop, seeds: tuple[int, ...]) -> tuple[Answer, list[Probe]]:
    """Run one search; return its answer and its evidence."""
    settings = SearchSettings(SCALE, SCALE.distance(WIDTH), RUNS, seeds, GENERATIONS, GENERATIONS)
    probes: dict[float, Probe] = {}
    while not isinstance(step := next_step(settings, list(probes.values())), Answer):
        for proposal in step:
            old = probes[proposal.value].seeds if proposal.value in probes else ()
            probes[proposal.value] = loop.probe(proposal.value, (*old, *proposal.seeds))
    return step, list(probes.values())


def grid(scale: float, rows: int, truth: float) -> str:
    """Return the cheapest even grid with intervals as narrow and as sure as those asked of the search, in words."""
    grids = sorted(((size + 1) * count, size, count) for size in GRID_SIZES for count in GRID_SEEDS)
    loops = {size: [Loop(scale, rows) for _ in range(GRID_REPETITIONS)] for size in GRID_SIZES}
    for runs, size, count in grids:
        if _is_enough(loops[size], size, count, truth):
            return f"{runs} runs ({size} lambdas x {count} seeds)"
    return "no grid of those tried is as narrow and as sure"


def _is_enough(loops: Sequence[Loop], size: int, count: int, truth: float) -> bool:
    settings = SearchSettings(SCALE, SCALE.distance(WIDTH), RUNS, (), GENERATIONS, GENERATIONS)
    lambdas = [SCALE.nearest(position) for position in np.linspace(log(SCALE.low), log(SCALE.high), size)]
    failures = 0
    for repetition, loop in enumerate(loops):
        first = 10_000_000 + 10_000 * repetition
        root = present_root(settings, [loop.probe(value, range(first, first + count)) for value in lambdas])
        low, high = root.interval(0.95) if root else (-np.inf, np.inf)
        failures += not (low <= log(truth) <= high and exp(high - low) - 1 <= WIDTH)
        if failures > GRID_FAILURES:
            return False
    return True


def main(repetitions: int, rows: int) -> None:
    for scale in (1.25, 1.5, 2.0):
        truth, widths, runs, covered, estimates, unanswered = 1 / (scale - 1), [], [], 0, [], 0
        for repetition in range(repetitions):
            first = 10_000 * repetition
            answer, probes = search(Loop(scale, rows), tuple(range(first, first + FIRST_SEEDS)))
            if answer.root is None or not answer.narrow:
                unanswered += 1
                continue
            low, high = (exp(limit) for limit in answer.root.interval(STOPPING_LEVEL))
            covered += low <= truth <= high
            widths.append(high / low - 1)
            runs.append(count_runs(probes))
            estimates.append(exp(answer.root.position))
        print(
            f"c = {scale}: lambda* = {truth:g} in {covered} of {repetitions} intervals; {unanswered} without an "
            f"answer; width {np.mean(widths):.3f}, at most {max(widths):.3f}; estimates {np.mean(estimates):.3f} +- "
            f"{np.std(estimates):.3f}; {np.mean(runs):.0f} runs",
            flush=True,
        )
        print(f"  cheapest even grid: {grid(scale, rows, truth)}", flush=True)
    stable, runs = 0, []
    for repetition in range(repetitions):
        first = 10_000 * repetition
        answer, probes = search(Loop(1.0, rows), tuple(range(first, first + FIRST_SEEDS)))
        stable += answer.outcome == "stable"
        runs.append(count_runs(probes))
    print(f"c = 1: none up to 16 in {stable} of {repetitions}; {np.mean(runs):.0f} runs")


def simulate(max_generations: int) -> None:
    """Search in simulated margins of c = 2, whose values may go on to some number of retrainings."""
    first_seeds = tuple(range(FIRST_SEEDS))
    settings = SearchSettings(SCALE, SCALE.distance(WIDTH), RUNS, first_seeds, GENERATIONS, max_generations)
    runs, retrainings, covered, narrow = [], [], 0, 0
    for repetition in range(SIMULATIONS):
        margins = oracle.Oracle(lambda value: 2 * value / (1 + value) - 1, SIMULATED_NOISE, repetition)
        answer, probes = oracle.search(settings, margins)
        runs.append(count_runs(probes))
        retrainings.append(sum(len(probe.seeds) * probe.generations for probe in probes))
        if answer.root is not None and answer.narrow:
            low, high = answer.root.interval(STOPPING_LEVEL)
            narrow, covered = narrow + 1, covered + (low <= 0 <= high)
    print(
        f"up to {max_generations} retrainings: {SIMULATIONS - narrow} of {SIMULATIONS} without an answer; lambda* in "
        f"{covered} of {narrow} intervals; {np.mean(runs):.0f} runs, {np.mean(retrainings):.0f} retrainings without "
        "those of controls",
        flush=True,
    )


def count_expected(noise: float, seeds: int) -> None:
    """Compare the runs that are expected of searches at some number of seeds with those that they need."""
    settings = SearchSettings(SCALE, SCALE.distance(WIDTH), RUNS, tuple(range(FIRST_SEEDS)), GENERATIONS, GENERATIONS)
    within = fewer = more = 0
    for repetition in range(SIMULATIONS):
        margins = oracle.Oracle(lambda value: 2 * value / (1 + value) - 1, noise, repetition)
        ranges: list[tuple[float, float]] = []

        def note(probes: list[Probe], ranges: list[tuple[float, float]] = ranges) -> None:
            root = present_root(settings, probes)
            if not ranges and root is not None and len(root.seeds) >= seeds:
                step = next_step(settings, probes)
                ranges.append(expected_runs(Search({}, settings, tuple(probes), step), (0, 0)))

        _, probes = oracle.search(settings, margins, note)
        runs = count_runs(probes)
        for low, high in ranges:
            within, fewer, more = within + (low <= runs <= high), fewer + (runs < low), more + (runs > high)
    print(f"noise {noise}, {seeds} seeds: {within} within, {fewer} fewer, {more} more", flush=True)


if __name__ == "__main__" and sys.argv[1:] == ["expected"]:
    for deviation in (0.1, 0.2):
        for number in (8, 12, 20):
            count_expected(deviation, number)
elif __name__ == "__main__" and sys.argv[1:] == ["simulated"]:
    for most in (GENERATIONS, MAX_GENERATIONS):
        simulate(most)
elif __name__ == "__main__":
    main(*(int(argument) for argument in (*sys.argv[1:], *("100", "250")[len(sys.argv) - 1 :])))
