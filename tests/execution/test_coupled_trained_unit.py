"""Coupled models that are trained in steps: resumed, shared, dropped, diverged and measured as those of one model."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from raysc.execution import trained_lineage
from raysc.execution.ranks import TrainedRank
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.retention_rules import retention_rules
from raysc.pool.exchange import reads_diverged
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.rng import model_seeds, stream
from raysc.store.gc import collect_garbage
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedStateError, is_training_state
from raysc.store.spans import Span
from raysc.store.sweep_record import write_sweep_record
from raysc.store.trash import move_damaged_to_trash, move_dropped_to_trash
from raysc.sweepfile import Sweep
from tests.command_line import results

pytestmark = pytest.mark.slow

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
RunAndKill = Callable[[Sweep, Objects, int], None]
Fits = list[tuple[int, int]]

POINTS = """\
name: coupled
data: {name: eight_gaussians, rows: 24}
model: {name: flow_matching, width: 8, depth: 1}
models: {count: 3, reads: star}
initial: {steps: 2}
loop: {generations: 3, budget: {steps: 2}}
sample: {steps: 1}
train: {batch: 8}
space: {regime: mix, lambda: 1.0}
seeds: 2
metrics: [feature_variance, model_diversity]
control: false
"""
PIXELS = "metrics=[{name: feature_variance, features: pixels}, model_diversity]"
DIGITS = ("data={name: digits, rows: 24}", PIXELS, "seeds=1")
PAIR = ("models={count: 2, reads: complete}", "pool=object_store", "space.regime=accumulate")
VALUES = ["feature_variance", "model_diversity"]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    """Model and generation of every fit that is made while a test runs."""
    made: Fits = []
    fit = TrainedRank.fit

    def noted(self: TrainedRank, generation: int, *arguments: Any) -> Any:
        made.append((self.model_number, generation))
        return fit(self, generation, *arguments)

    monkeypatch.setattr(TrainedRank, "fit", noted)
    return made


def lose_span(sweep: Sweep, objects: Objects, t: int) -> None:
    """Delete generation t of model 0, seed 0."""
    lineage = resolve(sweep).cells[0].keys.lineage
    objects.delete([Span(t, t, lineage, (0,)).name])


@pytest.mark.parametrize("changes", [(), ("space.regime=replace", "keep={models: last}"), (*DIGITS, *PAIR, "seeds=2")])
def test_a_unit_that_was_killed_between_its_models_goes_on_where_it_was(
    changes: tuple[str, ...], make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path,
    fits: Fits,
) -> None:  # fmt: skip
    sweep = make_sweep(POINTS, *changes)
    models, calm, killed = len(sweep.cells), Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(sweep, calm)
    undisturbed = [(model, t) for t in range(4) for model in range(models)]
    assert fits == undisturbed
    fits.clear()
    run_and_kill(sweep, killed, 2)
    assert fits == undisturbed[: 2 * models + 1], "model 0 has made generation 2, and the others have not"
    (unit,) = make_plan(resolve(sweep), killed).loop
    assert unit.seeds == (0, 1), "seeds of images and of points train as a pack"
    assert (unit.first, unit.missing, unit.reason) == (2, 1 + 2 * (models - 1), "more generations")
    run_sweep(sweep, killed)
    assert fits == undisturbed, "no generation of a model was fitted twice"
    pd.testing.assert_frame_equal(results(sweep, killed), results(sweep, calm), check_exact=True)


def test_garbage_collection_leaves_what_a_model_needs_to_catch_up(
    make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path, fits: Fits
) -> None:
    sweep = make_sweep(POINTS, "space.regime=replace", "keep={models: last}", "seeds=1")
    calm, killed = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(sweep, calm)
    run_and_kill(sweep, killed, 2)
    write_sweep_record(killed, sweep.name, sweep.resolved, resolve(sweep).keys)
    later = datetime.now(UTC) + timedelta(days=9)
    for _ in collect_garbage(killed, later, partial(retention_rules, report=print)):
        pass
    fits.clear()
    run_sweep(sweep, killed)
    assert fits == [(1, 2), (2, 2), (0, 3), (1, 3), (2, 3)]
    pd.testing.assert_frame_equal(results(sweep, killed), results(sweep, calm), check_exact=True)


def test_a_sweep_that_kept_no_training_state_grows_by_training_all_models_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    changes = ("keep={models: last, training_state: none}", "space.regime=replace", "seeds=1")
    short, long = make_sweep(POINTS, *changes, "loop.generations=2"), make_sweep(POINTS, *changes)
    grown, whole = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(short, grown)
    (unit,) = make_plan(resolve(long), grown).loop
    assert (unit.reason, unit.first, unit.missing, unit.refits) == ("states not kept", 3, 3, 6)
    fits.clear()
    run_sweep(long, grown)
    assert fits == [(model, t) for t in (1, 2, 3) for model in range(3)]
    run_sweep(long, whole)
    pd.testing.assert_frame_equal(results(long, grown), results(long, whole), check_exact=True)


@pytest.mark.parametrize("collects", [False, True])
def test_retention_and_garbage_collection_leave_what_a_gap_needs(
    collects: bool, make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path, fits: Fits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sweep = make_sweep(POINTS, "space.regime=replace", "seeds=1", "loop.generations=4")
    objects = Objects.open(str(tmp_path))
    run_and_kill(sweep, objects, 4)
    lose_span(sweep, objects, 3)
    if collects:
        write_sweep_record(objects, sweep.name, sweep.resolved, resolve(sweep).keys)
        for _ in collect_garbage(
            objects, datetime.now(UTC) + timedelta(days=9), partial(retention_rules, report=print)
        ):
            pass
    monkeypatch.setattr(trained_lineage, "RETENTION_SECONDS", 0.0)
    fits.clear()
    run_sweep(sweep, objects)
    assert fits == [(0, 3), (1, 4), (2, 4)]
    assert make_plan(resolve(sweep), objects).units == ()


def test_a_plan_counts_the_generations_that_are_trained_again_for_their_rows(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    changes = ("keep={models: last, training_state: none}", "space.regime=replace", "seeds=1")
    sweep, objects = make_sweep(POINTS, *changes, "models.reads=cycle"), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    before = results(sweep, objects)
    lose_span(sweep, objects, 3)
    (unit,) = make_plan(resolve(sweep), objects).loop
    assert (unit.reason, unit.first, unit.missing, unit.refits) == ("states not kept", 3, 1, 6)
    fits.clear()
    run_sweep(sweep, objects)
    assert fits == [(model, t) for t in (1, 2) for model in range(3)] + [(0, 3)]
    pd.testing.assert_frame_equal(results(sweep, objects)[VALUES], before[VALUES], check_exact=True)


def test_a_model_whose_state_is_damaged_catches_up_by_itself(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    text = POINTS.replace("count: 3, reads: star", "count: 2, reads: complete")
    short, long = (make_sweep(text, "space.regime=replace", "seeds=1", f"loop.generations={last}") for last in (2, 3))
    objects = Objects.open(str(tmp_path))
    run_sweep(short, objects)
    lineage = resolve(short).cells[1].keys.lineage
    manifest = Span(2, 2, lineage, (0,)).read_manifest(objects)
    for file in filter(is_training_state, manifest.files):
        objects.put(manifest.object_name(file), b"damaged")
    with pytest.raises(DamagedStateError) as damage:
        run_sweep(long, objects)
    move_damaged_to_trash(objects, damage.value)
    fits.clear()
    run_sweep(long, objects)
    assert fits == [(1, 1), (1, 2), (1, 3)], "model 0 has its states and rows"


def test_models_by_themselves_are_the_loops_of_single_models(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    text = POINTS.replace("count: 3, reads: star", "count: 2, reads: self").replace(", model_diversity", "")
    single, objects = text.replace("models: {count: 2, reads: self}\n", ""), Objects.open(str(tmp_path))
    coupled, first = make_sweep(text, "seeds=1"), make_sweep(single, "seeds=1")
    second = make_sweep(single, f"seeds=[{model_seeds((0,), 1)[0]}]")
    run_sweep(coupled, objects)
    fits.clear()
    run_sweep(first, objects)
    assert fits == [(0, 1), (0, 2), (0, 3)], "model 0 has the generation 0 of a loop by itself"
    run_sweep(second, objects)
    table = results(coupled, objects)
    for model, sweep in enumerate((first, second)):
        of_model = table[table["models.index"] == model].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_model[VALUES[:1]], results(sweep, objects)[VALUES[:1]], check_exact=True)
    for t in (0, 2):
        rows = [sampled_rows(cell, 0, t, objects) for cell in resolve(coupled).cells]
        alone = sampled_rows(resolve(second).cells[0], model_seeds((0,), 1)[0], t, objects)
        np.testing.assert_array_equal(rows[1], alone)


def test_graphs_share_generation_0_and_a_metric_that_compares_models_needs_no_fit(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    graphs = POINTS.replace(", reads: star", "").replace("lambda: 1.0", "lambda: 1.0, models.reads: [cycle, star]")
    few = ("seeds=1", "loop.generations=1", "models.count=4")
    bare, sweep = make_sweep(graphs.replace(", model_diversity", ""), *few), make_sweep(graphs, *few)
    objects = Objects.open(str(tmp_path))
    assert len(make_plan(resolve(sweep), objects).initial) == 4
    run_sweep(bare, objects)
    fits.clear()
    assert {unit.reason for unit in make_plan(resolve(sweep), objects).units} == {"metric only"}
    run_sweep(sweep, objects)
    assert (fits, make_plan(resolve(sweep), objects).units) == ([], ())
    table, cells = results(sweep, objects), resolve(sweep).cells
    for (_, t), generation in table.groupby(["models.reads", "generation"]):
        means = []
        for cell in generation["cell"]:
            rows = sampled_rows(cells[cell], 0, int(str(t)), objects)
            assert rows is not None
            means.append(rows.astype(float).mean(axis=0))
        diversity = np.square(means - np.mean(means, axis=0)).sum(axis=1).mean()
        np.testing.assert_allclose(generation["model_diversity"], diversity)


def test_readers_of_a_diverged_model_diverge_and_others_go_on(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    matrix = "[[1, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]"
    models = f"models={{count: 3, reads: {matrix}, each: {{loop.train.lr: [1.0e+30, 1.0e-3, 1.0e-3]}}}}"
    sweep, objects = make_sweep(POINTS, models, *DIGITS), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    assert make_plan(resolve(sweep), objects).units == ()
    table = results(sweep, objects)
    diverged = table.pivot(index="models.index", columns="generation", values="diverged").to_numpy()
    assert diverged.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert table.loc[~table["diverged"], "feature_variance[pixels]"].notna().all()
    assert table.loc[table["generation"] > 0, "model_diversity"].isna().all()
    newly_diverged = table[table["generation"] == table["models.index"] + 1]
    counts = newly_diverged[["rows_real", "rows_synthetic", "optimiser_steps"]].to_numpy()
    assert counts.tolist() == [[24, 24, 2]] * 3, "as those of a seed of a pack, which is trained"


def test_new_real_rows_are_of_no_diverged_seed(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    models = "models={count: 2, reads: self, each: {loop.train.lr: [1.0e+30, 1.0e-3]}}"
    changes = (models, *DIGITS, "data.reserve=30", "space.regime={name: fresh, rows: 5}", "loop.generations=2")
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    diverged = results(sweep, objects).pivot(index="models.index", columns="generation", values="diverged")
    assert diverged.to_numpy().tolist() == [[0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("keep", ["{}", "{training_state: none}"])
def test_a_seed_of_a_pack_of_images_that_takes_rows_of_a_diverged_seed_diverges(
    keep: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = TrainedRank._weights

    def poisoned(self: TrainedRank, weights: Any, generation: int) -> Any:
        state = start(self, weights, generation)
        if self.model_number or not generation:
            return state
        seed_1 = torch.tensor([0.0, torch.inf])
        return state.map_tensors(lambda tensor: tensor + seed_1.view(-1, *[1] * (tensor.ndim - 1)))

    monkeypatch.setattr(TrainedRank, "_weights", poisoned)
    changes = (*DIGITS, "seeds=2", "models={count: 2, reads: [[1, 0], [0.5, 0.5]]}", *PAIR[1:], f"keep={keep}")
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(str(tmp_path))
    run_sweep(make_sweep(POINTS, *changes, "loop.generations=2"), objects)
    run_sweep(sweep, objects)  # rows of diverged seeds are drawn again, or generations are trained again
    assert make_plan(resolve(sweep), objects).units == ()
    table = results(sweep, objects)
    diverged = table.pivot(index=["models.index", "seed"], columns="generation", values="diverged").to_numpy()
    assert diverged.tolist() == [[0, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1]]
    assert (table["feature_variance[pixels]"].isna() == table["diverged"]).all()
    assert (table["model_diversity"].isna() == ((table["seed"] == 1) & (table["generation"] > 0))).all()


def test_a_model_that_takes_no_row_of_a_diverged_one_goes_on(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    models = "models={count: 2, reads: [[1, 0], [0.5, 0.5]], each: {loop.train.lr: [1.0e+30, 1.0e-3]}}"
    sweep = make_sweep(POINTS, models, *DIGITS, "seeds=6", "loop.generations=2", "space.lambda=0.042")
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    assert make_plan(resolve(sweep), objects).units == ()
    table = results(sweep, objects).query("generation == 2")
    diverged = table.pivot(index="models.index", columns="seed", values="diverged").to_numpy(bool)
    assert diverged[0].all()
    coupling = resolve(sweep).cells[1].settings.coupling
    assert coupling is not None
    for seed in range(6):
        of_model_0 = [np.ones(1, bool), np.zeros(1, bool)]
        reads = reads_diverged(coupling, of_model_0, 24, 1, [(seed,), model_seeds((seed,), 1)])
        taken = stream(model_seeds((seed,), 1)[0], 1, "subsample", "synthetic").permutation(24)[:1]
        assert diverged[1, seed] == reads[0, taken].any(), "the training set takes one row of S_1"
    assert 0 < diverged[1].sum() < 6


def test_a_metric_without_models_makes_the_generations_of_all_models_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    changes = ("keep={models: last}", "space.regime=replace", "seeds=1", "models.count=2")
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    before = results(sweep, objects)
    more = resolve(make_sweep(POINTS, *changes, "metrics=[feature_variance, model_diversity, mmd]"))
    (unit,) = make_plan(more, objects).loop
    assert (unit.reason, unit.missing, unit.refits) == ("states not kept", 0, 4)
    move_dropped_to_trash(objects, unit.published_keys, unit.seeds, "a test")
    (unit,) = make_plan(more, objects).loop
    assert (unit.missing, unit.refits) == (4, 0)
    fits.clear()
    run_sweep(more.sweep, objects)
    assert fits == [(model, t) for t in (1, 2) for model in range(2)]
    assert make_plan(more, objects).units == ()
    pd.testing.assert_frame_equal(results(more.sweep, objects)[VALUES], before[VALUES], check_exact=True)


def test_a_model_that_ended_early_is_not_counted_among_those_that_are_made_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    models = "models={count: 2, reads: self, each: {loop.train.lr: [1.0e+30, 1.0e-3]}}"
    changes = (models, *DIGITS, "keep={models: last}", "space.regime=replace")
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    more = make_sweep(POINTS, *changes, "metrics=[{name: frechet_distance, features: pixels}]")
    (unit,) = make_plan(resolve(more), objects).loop
    assert (unit.reason, unit.missing, unit.refits) == ("states not kept", 0, 2)
    move_dropped_to_trash(objects, unit.published_keys, unit.seeds, "a test")
    fits.clear()
    run_sweep(more, objects)
    assert fits == [(1, 1), (1, 2)]


def test_generations_that_are_trained_again_are_trained_once(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fits: Fits
) -> None:
    changes = ("keep={models: last, training_state: none}", "space.regime=replace", "seeds=1", "loop.generations=4")
    metrics = "metrics=[feature_variance]"
    sweep = make_sweep(POINTS, *changes, "models={count: 2, reads: complete}", metrics)
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    for t in (2, 3, 4):
        lose_span(sweep, objects, t)
    (unit,) = make_plan(resolve(sweep), objects).loop
    assert (unit.first, unit.missing, unit.refits) == (2, 3, 4), "generation 1 of both, 2 and 3 of model 1"
    fits.clear()
    run_sweep(sweep, objects)
    assert sorted(fits) == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2), (1, 3)]
