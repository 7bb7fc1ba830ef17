"""Early stopping of seeds, and controls that match their cells, on a real Ray."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from raysc.cli import app
from tests.command_line import open_resolved, table_of

pytestmark = pytest.mark.usefixtures("running_ray")

COLLAPSE = """
name: collapse
data: {name: gaussian, dim: 2}
model: gaussian
loop: {generations: 2000, until: {metric: trace_ratio, below: 1e-6}}
space: {regime: replace, data.rows: [8, 16]}
seeds: 6
metrics: [trace_ratio, mean_error]
measure: log
control: false
"""

VALUE = """
name: value
data: {name: digits, rows: 60}
model: {name: flow_matching, width: 16, depth: 1}
initial: {steps: 4}
loop: {generations: 2, start: scratch, budget: {epochs: 1}}
train: {batch: 20}
sample: {steps: 2}
space:
  - {regime: counts, regime.real: [20, 60], regime.synthetic: [0, 90]}
  - {regime: [accumulate, replace]}
control: matched
seeds: 1
metrics: [{name: frechet_distance, features: pixels}]
"""


def run(folder: Path, text: str, *arguments: str) -> tuple[str, pd.DataFrame]:
    file = folder / "grid.yaml"
    file.write_text(text)
    result = CliRunner().invoke(app, ["sweep", str(file), "--storage", str(folder / "store"), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output, table_of(file, folder / "store", *arguments[1::2])


def test_collapsed_gaussians_end_early_and_are_done(tmp_path: Path) -> None:
    output, table = run(tmp_path, COLLAPSE)
    assert "a seed ends where trace_ratio is at or below 1e-06" in output
    last = table[table["generation"] == 2000]
    assert len(last) == 12
    assert (last["trace_ratio"] <= 1e-6).all()
    assert (last["optimiser_steps"] == 0).all()
    ends = last.groupby("data.rows")["ended_generation"].median()
    # A fit of n rows loses psi((n-1)/2) + ln(2/n), about 2/n, of a variance's logarithm: ln(1e6) of it are lost
    # after some 7 n fits in one dimension, and somewhat earlier in two, whose larger variance counts.
    assert ends.between(4 * ends.index, 12 * ends.index).all()
    assert "0 units to run" in run(tmp_path, COLLAPSE, "--set", "loop.generations=3000")[0]
    without = run(tmp_path, COLLAPSE, "--set", "loop={generations: 200}")[1]
    both = table.merge(without, on=["cell", "seed", "generation"])
    before = both[both["generation"] <= both["ended_generation"]]
    assert len(before) > 100
    np.testing.assert_allclose(before["trace_ratio_x"], before["trace_ratio_y"], rtol=1e-6)


def test_matched_controls_take_the_steps_of_their_cells_on_their_real_rows(tmp_path: Path) -> None:
    output, table = run(tmp_path, VALUE)
    assert "note: matched controls train on real rows only, as long as their cells: counts, real 20, synth" in output
    sweep = open_resolved(tmp_path / "grid.yaml", tmp_path / "store")[0].sweep
    later: Any = table[table["generation"] > 0].set_index(["cell", "generation"])
    steps = later["optimiser_steps"].unstack()
    # Batches of 20: 20 or 60 real rows, 90 synthetic ones beside them, accumulate's 120 and 180, and replace's 60.
    assert steps.loc[:5].to_numpy().tolist() == [[1, 1], [6, 6], [3, 3], [8, 8], [6, 9], [3, 3]]
    for number, cell in enumerate(sweep.cells):
        assert cell.compared_with is not None
        assert steps.loc[number].tolist() == steps.loc[cell.compared_with].tolist()
        control = later.loc[cell.compared_with]
        assert (control["rows_synthetic"] == 0).all()
        real = cell.regime.parameters["real"] if cell.regime.name == "counts" else 60
        assert (control["rows_real"] == real).all()
        ratio = later.loc[number, "frechet_distance[pixels]"] / control["frechet_distance[pixels]"]
        np.testing.assert_allclose(later.loc[number, "frechet_distance[pixels]_excess"], np.log(ratio), atol=1e-12)
    assert len(sweep.cells) == 6 + 4, "replace has the declared control, which has 60 rows and 3 steps as counts 60, 0"
    assert table[table["generation"] == 0]["lineage"].nunique() == 1
