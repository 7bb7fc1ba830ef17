"""A search for a threshold on Ray."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raysc.cli import app
from raysc.results.table.table import load_table
from raysc.results.thresholds.rounds import read_state
from raysc.store.objects import Objects
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, record, search

pytestmark = pytest.mark.usefixtures("running_ray")


def test_a_search_on_ray_ends_as_one_in_this_process(make_sweep: MakeSweep, tmp_path: Path) -> None:
    file, store = tmp_path / "search.yaml", tmp_path / "store"
    file.write_text(SEARCH, encoding="utf-8")
    ran = CliRunner().invoke(app, ["sweep", str(file), "--storage", str(store)])
    assert ran.exit_code == 0, ran.output
    assert "sample.covariance_scale 2: lambda* " in ran.output
    objects, sweep = Objects.open(store), make_sweep(SEARCH)
    state, here = read_state(sweep, objects), search(sweep, Objects.open(tmp_path / "here"))
    assert record(state) == record(here)
    assert objects.get("sweeps/search/threshold.json") == record(here)
    assert json.loads(record(here))["searches"][1]["outcome"] == "threshold"
    assert len(load_table(state.resolved, objects)) == state.resolved.sweep.runs * 7
    assert {"thresholds.csv", "threshold-evidence.csv", "thresholds.png"} <= {
        file.name for file in (store / "sweeps/search").iterdir()
    }
    again = CliRunner().invoke(app, ["sweep", str(file), "--storage", str(store)])
    assert "0 units to run" in again.output
    assert "starting Ray" not in again.output
