"""Searches of the Gaussian mix with biased samples, run in this process."""

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.execution import closed_form_unit
from raysc.execution.in_process import context_in_process
from raysc.execution.ranks import ClosedFormRank
from raysc.models.family import ClosedFormFamily
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.results.table.work_hours import unit_hours
from raysc.results.thresholds.answers import (
    evidence_frame,
    threshold_json,
    threshold_of,
    threshold_text,
    thresholds_frame,
)
from raysc.results.thresholds.proposals import Answer
from raysc.results.thresholds.rounds import SearchState, read_state, read_thresholds, run_rounds
from raysc.store.objects import Objects
from raysc.store.spans import Span
from raysc.sweepfile import Sweep, read_probes
from raysc.sweepfile.threshold_search import Runs
from tests.conftest import MakeSweep

SEARCH = """\
name: search
data: {name: gaussian, dim: 2, rows: 200}
model: gaussian
loop: {generations: 6}
space: {regime: mix, sample.covariance_scale: [1.0, 2.0]}
search: {threshold: lambda, range: [0.25, 16], width: 0.4}
seeds: 4
metrics: [trace_ratio]
"""


class Killed(Exception):
    """The end of a run before its work is done."""


def run_units(
    state: SearchState, objects: Objects, kill: random.Random | None = None, first: int | None = None
) -> dict[str, str]:
    """Run what a state lacks, or the first units of it; with ``kill`` it may end before any of them."""
    for unit in make_plan(state.resolved, objects).loop[:first]:
        if kill is not None and kill.random() < 0.4:
            raise Killed
        context = context_in_process(state.resolved.sweep, objects, unit)
        closed_form_unit.run(unit, context, ClosedFormRank(cast(ClosedFormFamily, unit.cell.family), unit.seeds))
    return {}


def search(sweep: Sweep, objects: Objects, kill: random.Random | None = None) -> SearchState:
    state = read_state(sweep, objects)
    return run_rounds(state, objects, lambda state: run_units(state, objects, kill), lambda text: None)[0]


@pytest.fixture(scope="module")
def sweep(make_sweep: MakeSweep) -> Sweep:
    return make_sweep(SEARCH)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects.open(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def state(sweep: Sweep, objects: Objects) -> SearchState:
    """The finished search."""
    return search(sweep, objects)


def record(state: SearchState) -> bytes:
    search = state.resolved.sweep.search
    assert search is not None
    return threshold_json(search, state.searches)


def test_thresholds_are_those_of_theory(state: SearchState) -> None:
    stable, unstable = (threshold_of(search) for search in state.searches)
    assert (stable.outcome, stable.low, stable.high) == ("stable", 16, float("inf"))
    assert unstable.outcome == "threshold"
    assert unstable.low < 1 < unstable.high
    assert unstable.high / unstable.low < 1.4
    texts = [threshold_text("lambda", search) for search in state.searches]
    assert texts[0].startswith("sample.covariance_scale 1: lambda: none up to 16; ")
    assert texts[1].startswith("sample.covariance_scale 2: lambda* ")


@pytest.mark.slow
def test_a_search_that_was_killed_ten_times_ends_as_an_undisturbed_one(
    sweep: Sweep, objects: Objects, state: SearchState, tmp_path: Path
) -> None:
    kill, kills, disturbed = random.Random(1), 0, Objects.open(tmp_path)
    while True:
        try:
            again = search(sweep, disturbed, kill if kills < 10 else None)
            break
        except Killed:
            kills += 1
    assert kills == 10
    assert record(again) == record(state)
    tables = [load_table(each.resolved, store) for each, store in ((state, objects), (again, disturbed))]
    values = [table[["cell", "lambda", "seed", "generation", "trace_ratio"]] for table in tables]
    assert values[0].equals(values[1])


@pytest.mark.slow
def test_unclear_values_go_on_to_more_generations_and_a_resume_proposes_the_same(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    """With c = 1 the excess does not change clearly; with c = 2 the first generations decide both ends."""
    longer = make_sweep(SEARCH, "loop.generations=4", "search.generations=10", "search.runs=40", "search.width=1.0")
    objects, kill = Objects.open(tmp_path / "disturbed"), random.Random(2)
    for _ in range(3):
        with suppress(Killed):
            search(longer, objects, kill)
    state = search(longer, objects)
    assert record(state) == record(search(longer, Objects.open(tmp_path / "undisturbed")))
    assert record(read_state(longer, objects)) == record(state)
    stable, unstable = state.searches
    assert threshold_of(stable).outcome == "stable"
    assert {probe.value: probe.generations for probe in stable.probes} == {0.25: 10, 16: 10}
    assert {probe.generations for probe in unstable.probes if probe.state != "undecided"} == {4}
    table = load_table(state.resolved, objects)
    longest = dict(table.groupby("cell")["generation"].max())
    sweep = state.resolved.sweep
    assert longest == {number: sweep.generations_of(number) for number in range(len(sweep.cells))}


def test_hours_end_a_search_as_they_did_when_later_rounds_were_not_published(
    make_sweep: MakeSweep, objects: Objects, state: SearchState
) -> None:
    """The store has all rounds. The first limit is reached by the first round, the second by none."""
    first, second = (read_state(make_sweep(SEARCH, f"search.hours={hours!r}"), objects) for hours in (1e-9, 1.0))
    assert thresholds_frame(second.searches).equals(thresholds_frame(state.searches)), "below the limit"
    begun = first.searches[1]
    assert [len(each.probes) for each in first.searches] == [2, 2]
    assert (first.pending, begun.answer) == (False, Answer("undecided"))
    assert "undecided within `search.hours`" in threshold_text("lambda", begun)
    table = load_table(state.resolved, objects)
    cells = [state.resolved.sweep.cells[number] for number in table["cell"]]
    of_round = [
        cell.axes["sample.covariance_scale"] == 2.0 and (cell.control or cell.axes["lambda"] in (0.25, 16))
        for cell in cells
    ]
    expected = table[np.array(of_round) & table["seed"].lt(4)]
    assert begun.hours == pytest.approx(unit_hours(expected))
    assert 0 < begun.hours < state.searches[1].hours


def test_a_search_that_was_killed_within_its_hours_decides_the_same_again(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    limited, objects = make_sweep(SEARCH, "space.sample.covariance_scale=2.0"), Objects.open(tmp_path)
    run_units(read_state(limited, objects), objects)
    begun = read_state(limited, objects).searches[0].hours
    limited = make_sweep(SEARCH, "space.sample.covariance_scale=2.0", f"search.hours={begun * (1 + 1e-9)!r}")
    kill = random.Random(3)
    for _ in range(4):
        with suppress(Killed):
            search(limited, objects, kill)
    ended = search(limited, objects)
    assert not ended.pending
    assert threshold_of(ended.searches[0]).runs == 12 + 8, "the round that reaches the limit is the last one"
    assert record(read_state(limited, objects)) == record(ended)


def test_a_sweep_has_the_generations_that_values_ran_and_a_ceiling(make_sweep: MakeSweep) -> None:
    seeds, lowered = (0, 1, 2, 3), make_sweep(SEARCH, "space={regime: mix}", "search.generations=10")
    for longest, ceiling in ((20, 20), (6, 10)):  # 20: of a run before the ceiling was lowered
        probes = {0.25: Runs(seeds, longest), 16: Runs(seeds, 6)}
        sweep = read_probes(lowered, [probes], registry)
        assert (sweep.generations, sweep.ceiling) == (longest, ceiling)
        assert [sweep.generations_of(number) for number in range(3)] == [longest, 6, longest]
    assert make_sweep(SEARCH).ceiling == 6


def test_a_longer_trained_value_continues_its_lineage(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    sweep = make_sweep(
        digits_text,
        "space={regime: mix}",
        "search={threshold: lambda, range: [0.5, 2], generations: 8}",
        "loop.generations=4",
        "seeds=3",
    )
    objects, seeds = Objects.open(tmp_path), (0, 1, 2)
    probes = {0.5: Runs(seeds, 4), 2: Runs(seeds, 8)}
    resolved = resolve(read_probes(sweep, [probes], registry))
    for cell in resolved.cells:
        for seed in seeds:
            for t in range(1, 5):
                objects.put(Span(t, t, cell.keys.lineage, (seed,)).name, b"")
    plan = make_plan(resolved, objects)
    continued = {unit.cell.number: (unit.first, unit.missing) for unit in plan.loop if unit.reason != "metric only"}
    assert continued == {1: (5, 4), 2: (5, 4)}, "the value that goes on, and its control"
    assert (plan.done, plan.to_do) == (3 * 3 * 4, 2 * 3 * 4)


def test_a_finished_search_proposes_nothing(sweep: Sweep, objects: Objects, state: SearchState) -> None:
    again = read_state(sweep, objects)
    assert not again.pending
    assert not make_plan(again.resolved, objects).units
    assert record(again) == record(state)


def test_only_proposed_seeds_run(objects: Objects, state: SearchState) -> None:
    table = load_table(state.resolved, objects)
    runs = table.drop_duplicates(["cell", "seed"])
    assert len(runs) == state.resolved.sweep.runs
    for search in state.searches:
        for probe in search.probes:
            assert set(probe.seeds) <= set(runs["seed"])


def test_a_narrower_interval_adds_runs(make_sweep: MakeSweep, objects: Objects, state: SearchState) -> None:
    narrower = read_state(make_sweep(SEARCH, "search.width=0.2"), objects)
    assert [search.answer is None for search in narrower.searches] == [False, True]
    cells = [unit.cell.settings for unit in make_plan(narrower.resolved, objects).loop]
    assert narrower.pending
    assert all(cell.axes["sample.covariance_scale"] == 2.0 or cell.control for cell in cells)


def test_python_has_the_thresholds_of_a_sweep_with_a_search(
    sweep: Sweep, objects: Objects, state: SearchState, make_sweep: MakeSweep
) -> None:
    frame = read_thresholds(sweep, objects)
    assert frame.equals(thresholds_frame(state.searches))
    with pytest.raises(InputError, match="has no search"):
        read_thresholds(make_sweep(SEARCH.replace("search: {", "labels: {} #").replace("mix,", "replace,")), objects)


def test_a_failed_unit_ends_the_rounds(sweep: Sweep, tmp_path: Path) -> None:
    objects = Objects.open(tmp_path)
    first = read_state(sweep, objects)
    state, failures = run_rounds(first, objects, lambda state: {"unit": "reason"}, lambda text: None)
    assert failures == {"unit": "reason"}
    assert state.pending
    assert [threshold_of(search).outcome for search in state.searches] == ["searching", "searching"]


def test_tables_have_each_search_and_each_probe(state: SearchState) -> None:
    settings = state.resolved.sweep.search
    assert settings is not None
    assert list(thresholds_frame(state.searches)["outcome"]) == ["stable", "threshold"]
    evidence = evidence_frame(settings, state.searches)
    assert len(evidence) == sum(len(search.probes) for search in state.searches)
    near = evidence[(evidence["sample.covariance_scale"] == 2.0) & evidence["lambda"].between(0.7, 1.4)]
    theory = 2 * near["lambda"] / (1 + near["lambda"])
    assert len(near) >= 2
    assert ((near["rho"] - theory).abs() < near["rho_high"] - near["rho_low"]).all()


def test_the_record_is_plain_json(state: SearchState) -> None:
    stored = json.loads(record(state))
    assert stored["search"]["axis"] == "lambda"
    assert [search["outcome"] for search in stored["searches"]] == ["stable", "threshold"]
    assert stored["searches"][0]["high"] == "inf"


def test_a_tolerance_is_a_difference_in_the_units_of_the_metric(make_sweep: MakeSweep, tmp_path: Path) -> None:
    """With c = 2 the variance settles at 1 / (1 - lambda) of the real one: 0.5 above it at lambda = 1/3."""
    tolerance = SEARCH.replace("[1.0, 2.0]", "2.0").replace("width: 0.4", "width: 0.4, criterion: {tolerance: 0.5}")
    state = search(make_sweep(tolerance.replace("[0.25, 16]", "[0.05, 2]")), Objects.open(tmp_path))
    threshold = threshold_of(state.searches[0])
    assert threshold.low < 1 / 3 < threshold.high
    assert threshold.high / threshold.low < 1.4


def test_runs_are_counted_where_each_value_has_a_control_of_its_own(make_sweep: MakeSweep, tmp_path: Path) -> None:
    axis = SEARCH.replace("sample.covariance_scale: [1.0, 2.0]", "lambda: 1.0").replace(
        "width: 0.4", "width: 0.05, runs: 40"
    )
    over_scale = axis.replace(
        "threshold: lambda, range: [0.25, 16]", "threshold: sample.covariance_scale, range: [1, 4]"
    )
    state = search(make_sweep(over_scale), Objects.open(tmp_path))
    threshold = threshold_of(state.searches[0])
    assert threshold.outcome == "threshold"
    assert threshold.runs == state.resolved.sweep.runs <= 40


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_metric_that_is_nan_before_the_model_diverges_makes_a_value_unstable(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    """At temperature 8 the covariance grows until its square overflows, one generation before it does itself."""
    objects = Objects.open(tmp_path)
    overflow = make_sweep(
        SEARCH.replace("rows: 200", "rows: 20")
        .replace("trace_ratio", "frechet_distance")
        .replace("{regime: mix, sample.covariance_scale: [1.0, 2.0]}", "{regime: replace}")
        .replace("threshold: lambda, range: [0.25, 16]", "threshold: sample.temperature, range: [0.5, 8]")
        .replace("width: 0.4", "criterion: {tolerance: 0.5}"),
        "loop.generations=200",
    )
    state = search(overflow, objects)
    table = load_table(state.resolved, objects)
    assert (table["frechet_distance"].isna() & ~table["diverged"]).any()
    assert not state.pending
    assert state.searches[0].probes[-1].state == "unstable"


def test_a_run_whose_metrics_are_not_all_written_is_no_evidence(make_sweep: MakeSweep, tmp_path: Path) -> None:
    objects = Objects.open(tmp_path)
    every_other = make_sweep(SEARCH, "measure=[0, 2, 4, 6]", "space.sample.covariance_scale=2.0")
    state = read_state(every_other, objects)
    run_units(state, objects)
    assert [probe.state for probe in read_state(every_other, objects).searches[0].probes] == ["still", "unstable"]
    (last,) = [
        name for name in objects.names("metrics") if state.resolved.cells[0].keys.lineage in name and "/6-6-" in name
    ]
    objects.delete([last])
    again = read_state(every_other, objects)
    assert again.pending
    assert again.searches[0].probes == (), "the first round is not finished"


def test_a_round_without_evidence_is_an_error(sweep: Sweep, tmp_path: Path) -> None:
    objects = Objects.open(tmp_path)
    probes = r"0\.25 \(4 seeds, 6 generations\), 16 \(4 seeds, 6 generations\)"
    values = rf"of lambda: sample\.covariance_scale 1: {probes}; sample\.covariance_scale 2: {probes}"
    with pytest.raises(InputError, match=rf"trace_ratio has no value .* {values}"):
        run_rounds(read_state(sweep, objects), objects, lambda state: {}, lambda text: None)
