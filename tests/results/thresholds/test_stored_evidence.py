"""Searches that go on from the evidence in a sweep's folder after their settings have changed."""

import json
from pathlib import Path

import pytest

from raysc.api import Results
from raysc.planning.plan import make_plan
from raysc.results.table.table import load_table
from raysc.results.thresholds.answers import answer_texts, threshold_of
from raysc.results.thresholds.rounds import SearchState, read_state, recomputed_state
from raysc.results.thresholds.stored_evidence import THRESHOLD_FILE, changed_settings_text, stored_evidence
from raysc.store.objects import Objects
from raysc.sweepfile.threshold_search import Probes
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, record, run_units, search

FILE = f"sweeps/search/{THRESHOLD_FILE}"
SHORT = "space.sample.covariance_scale=2.0", "loop.generations=4", "search.width=1.0"


def evidence_of(state: SearchState) -> Probes:
    settings = state.resolved.sweep.search
    assert settings is not None
    (evidence,) = settings.evidence
    return evidence


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects.open(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def finished(make_sweep: MakeSweep, objects: Objects) -> SearchState:
    """A finished search, which a call has stored."""
    state = search(make_sweep(SEARCH, *SHORT), objects)
    objects.put(FILE, record(state))
    return state


def test_a_wider_range_goes_on_from_all_evidence(
    make_sweep: MakeSweep, objects: Objects, finished: SearchState
) -> None:
    wider = read_state(make_sweep(SEARCH, *SHORT, "search.range=[0.25, 32]"), objects)
    assert evidence_of(wider) == evidence_of(finished)
    assert wider.searches[0].probes[-1].value == 16
    runs = {unit.cell.settings.axes["lambda"] for unit in make_plan(wider.resolved, objects).loop}
    assert runs == {32}
    assert threshold_of(wider.searches[0]).runs == threshold_of(finished.searches[0]).runs


def test_a_narrower_range_has_the_evidence_inside_it(
    make_sweep: MakeSweep, objects: Objects, finished: SearchState
) -> None:
    narrower = read_state(make_sweep(SEARCH, *SHORT, "search.range=[0.25, 8]"), objects)
    assert set(evidence_of(narrower)) == {value for value in evidence_of(finished) if value <= 8}


@pytest.mark.parametrize("change", ["search.runs=12", "search.width=2.0", "search.generations=8"])
def test_other_ceilings_keep_all_runs_of_a_finished_search(
    make_sweep: MakeSweep, objects: Objects, finished: SearchState, change: str
) -> None:
    changed = read_state(make_sweep(SEARCH, *SHORT, change), objects)
    assert not changed.pending
    assert evidence_of(changed) == evidence_of(finished)


def test_evidence_of_other_settings_is_none_and_a_sentence_names_them(
    make_sweep: MakeSweep, objects: Objects, finished: SearchState
) -> None:
    same = finished.resolved.sweep
    assert changed_settings_text(same, objects) == ""
    changed = make_sweep(SEARCH, *SHORT, "seeds=5", "search.criterion={tolerance: 1.0}")
    assert stored_evidence(changed, objects) == ()
    text = changed_settings_text(changed, objects)
    assert text.startswith("search.criterion and seeds differ from the search that")
    resolved = read_state(changed, objects).resolved
    texts = answer_texts(resolved, load_table(resolved, objects), objects)
    assert texts == ["lambda*: searching, from 0.25 to 16; no estimate yet, 0 runs", f"note: {text}"]


def test_python_reads_the_values_of_all_rounds(make_sweep: MakeSweep, objects: Objects, finished: SearchState) -> None:
    results = Results(make_sweep(SEARCH, *SHORT), objects)
    lambdas = results.frame()["lambda"].dropna()
    assert set(lambdas) == set(evidence_of(finished))
    assert "the search for a threshold of lambda" in repr(results)


def test_evidence_of_other_lineages_is_not_run(make_sweep: MakeSweep, objects: Objects, finished: SearchState) -> None:
    other = read_state(make_sweep(SEARCH, *SHORT, "data.rows=100"), objects)
    assert evidence_of(other) == {}
    assert set(other.resolved.sweep.seeds) == {0, 1, 2, 3}
    assert len(other.resolved.cells) == 3


def test_a_leaderboard_recomputes_a_search(make_sweep: MakeSweep, objects: Objects, finished: SearchState) -> None:
    wider = make_sweep(SEARCH, *SHORT, "search.range=[0.25, 32]")
    assert evidence_of(recomputed_state(wider, objects)) == {}


def test_files_of_before_and_damaged_ones(make_sweep: MakeSweep, finished: SearchState, tmp_path: Path) -> None:
    sweep, other = finished.resolved.sweep, Objects.open(tmp_path)
    older = json.loads(record(finished))
    del older["search"]["max_generations"], older["search"]["generations"]
    for probe in older["searches"][0]["probes"]:
        del probe["generations"]
    other.put(FILE, json.dumps(older).encode())
    assert stored_evidence(sweep, other) == (evidence_of(finished),)
    probes = ({"value": 1}, {"value": 1, "seeds": ["0"]}, {"value": "1", "seeds": [0]})
    unusable = [json.dumps({"search": {}, "searches": [{"probes": [probe]}]}).encode() for probe in probes]
    for damaged in (b"{", b"[]", b'{"search": {}}', *unusable):
        other.put(FILE, damaged)
        assert stored_evidence(sweep, other) == ()


def test_runs_of_a_round_that_is_not_finished_count_when_it_is(make_sweep: MakeSweep, tmp_path: Path) -> None:
    """Runs of an answer never become fewer, also where a round adds seeds to a value that has some."""
    objects, sweep, counts = Objects.open(tmp_path), make_sweep(SEARCH, *SHORT, "search.runs=24"), []
    while (state := read_state(sweep, objects)).pending:
        counts.append(threshold_of(state.searches[0]).runs)
        objects.put(FILE, record(state))
        run_units(state, objects, first=1)
    assert counts == sorted(counts)
    assert len(set(counts)) < len(counts), "some rounds had several units"
    assert threshold_of(state.searches[0]).runs == state.resolved.sweep.runs
