"""raysc leaderboard."""

import json
from pathlib import Path

from tests.cli.conftest import RunRaysc
from tests.results.leaderboard.conftest import Record


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
    assert latex[1] == r"\begin{tabular}{llrrrrrrr}"
    assert latex[-1].startswith("% sha256 ")


def test_a_store_that_does_not_exist(raysc: RunRaysc, small_benchmark: Path) -> None:
    ran = raysc("leaderboard", "nowhere")
    assert ran.status == 2
    assert "there is no such folder" in ran.err
