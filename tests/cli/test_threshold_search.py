"""Commands on a sweep with a search for a threshold."""

import json
from pathlib import Path

import pytest

from raysc.results.thresholds import rounds
from raysc.results.thresholds.rounds import SearchState, read_state
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import RunRaysc
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, record, search


@pytest.fixture
def file(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (here / "search.yaml").write_text(SEARCH, encoding="utf-8")
    return "search.yaml"


@pytest.fixture
def finished(here: Path, file: str, make_sweep: MakeSweep) -> str:
    """A sweep whose search has its answers."""
    objects, sweep = Objects.open("raysc-store"), _sweep(make_sweep)
    state = search(sweep, objects)
    objects.put("sweeps/search/threshold.json", record(state))
    return file


def _sweep(make_sweep: MakeSweep) -> Sweep:
    return make_sweep(SEARCH)


def test_a_plan_has_the_ceiling_of_a_search_and_its_next_round(raysc: RunRaysc, file: str) -> None:
    lines = raysc("plan", file).out.splitlines()
    (line,) = [line for line in lines if line.startswith("search: 2 ")]
    assert line.startswith("search: 2 thresholds of lambda, with at most 800 runs (4,800 retrainings)")
    assert "loop: 6 units to run: new" in lines
    (expected,) = [line for line in lines if line.startswith("search: about ")]
    assert expected.endswith(" runs expected, 0 done; no duration yet, since no run was measured")
    plan = json.loads(raysc("plan", file, "--json", "--set", "search.hours=2").out)["search"]
    assert [plan[name] for name in ("searches", "runs_at_most", "hours_at_most")] == [2, 800, 4]
    assert (plan["expected"]["hours"], plan["expected"]["runs_done"]) == (None, 0)
    assert "and no new ones after 2 h 00 min of units each" in raysc("plan", file, "--set", "search.hours=2").out


def test_the_ceiling_counts_the_most_generations_of_a_value(raysc: RunRaysc, file: str) -> None:
    longer = ("plan", file, "--set", "search.generations=20")
    ran = raysc(*longer)
    assert "with at most 800 runs (16,000 retrainings)" in ran.out
    assert "generations: 144 in all" in ran.out, "the first round has loop.generations"
    refused = raysc(*longer, "--set", "keep.training_state=none")
    assert refused.status == 2
    assert "keep.training_state: expected last: with search.generations" in refused.err


def test_a_status_before_the_first_run_has_no_estimate(raysc: RunRaysc, file: str) -> None:
    assert raysc("status", file).out.count("lambda*: searching, from 0.25 to 16; no estimate yet, 0 runs") == 2


def test_a_status_reads_the_store_once_for_its_table_and_its_answers(
    raysc: RunRaysc, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def counted(sweep: Sweep, objects: Objects) -> SearchState:
        reads.append(sweep.name)
        return read_state(sweep, objects)

    monkeypatch.setattr(rounds, "read_state", counted)
    assert "no estimate yet" in raysc("status", file).out
    assert reads == ["search"]


@pytest.mark.slow
def test_commands_have_the_answers_and_the_generations_that_ran(raysc: RunRaysc, finished: str, here: Path) -> None:
    """The last generation is that of the cell, below the ceiling."""
    export = ("--export", "set", "--cell", "0", "--set", "search.generations=20")
    assert raysc("samples", finished, *export).out.startswith("wrote set")
    assert (here / "set").is_dir()
    for command in ("status", "results"):
        lines = raysc(command, finished).out.splitlines()
        assert any(line.startswith("sample.covariance_scale 1: lambda: none up to 16; ") for line in lines)
        assert any(line.startswith("sample.covariance_scale 2: lambda* ") for line in lines)
    plan = raysc("plan", finished).out
    assert "nothing to do" in plan
    assert " runs done, in " in plan
