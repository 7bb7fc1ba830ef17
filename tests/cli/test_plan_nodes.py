"""`raysc plan` with prices: how many nodes, how long, at what cost."""

import json
from pathlib import Path

from typer.testing import CliRunner

from raysc.cli import app
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

PRICES = ("--set", "prices={small: {hour: 3600, cpus: 2}}")


def plan(sweep: Sweep, store: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["plan", sweep.path, "--storage", store, *PRICES, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_without_measured_times_only_the_nodes_are_known(gaussian_store: tuple[Sweep, Objects], tmp_path: Path) -> None:
    told = plan(gaussian_store[0], str(tmp_path))
    assert "nodes: up to 2 small at once; no duration yet, since nothing was measured" in told


def test_what_this_machine_has_does_not_matter_where_nodes_are_priced(
    gaussian_store: tuple[Sweep, Objects], tmp_path: Path
) -> None:
    nodes = ("--set", "resources.cpus=4096", "--set", "prices={large: {hour: 90, cpus: 4096}}")
    assert "nodes: up to 4 large at once" in plan(gaussian_store[0], str(tmp_path), *nodes)
    unpriced = ["plan", gaussian_store[0].path, "--storage", str(tmp_path), "--set", "resources.cpus=4096"]
    assert "this machine has" in str(CliRunner().invoke(app, unpriced).exception)


def test_measured_times_tell_how_long_and_at_what_cost(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    longer = ("--set", "loop.generations=4000")
    told = plan(sweep, objects.uri, *longer)
    assert "nodes: up to 2 small at once, about " in told
    assert "at a cost of " in told
    (one,) = json.loads(plan(sweep, objects.uri, *longer, "--json"))["nodes"]
    assert (one["name"], one["nodes"]) == ("small", 2)
    assert one["price"] == one["hours"] * 2 * 3600 > 0


def test_a_finished_sweep_needs_none(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    assert "nodes:" not in plan(sweep, objects.uri)
