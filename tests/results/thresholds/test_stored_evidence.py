"""Searches that go on from the evidence in a sweep's folder after their settings have changed."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysc.api import Results
from raysc.planning.plan import make_plan
from raysc.results.table.table import load_table
from raysc.results.thresholds import stored_evidence as module
from raysc.results.thresholds.answers import answer_texts, store_answers, threshold_of
from raysc.results.thresholds.rounds import SearchState, read_state, recomputed_state, run_rounds
from raysc.results.thresholds.stored_evidence import (
    EVIDENCE_FOLDER,
    THRESHOLD_FILE,
    changed_settings_text,
    listed_evidence,
    stored_evidence,
)
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.sweepfile.threshold_search import Probes
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, Killed, record, run_units

pytestmark = pytest.mark.slow

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
    return stored_search(make_sweep(SEARCH, *SHORT), objects)


@pytest.fixture
def copy(finished: SearchState, objects: Objects, tmp_path: Path) -> Objects:
    """A copy of the store of the finished search."""
    return copied(objects, tmp_path / "copy")


def copied(objects: Objects, folder: Path) -> Objects:
    assert objects.folder is not None
    shutil.copytree(objects.folder, folder)
    return Objects.open(folder)


def store(state: SearchState, objects: Objects) -> None:
    store_answers(state.resolved.sweep, state.searches, objects)


def stored_search(sweep: Sweep, objects: Objects, kill: random.Random | None = None) -> SearchState:
    """Run a search that is stored before each round and at its end, as ``raysc sweep`` does."""

    def run(state: SearchState) -> dict[str, str]:
        store(state, objects)
        return run_units(state, objects, kill)

    state, _ = run_rounds(read_state(sweep, objects), objects, run, lambda text: None)
    store(state, objects)
    return state


def evidence_file(objects: Objects) -> str:
    """Return the name of the only evidence file of a store."""
    (file,) = objects.names(f"sweeps/search/{EVIDENCE_FOLDER}")
    return file


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
    assert stored_evidence(changed, objects) == listed_evidence(changed, objects) == ({},)
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


def test_a_file_of_before_is_matched_by_the_number_of_its_searches(
    make_sweep: MakeSweep, finished: SearchState, copy: Objects
) -> None:
    older = json.loads(record(finished))
    del older["search"]["max_generations"], older["search"]["generations"]
    for probe in older["searches"][0]["probes"]:
        del probe["generations"]
    copy.put(FILE, json.dumps(older).encode())
    copy.delete([evidence_file(copy)])
    wider = make_sweep(SEARCH, *SHORT, "search.range=[0.25, 32]")
    assert stored_evidence(wider, copy) == ({},)
    assert listed_evidence(wider, copy) == (evidence_of(finished),)
    assert evidence_of(read_state(wider, copy)) == evidence_of(finished)
    two = make_sweep(SEARCH, *SHORT, "space.sample.covariance_scale=[2.0, 3.0]")
    assert listed_evidence(two, copy) == ({}, {})
    older["searches"] *= 2
    copy.put(FILE, json.dumps(older).encode())
    assert len(listed_evidence(two, copy)[1]) == 5
    searches = read_state(two, copy).searches
    assert [len(each.probes) for each in searches] == [5, 0], "all of it must be published, so both begin anew"


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no generations": lambda record: [probe.update(generations=0) for probe in record["probes"]],
    "too few generations": lambda record: [probe.update(generations=3) for probe in record["probes"]],
    "too many generations": lambda record: [probe.update(generations=10**9) for probe in record["probes"]],
    "a boolean value": lambda record: record["probes"][0].update(value=True),
    "a value of text": lambda record: record["probes"][0].update(value="1"),
    "no number as a value": lambda record: record["probes"][0].update(value=float("nan")),
    "no value": lambda record: record["probes"][0].pop("value"),
    "values out of order": lambda record: record["probes"].reverse(),
    "repeated seeds": lambda record: [probe.update(seeds=[0, 0, 1, 1, 2, 2, 3, 3]) for probe in record["probes"]],
    "too few seeds": lambda record: [probe.update(seeds=[0, 1, 2]) for probe in record["probes"]],
    "a negative seed": lambda record: record["probes"][0].update(seeds=[-1, 0, 1, 2, 3]),
    "seeds of text": lambda record: record["probes"][0].update(seeds=["0"]),
    "too many seeds": lambda record: record["probes"][0].update(seeds=[*range(20_000)]),
    "no seeds": lambda record: record["probes"][0].pop("seeds"),
    "no probes": lambda record: record.update(probes=None),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_damaged_probes_are_no_evidence(finished: SearchState, copy: Objects, damage: Callable[[Any], Any]) -> None:
    sweep = finished.resolved.sweep
    for file in (evidence_file(copy), FILE):
        content = json.loads(copy.get(file))
        damage(content["searches"][0])
        copy.put(file, json.dumps(content).encode())
    assert stored_evidence(sweep, copy) == listed_evidence(sweep, copy) == ({},)


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"search": {}}', b'{"search": {}, "searches": [1]}', b"[" * 10**5, b"\xff"]
)
def test_damaged_files_are_no_evidence(finished: SearchState, copy: Objects, content: bytes) -> None:
    sweep = finished.resolved.sweep
    copy.put(evidence_file(copy), content)
    copy.put(FILE, content)
    assert stored_evidence(sweep, copy) == listed_evidence(sweep, copy) == ({},)


def test_whole_axes_have_whole_values_and_a_file_with_a_search_too_many_is_not_read(
    make_sweep: MakeSweep, finished: SearchState, tmp_path: Path
) -> None:
    rows = make_sweep(
        SEARCH.replace("lambda, range: [0.25, 16]", "data.rows, range: [1, 200]").replace("mix", "replace")
    )
    probe = {"seeds": [4, 5, 6, 7], "generations": 6}  # new seeds at an estimate, without the first ones
    objects = Objects.open(tmp_path)
    for value, count in ((2.0, 0), (2, 1)):
        content: dict[str, Any] = {"search": {}, "searches": [{"probes": [{**probe, "value": value}]}] * 2}
        objects.put(FILE, json.dumps(content).encode())
        assert [len(probes) for probes in listed_evidence(rows, objects)] == [count, count]
    content["searches"].append({"probes": []})
    objects.put(FILE, json.dumps(content).encode())
    assert listed_evidence(rows, objects) == ({}, {})


@pytest.mark.parametrize("change", [{"generations": 10**9}, {"seeds": [0, 1, 2, 3, 2**70]}])
def test_evidence_with_which_the_sweep_could_not_be_read_is_no_error_of_the_file(
    finished: SearchState, copy: Objects, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setattr(module, "MAX_RETRAININGS", 10**18)
    for file in (evidence_file(copy), FILE):
        content = json.loads(copy.get(file))
        content["searches"][0]["probes"][1].update(change)
        copy.put(file, json.dumps(content).encode())
    sweep = finished.resolved.sweep
    assert stored_evidence(sweep, copy) != ({},)
    assert record(read_state(sweep, copy)) == record(finished), "from the ends on"


@pytest.mark.parametrize(
    "changes",
    [("search.range=[0.5, 8]", "search.generations=8", "search.width=0.7"), ("search.range=[0.3, 32]",)],
    ids=["longer", "wider"],
)
def test_a_changed_search_that_was_killed_ends_as_an_undisturbed_one(
    make_sweep: MakeSweep, copy: Objects, tmp_path: Path, changes: tuple[str, ...]
) -> None:
    sweep, kill, kills = make_sweep(SEARCH, *SHORT, *changes), random.Random(1), 0
    undisturbed = stored_search(sweep, copied(copy, tmp_path / "undisturbed"))
    while True:
        try:
            state = stored_search(sweep, copy, kill)
            break
        except Killed:
            kills += 1
    assert kills >= 1
    assert record(state) == record(undisturbed)


@pytest.mark.parametrize(
    "mistake",
    ["seeds=5", "space.sample.covariance_scale=3.0", "data.rows=100", "search.range=[1, 2]", "loop.generations=5"],
)
def test_a_mistaken_start_destroys_no_evidence(
    make_sweep: MakeSweep, finished: SearchState, copy: Objects, mistake: str
) -> None:
    mistaken = make_sweep(SEARCH, *SHORT, mistake)
    run_units(read_state(mistaken, copy), copy)
    store(read_state(mistaken, copy), copy)
    changed = read_state(make_sweep(SEARCH, *SHORT, "search.range=[0.25, 32]"), copy)
    missing = evidence_of(finished).keys() - evidence_of(changed).keys()
    assert not missing
    assert changed_settings_text(changed.resolved.sweep, copy) == ""


def test_nothing_is_stored_before_the_first_round_is_finished(
    make_sweep: MakeSweep, finished: SearchState, copy: Objects
) -> None:
    before = {name: copy.get(name) for name in copy.names("sweeps")}
    store(read_state(make_sweep(SEARCH, *SHORT, "seeds=5"), copy), copy)
    assert {name: copy.get(name) for name in copy.names("sweeps")} == before


def test_points_have_their_evidence_wherever_they_are_in_the_space(
    make_sweep: MakeSweep, finished: SearchState, copy: Objects
) -> None:
    """The evidence is that of a changed search, so a search from the ends has other values."""
    wider = "search.range=[0.25, 32]"
    two = make_sweep(SEARCH, *SHORT, "space.sample.covariance_scale=[3.0, 2.0]", wider)
    assert stored_evidence(two, copy) == ({}, evidence_of(finished))
    state = read_state(two, copy)
    assert state.resolved.sweep.search is not None
    assert state.resolved.sweep.search.evidence == ({}, evidence_of(finished))
    text = changed_settings_text(state.resolved.sweep, copy)
    assert text.startswith("sample.covariance_scale differs from the search that")
    run_units(state, copy)
    store(read_state(two, copy), copy)
    swapped = make_sweep(SEARCH, *SHORT, "space.sample.covariance_scale=[2.0, 3.0]", wider)
    first, second = stored_evidence(swapped, copy)
    assert (second, first) == stored_evidence(two, copy)
    assert set(second) == {0.25, 32}


@pytest.mark.parametrize(
    "changes", [(), ("space.sample.covariance_scale=1.0", "search.generations=8")], ids=["more seeds", "longer"]
)
def test_runs_of_a_round_that_is_not_finished_count_when_it_is(
    make_sweep: MakeSweep, tmp_path: Path, changes: tuple[str, ...]
) -> None:
    """Runs of an answer never become fewer, also where a round adds seeds to a value, or lengthens the control."""
    objects, sweep, counts = Objects.open(tmp_path), make_sweep(SEARCH, *SHORT, "search.runs=24", *changes), []
    while (state := read_state(sweep, objects)).pending:
        counts.append(threshold_of(state.searches[0]).runs)
        store(state, objects)
        run_units(state, objects, first=1)
    assert counts == sorted(counts)
    assert counts.count(0) == 3, "the first round has a unit for each end and one for the control"
    assert len(set(counts)) < len(counts), "some rounds had several units"
    assert threshold_of(state.searches[0]).runs == state.resolved.sweep.runs
