"""Runs that ``loop.until`` ended: their later generations are absent in tables, claims and searches."""

from typing import Any

import pandas as pd
import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.claims.judging import judge_claims
from raysc.results.table.early_ends import early_ends_text
from raysc.results.table.table import load_table
from raysc.results.thresholds.rounds import SearchState, read_state, run_rounds
from raysc.store.objects import Objects
from raysc.sweepfile import read_probes
from raysc.sweepfile.threshold_search import Runs
from tests.conftest import MakeSweep, RunSweep

TEXT = """\
name: ends
data: {name: gaussian, dim: 1, rows: 20}
model: gaussian
loop: {generations: 30, until: {metric: std_ratio, above: 1.5, later: absent}}
space: {regime: [replace, mix], lambda: 1.0, sample.covariance_scale: 1.5}
seeds: 6
metrics: [std_ratio]
claims:
  - {says: replace spreads, metric: std_ratio, of: {regime: replace}, than: 2, relation: above}
  - says: replace crosses early
    metric: std_ratio
    value: {crossing: {above: 1.5}}
    of: {regime: replace}
    than: 15
    relation: below
"""
UNTIL = "loop.until={metric: std_ratio, above: 1.5}"
SEARCH = """\
name: search-ends
data: {name: gaussian, dim: 2, rows: 100}
model: gaussian
loop: {generations: 30, until: {metric: trace_ratio, above: 8, later: absent}}
space: {regime: mix, sample.covariance_scale: 2.0}
search: {threshold: lambda, range: [0.25, 16], criterion: {tolerance: 2}, width: 0.5, runs: 200}
seeds: 4
metrics: [trace_ratio]
"""


def test_a_seed_that_ends_with_its_cell_is_not_early(make_sweep: MakeSweep) -> None:
    search = make_sweep(SEARCH, "search.criterion=contraction", "search.generations=60")
    runs = Runs((0, 1, 2, 3), 30)
    sweep = read_probes(search, [{0.25: runs, 16: Runs(runs.seeds, 60)}], registry)
    table = pd.DataFrame({"cell": [0, 1], "seed": [0, 0], "ended_generation": [30.0, 30.0]})
    assert early_ends_text(sweep, table).startswith("1 of 2 runs ended early"), "the second cell has 60 generations"


def test_later_generations_are_absent_and_that_is_in_words(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Any
) -> None:
    sweep, repeating = make_sweep(TEXT), make_sweep(TEXT, UNTIL)
    objects = Objects.open(tmp_path)
    run_sweep(sweep, objects)
    assert not make_plan(resolve(repeating), objects).units, "the key of the rule does not have `later`"

    absent, repeated = load_table(resolve(sweep), objects), load_table(resolve(repeating), objects)
    later = repeated["generation"] > repeated["ended_generation"]
    assert later.any()
    columns = ["cell", "seed", "generation", "std_ratio", "ended_generation"]
    assert absent[columns].equals(repeated.loc[~later, columns].reset_index(drop=True))

    ended = int((repeated.groupby(["cell", "seed"])["ended_generation"].max() < 30).sum())
    start = f"{ended} of 18 runs ended early, where std_ratio is at or above 1.5: "
    assert early_ends_text(sweep, absent) == (
        f"{start}their later generations are absent, and means over seeds leave them out"
    )
    assert early_ends_text(repeating, repeated) == f"{start}they repeat their last values"

    at_last, crossing = judge_claims(resolve(sweep), absent)
    assert at_last.verdict == "undecided"
    assert "loop.until ended 6 seeds of cell 0 (replace, lambda 1) before generation 30, and their later" in (
        at_last.cases[0].why
    )
    assert crossing.verdict == "holds"


def test_an_ended_seed_makes_a_value_of_a_search_unstable(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Any
) -> None:
    sweep, objects = make_sweep(SEARCH), Objects.open(tmp_path)

    def run(state: SearchState) -> dict[str, str]:
        run_sweep(state.resolved.sweep, objects)
        return {}

    state, _ = run_rounds(read_state(sweep, objects), objects, run, lambda text: None)
    (search,) = state.searches
    states = {probe.value: probe.state for probe in search.probes}
    assert (states[0.25], states[16]) == ("stable", "unstable")
    assert search.answer is not None
    assert search.answer.outcome == "threshold"
    table = load_table(state.resolved, objects)
    highest = table[table["lambda"] == 16]
    assert highest["generation"].max() < 30, "no run there goes on to the end"


def test_a_search_refuses_an_end_of_its_controls(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Any) -> None:
    sweep, objects = make_sweep(SEARCH, "loop.until={metric: trace_ratio, above: 0.1}"), Objects.open(tmp_path)
    run_sweep(sweep, objects)
    with pytest.raises(InputError, match="ended seed 0 of a control; a search needs a level that no control reaches"):
        read_state(sweep, objects)
