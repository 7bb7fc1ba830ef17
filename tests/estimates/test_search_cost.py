from dataclasses import replace

import pytest

from raysc.estimates.search_cost import SearchCost, estimate_search_cost
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.evidence import Search
from raysc.results.thresholds.proposals import Answer, Proposal, SearchSettings, count_runs
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep
from tests.results.thresholds.oracle import Oracle, search
from tests.results.thresholds.test_rounds import SEARCH

SCALE = AxisScale(0.25, 16.0, logarithmic=True)
SETTINGS = SearchSettings(SCALE, SCALE.distance(0.15), 400, (0, 1, 2, 3), 6, 6)
NEW = Search({}, SETTINGS, (), ())


@pytest.fixture
def sweep(make_sweep: MakeSweep) -> Sweep:
    return make_sweep(SEARCH, "prices={a100: {hour: 4.0, cpus: 8}}")


@pytest.fixture
def begun() -> Search:
    """A search within 60 runs, of one hour: its interval is not narrow yet."""
    oracle = Oracle(lambda value: 2 * value / (1 + value) - 1, 0.1)
    _, probes = search(replace(SETTINGS, runs=60, generations=10, max_generations=10), oracle)
    return Search({}, SETTINGS, tuple(probes), (), 1.0)


def test_a_new_search_has_the_runs_of_simulated_ones(sweep: Sweep) -> None:
    cost = estimate_search_cost(sweep, [NEW, NEW])
    assert (cost.hours, cost.runs_done, cost.prices) == (None, 0, {})
    assert 2 * 36 <= cost.runs[0] < cost.runs[1] <= 2 * 400
    wider = replace(NEW, settings=replace(SETTINGS, width=SCALE.distance(0.4)))
    assert estimate_search_cost(sweep, [wider]).runs[1] < cost.runs[1] / 4
    lower = replace(NEW, settings=replace(SETTINGS, runs=40))
    assert estimate_search_cost(sweep, [lower]).runs[1] <= 40


def test_controls_of_each_value_are_counted(sweep: Sweep, make_sweep: MakeSweep) -> None:
    over_scale = SEARCH.replace("sample.covariance_scale: [1.0, 2.0]", "lambda: 1.0").replace(
        "threshold: lambda, range: [0.25, 16]", "threshold: data.rows, range: [20, 40]"
    )
    shared, differing = (estimate_search_cost(each, [NEW]).runs for each in (sweep, make_sweep(over_scale)))
    assert differing[0] > shared[0]


def test_a_search_with_an_interval_needs_the_seeds_that_its_width_lacks(sweep: Sweep, begun: Search) -> None:
    cost, done = estimate_search_cost(sweep, [begun]), count_runs(begun.probes)
    low, high = cost.runs
    assert done <= low < high <= SETTINGS.runs
    assert cost.hours == pytest.approx((low / done, high / done))
    assert cost.prices["a100"] == pytest.approx((low / done * 4 / 8, high / done * 4 / 8))
    wider = replace(begun, settings=replace(SETTINGS, width=SCALE.distance(0.3)))
    assert estimate_search_cost(sweep, [wider]).runs[1] < high


def test_a_search_with_an_interval_that_is_narrow_has_the_runs_of_its_next_round(sweep: Sweep, begun: Search) -> None:
    """Its range became wider: the new end is to run."""
    done, wide = count_runs(begun.probes), replace(SETTINGS, width=SCALE.distance(5.0))
    wider = replace(begun, settings=wide, step=(Proposal(32.0, SETTINGS.seeds, SETTINGS.generations),))
    assert estimate_search_cost(sweep, [wider]).runs == (done + 4, done + 4)


def test_a_limit_of_hours_ends_the_range(sweep: Sweep, begun: Search) -> None:
    limited = replace(begun, settings=replace(SETTINGS, hours=1.5))
    hours = estimate_search_cost(sweep, [limited]).hours
    assert hours is not None
    assert hours[1] == pytest.approx(1.5)


def test_a_finished_search_costs_what_it_took(sweep: Sweep, begun: Search) -> None:
    done = count_runs(begun.probes)
    cost = estimate_search_cost(sweep, [replace(begun, step=Answer("undecided"))])
    assert cost == SearchCost((done, done), done, (1.0, 1.0), 1.0, {"a100": (0.5, 0.5)})
