"""raysc leaderboard."""

import json
from pathlib import Path

import pytest

from raysc.results.leaderboard.benchmark import BenchmarkFile, sweep_with
from raysc.store.objects import Objects
from raysc.store.sweep_record import read_sweep_records, write_sweep_record
from tests.cli.conftest import RunRaysc
from tests.results.leaderboard.conftest import Record
from tests.results.leaderboard.test_leaderboard import PLUGIN


def test_the_leaderboard_in_all_forms(raysc: RunRaysc, small_benchmark: Path, run_recorded: Record, here: Path) -> None:
    objects = run_recorded(small_benchmark, here / "store")
    heading, _, *lines = raysc("leaderboard", "store").out.splitlines()
    assert heading.split()[:5] == ["data", "mitigation", "seeds", "damage", "gain"]
    assert lines[-1].startswith("sha256 ")
    assert lines[-1].endswith(f" of gaussian in {objects.uri}")

    entries = json.loads(raysc("leaderboard", objects.uri, "--json").out)
    assert [entry["mitigation"] for entry in entries][-1] == "replace"
    assert {entry["sha256"] for entry in entries} == {lines[-1].split()[1]}
    assert entries[0]["lambda"] is None

    markdown = raysc("leaderboard", "store", "--markdown").out.splitlines()
    assert markdown[0].startswith("| data | mitigation | seeds | damage | gain | lambda* |")
    latex = raysc("leaderboard", "store", "--latex").out.splitlines()
    assert r"\begin{tabular}{llrrrrrrr}" in latex
    assert latex[-1].startswith("% sha256 ")


def test_names_of_a_store_are_printed_without_control_characters(
    raysc: RunRaysc, small_benchmark: Path, run_recorded: Record, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "control_plugin.py").write_text(PLUGIN, encoding="utf-8")
    file = BenchmarkFile("benchmark-v1-gaussian", small_benchmark)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(here))
        objects = run_recorded(sweep_with(file, "mix", "control_plugin:Typical"), here / "store", "seeds=2")
    record = next(read_sweep_records(objects))
    space = {"regime": "mix", "lambda": 1, "curation": "x:\x1b[2J"}
    write_sweep_record(objects, record.name, {**record.resolved, "space": space}, record.keys)
    write_sweep_record(objects, "benchmark-v1-gaussian-bad", {**record.resolved, "space": "\x1b[2J"}, record.keys)
    for form in ("--markdown", "--latex"):
        ran = raysc("leaderboard", "store", form)
        assert "x1b[2J" in ran.out
        assert "\x1b" not in ran.out + ran.err
        assert "note: " in ran.err
        assert "sweep benchmark-v1-gaussian-bad is left out" in ran.err


def test_a_store_without_a_complete_seed(raysc: RunRaysc, small_benchmark: Path, here: Path) -> None:
    resolved = BenchmarkFile("benchmark-v1-gaussian", small_benchmark).resolve()
    keys = resolved.keys | resolved.reference_keys
    write_sweep_record(Objects.open(here / "store"), resolved.sweep.name, resolved.sweep.resolved, keys)
    for form in ((), ("--markdown",), ("--latex",)):
        assert raysc("leaderboard", "store", *form).out == "no complete seed yet\n"
    assert json.loads(raysc("leaderboard", "store", "--json").out) == []


def test_a_store_that_does_not_exist(raysc: RunRaysc, small_benchmark: Path) -> None:
    ran = raysc("leaderboard", "nowhere")
    assert ran.status == 2
    assert "there is no such folder" in ran.err
