"""Sweeps on a real Ray, run by the command."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ray import tune
from safetensors.numpy import load_file
from typer.testing import CliRunner

from raysc.cli import app
from raysc.cluster.trial import run_trial
from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import plan_of, table_of, without_seconds

pytestmark = pytest.mark.usefixtures("running_ray")

GAUSSIAN = """
name: toy
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 3}
space: {regime: [replace, accumulate], lambda: [0.5, 1.0]}
seeds: 4
metrics: [frechet_distance]
"""

DIGITS = """
name: digits
data: {name: digits, rows: 300}
model: {name: flow_matching, width: 32, depth: 1}
loop: {generations: 2, budget: {steps: 6}}
train: {batch: 32, ema: {half_life: 2}}
sample: {rows: 300, steps: 2}
space: {regime: [mix, accumulate_subsample], lambda: 1.5, initial.steps: [4, 8]}
seeds: 1
metrics: [{name: frechet_distance, features: pixels}, {name: precision, features: pixels}]
"""

STORIES = """
name: stories
data: {name: stories, rows: 48, length: 32}
model: {name: causal_lm, width: 16, depth: 1, heads: 2}
initial: {steps: 8}
loop: {generations: 1, budget: {epochs: 1}}
train: {batch: 8, lr: 1e-2}
space: {regime: replace}
seeds: 1
metrics: [cross_entropy]
control: false
"""

TWO_RANKS = ("--set", "resources={workers: 2, cpus: 0.5}")
RunSweep = Callable[[Sweep, Objects], None]


def write(folder: Path, text: str) -> Path:
    file = folder / "grid.yaml"
    file.write_text(text)
    return file


def sweep(file: Path, store: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["sweep", str(file), "--storage", str(store), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def finish(folder: Path, text: str) -> tuple[Path, Path]:
    """Run a sweep to its end; return its file and its store."""
    file, store = write(folder, text), folder / "store"
    status, output = sweep(file, store)
    assert status == 0, output
    return file, store


@pytest.fixture(scope="module")
def gaussians(tmp_path_factory: pytest.TempPathFactory, running_ray: None) -> tuple[Path, Path]:
    """A finished closed-form sweep: its file and its store."""
    return finish(tmp_path_factory.mktemp("gaussians"), GAUSSIAN)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, running_ray: None) -> tuple[Path, Path]:
    """A finished sweep of a trained family: its file and its store."""
    return finish(tmp_path_factory.mktemp("digits"), DIGITS)


def test_a_closed_form_sweep_runs_and_a_second_call_has_nothing_to_do(gaussians: tuple[Path, Path]) -> None:
    file, store = gaussians
    frame = table_of(file, store)
    assert len(frame) == 5 * 4 * 4
    assert frame["frechet_distance"].notna().all()
    status, output = sweep(file, store)
    assert status == 0
    assert "0 units to run" in output
    pd.testing.assert_frame_equal(table_of(file, store), frame)


def test_coupled_models_run_in_one_trial_and_are_cells_of_their_own(tmp_path: Path) -> None:
    kde = "{name: kde, bandwidth: 0.5}"
    models = f"models: {{count: 3, reads: cycle, each: {{data.mean: [0, 1, 5], model: [gaussian, {kde}, gaussian]}}}}"
    text = GAUSSIAN.replace("model: gaussian", f"model: gaussian\n{models}").replace("[replace, accumulate]", "mix")
    file, store = write(tmp_path, text.replace("[frechet", "[model_diversity, frechet")), tmp_path / "store"
    status, output = sweep(file, store)
    assert status == 0, output
    assert "3 units to run" in output
    frame = table_of(file, store)
    assert len(frame) == 3 * 3 * 4 * 4
    assert frame[["model_diversity", "frechet_distance"]].notna().all().all()
    assert (frame.groupby("models.index")["data.mean"].first() == [0, 1, 5]).all()
    assert "0 units to run" in sweep(file, store)[1]


def test_coupled_models_that_are_trained_share_the_ranks_of_their_trial(tmp_path: Path) -> None:
    text = DIGITS.replace("model: {", "models: {count: 2, real: own}\nresources: {workers: 2, cpus: 0.5}\nmodel: {")
    text = text.replace("[mix, accumulate_subsample], lambda: 1.5, initial.steps: [4, 8]", "mix, lambda: 1")
    text = text.replace("rows: 300}\n", "rows: 300}\ninitial: {steps: 4}\ncontrol: false\n", 1)
    text = text.replace("metrics: [", "metrics: [model_diversity, ").replace("rows: 300, steps", "rows: 600, steps")
    file, store = write(tmp_path, text), tmp_path / "store"
    status, output = sweep(file, store)
    assert status == 0, output
    frame = table_of(file, store)
    assert len(frame) == 2 * 3
    assert frame["model_diversity"].notna().all()
    assert (frame.groupby("generation")["model_diversity"].nunique() == 1).all()
    assert (frame.groupby("generation")["frechet_distance[pixels]"].nunique() == 2).all()
    assert "0 units to run" in sweep(file, store)[1]


def test_tunes_own_table_shows_the_axes(gaussians: tuple[Path, Path]) -> None:
    _, store = gaussians
    folder = next((store / "sweeps/toy/tune").iterdir())
    trials = tune.ExperimentAnalysis(str(folder)).dataframe()
    assert set(trials["config/regime"]) == {"replace", "accumulate", "real_only"}
    assert set(trials["config/lambda"].dropna()) == {0.5, 1.0}
    grid = tune.Tuner.restore(str(folder), trainable=run_trial).get_results()
    assert len(grid) == 5
    assert grid.num_errors == 0


def test_trained_units_share_generation_0_and_its_training_run(digits: tuple[Path, Path]) -> None:
    file, store = digits
    frame = table_of(file, store)
    initial = frame[frame["generation"] == 0]
    assert len(initial) == 6
    assert initial["lineage"].nunique() == 2, "one S_0 for each initial quality"
    trials = [folder for folder in (store / "sweeps/digits/tune").glob("*/generation_0_*") if folder.is_dir()]
    assert len(trials) == 1, "4 and 8 steps are snapshots of one run"
    assert (frame.loc[frame["regime"] == "mix", "share"].iloc[-1]) == pytest.approx(450 / 750)


def test_both_pools_give_the_same_numbers_to_the_last_bit(digits: tuple[Path, Path], tmp_path: Path) -> None:
    file, store = digits
    assert sweep(file, tmp_path / "other", "--set", "pool=object_store")[0] == 0
    expected, actual = (without_seconds(table_of(file, folder)) for folder in (store, tmp_path / "other"))
    pd.testing.assert_frame_equal(actual, expected, check_exact=True)


def test_two_ranks_train_together_and_each_writes_its_own_rows(digits: tuple[Path, Path], tmp_path: Path) -> None:
    file, store = digits
    one_cell = ("--set", "space.regime=mix", "--set", "space.initial.steps=8", "--set", "control=false")
    status, output = sweep(file, tmp_path / "two", *one_cell, *TWO_RANKS)
    assert status == 0, output
    (cell,) = plan_of(file, tmp_path / "two", *one_cell[1::2]).cells
    lineage = cell.keys.lineage
    span = f"{lineage}/0/2-2"
    record = json.loads((tmp_path / "two/spans" / span).read_text())
    assert record["ranks"] == 2
    assert [entry["first"] for entry in record["rows"] if entry["generation"] == 2] == [0, 256]
    models = [next((folder / "attempts" / span).rglob("model/*.safetensors")) for folder in (store, tmp_path / "two")]
    one_rank, two_ranks = (load_file(model) for model in models)
    differences = [float(np.abs(one_rank[name] - two_ranks[name]).max()) for name in one_rank]
    assert 0 < max(differences) < 1e-4, "two ranks add gradients in another order"


def test_the_cross_entropy_of_a_language_model_is_equal_for_one_and_two_ranks(
    run_sweep: RunSweep, tmp_path: Path
) -> None:
    file = write(tmp_path, STORIES)
    run_sweep(*open_sweep(str(file), str(tmp_path / "one"), ()))  # one rank, in this process
    status, output = sweep(file, tmp_path / "two", *TWO_RANKS)
    assert status == 0, output
    one_rank, two_ranks = (table_of(file, tmp_path / store)["cross_entropy"].to_numpy() for store in ("one", "two"))
    assert len(one_rank) == 2
    np.testing.assert_allclose(two_ranks, one_rank, atol=1e-4, rtol=0)


def test_a_failing_unit_is_counted_and_its_traceback_stored_and_the_others_continue(tmp_path: Path) -> None:
    (tmp_path / "broken_rule.py").write_text(
        "from dataclasses import dataclass\n"
        "from raysc.regimes.recipe import REAL, Recipe, Take\n\n\n"
        "@dataclass(frozen=True)\n"
        "class Broken:\n"
        "    version = 1\n"
        "    default_lambda = 'not taken'\n\n"
        "    def recipe(self, generation, rows, lambda_):\n"
        "        return Recipe((Take(REAL, rows, among=rows, choose=self.choose),))\n\n"
        "    def choose(self, candidates, real, count, generator):\n"
        "        raise ArithmeticError('the rule broke')\n"
    )
    text = GAUSSIAN.replace("[replace, accumulate]", "['broken_rule:Broken', replace]").replace("[0.5, 1.0]", "1.0")
    file, store = write(tmp_path, text), tmp_path / "store"
    # The plan has tried every recipe by then, and no function of a take.
    status, output = sweep(file, store, "--set", "loop.generations=4")
    assert status == 1
    assert "1 failed" in output
    tracebacks = [path.read_text() for path in (store / "sweeps/toy/failures").rglob("*.txt")]
    assert len(tracebacks) == 1
    assert "the rule broke" in tracebacks[0]
    assert set(table_of(file, store, "loop.generations=4")["regime"]) == {"replace", "real_only"}


def test_a_diverged_model_is_a_result(tmp_path: Path) -> None:
    text = DIGITS.replace("batch: 32,", "batch: 32, lr: 1e30,").replace("[mix, accumulate_subsample]", "mix")
    file, store = write(tmp_path, text), tmp_path / "store"
    status, _ = sweep(file, store, "--set", "space.initial.steps=4", "--set", "control=false")
    assert status == 0
    assert table_of(file, store, "space.initial.steps=4", "control=false")["diverged"].all()
    assert "0 units to run" in sweep(file, store, "--set", "space.initial.steps=4", "--set", "control=false")[1]


def test_a_request_beyond_the_capacity_is_refused_with_the_amounts(tmp_path: Path) -> None:
    file, store = write(tmp_path, DIGITS), tmp_path / "store"
    with pytest.raises(
        InputError, match=r"resources.*asks for 1 CPU and 4 GPU, and no node of this Ray cluster has that"
    ):
        sweep(file, store, "--set", "resources.gpus=4")
    assert not (store / "spans").exists()


def test_rows_in_the_object_store_of_two_ranks_are_drawn_again_when_a_sweep_grows(tmp_path: Path) -> None:
    file, store = write(tmp_path, DIGITS.replace("rows: 300", "rows: 600")), tmp_path / "store"
    overrides = ("pool=object_store", "space.regime=mix", "space.initial.steps=8", "control=false")
    settings = [argument for override in overrides for argument in ("--set", override)]
    assert sweep(file, store, *settings, *TWO_RANKS, "--set", "loop.generations=1")[0] == 0
    status, output = sweep(file, store, *settings)
    assert status == 0, output
    assert table_of(file, store, *overrides)["generation"].max() == 2
