"""Coupled models: their lineages are published together, resumed, packed and computed again as those of one model."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from raysc.execution import closed_form_unit
from raysc.execution.in_process import context_in_process, run_unit
from raysc.execution.recompute import generation_again
from raysc.models.family import Arrays
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.pool.training_set import TrainingSet
from raysc.results.expectations import expected_values
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

TEXT = """\
name: coupled
data: {name: gaussian, dim: 2, rows: 30}
model: gaussian
models: {count: 3, reads: star, each: {data.mean: [0, 1, 5]}}
loop: {generations: 4}
space: {regime: [mix, accumulate], lambda: 0.5}
seeds: 4
metrics: [mean_error, model_diversity, frechet_distance]
control: false
"""
VALUES = ["mean_error", "model_diversity", "frechet_distance"]


def table(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    return load_table(resolve(sweep), objects)


def test_every_model_is_a_lineage_and_all_are_published_by_one_unit(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(TEXT), Objects.open(str(tmp_path))
    resolved = resolve(sweep)
    plan = make_plan(resolved, objects)
    assert [len(unit.published_keys) for unit in plan.loop] == [3, 3]
    assert plan.to_do == 2 * 3 * 4 * 4
    assert len({cell.keys.lineage for cell in resolved.cells}) == 6
    run_sweep(sweep, objects)
    plan = make_plan(resolved, objects)
    assert (plan.loop, plan.to_do, plan.done) == ((), 0, 2 * 3 * 4 * 4)
    values = table(sweep, objects)
    assert len(values) == 6 * 4 * 5
    assert values[VALUES].notna().all().all()
    by_models = values.groupby(["regime", "seed", "generation"])
    assert (by_models["model_diversity"].nunique() == 1).all()
    assert (by_models["mean_error"].nunique() == 3).all()


def test_a_unit_that_published_some_of_its_lineages_publishes_the_others(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, whole, halves = make_sweep(TEXT), Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(sweep, whole)
    publish, calls = closed_form_unit.publish, []

    def killed(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        publish(*arguments)

    monkeypatch.setattr(closed_form_unit, "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep, halves)
    monkeypatch.undo()
    published = set(halves.names("spans"))
    assert len(published) == 1
    assert [unit.reason for unit in make_plan(resolve(sweep), halves).loop] == ["rows not kept", "new"]
    run_sweep(sweep, halves)
    assert published < set(halves.names("spans"))
    pd.testing.assert_frame_equal(table(sweep, whole)[VALUES], table(sweep, halves)[VALUES])


def test_results_do_not_depend_on_packs(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep, whole, cut = make_sweep(TEXT), Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(sweep, whole)
    for unit in make_plan(resolve(sweep), cut).loop:
        for seeds in ((0, 1), (2,), (3,)):
            run_unit(replace(unit, seeds=seeds), partial(context_in_process, sweep, cut))
    pd.testing.assert_frame_equal(table(sweep, whole)[VALUES], table(sweep, cut)[VALUES], rtol=1e-9)


def test_a_missing_metric_is_measured_for_all_models(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(TEXT), objects)
    more = make_sweep(TEXT.replace("[mean_error", "[model_similarity, mean_error"))
    assert [unit.reason for unit in make_plan(resolve(more), objects).loop] == ["metric only"] * 2
    run_sweep(more, objects)
    assert table(more, objects)["model_similarity"].between(0, 1).all()


@pytest.mark.parametrize("regime", ["replace", "accumulate"])
def test_models_of_one_data_set_are_fitted_to_their_rows(
    regime: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    """A family keeps statistics of the rows of its run, and the real rows of all models have equal block keys."""
    text = TEXT.replace(", each: {data.mean: [0, 1, 5]}", "").replace("[mix, accumulate]", regime)
    sweep, objects = make_sweep(text.replace("lambda: 0.5", "lambda: 1")), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    means = table(sweep, objects).query("generation == 0").pivot(index="seed", columns="cell", values="mean_error")
    for cell in resolve(sweep).cells:
        real = cell.data.train(cell.data_seeds(sweep.seeds))
        np.testing.assert_allclose(means[cell.number], np.square(real.mean(axis=1)).sum(axis=1))


def test_model_0_by_itself_is_the_loop_of_a_single_model(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    text = TEXT.replace("star", "self").replace("model_diversity, ", "")
    single = text.replace("models: {count: 3, reads: self, each: {data.mean: [0, 1, 5]}}\n", "")
    objects = Objects.open(str(tmp_path))
    for sweep in (make_sweep(text), make_sweep(single)):
        run_sweep(sweep, objects)
    coupled, alone = table(make_sweep(text), objects), table(make_sweep(single), objects)
    first = coupled[coupled["models.index"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(first[VALUES[::2]], alone[VALUES[::2]])
    others = coupled[coupled["models.index"] == 1].reset_index(drop=True)
    assert (others["mean_error"] != alone["mean_error"]).all()


@pytest.mark.parametrize("equal", ["cycle", "[[1, 1, 1], [1, 1, 1], [1, 1, 1]]"])
def test_graphs_of_equal_matrices_are_different_cells_with_the_same_lineages(
    equal: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    equal = equal.replace("1", str(1 / 3))
    text = TEXT.replace("reads: star, ", "").replace("[mix, accumulate]", "mix, models.reads: [complete]")
    single, both = make_sweep(text), make_sweep(text.replace("[complete]", f"[complete, {equal}]"))
    first, second = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    cells = resolve(both).cells
    assert [len(cell.coupled) for cell in cells] == [3] * 6
    assert [cell.keys.lineage for cell in cells[3:]] == [cell.keys.lineage for cell in cells[:3]]
    assert make_plan(resolve(both), second).to_do == 3 * 4 * 4
    run_sweep(single, first)
    run_sweep(both, second)
    plan = make_plan(resolve(both), second)
    assert (plan.loop, plan.to_do, plan.done) == ((), 0, 3 * 4 * 4)
    expected, values = table(single, first)[VALUES], table(both, second)[VALUES]
    pd.testing.assert_frame_equal(values[: len(expected)], expected)
    pd.testing.assert_frame_equal(values[len(expected) :].reset_index(drop=True), expected)


@pytest.mark.parametrize("rows", [9, 10])
def test_pooled_models_have_the_expected_values_of_their_counts(
    rows: int, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    text = TEXT.replace("star", "pooled").replace("[0, 1, 5]", "[0, 1, 3]").replace("[mix, accumulate]", "mix")
    for old, new in (("rows: 30", f"rows: {rows}"), ("lambda: 0.5", "lambda: 1"), (", frechet_distance", "")):
        text = text.replace(old, new)
    sweep, objects = make_sweep(text, "seeds=400", "loop.generations=2"), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    values = table(sweep, objects)
    for cell in resolve(sweep).cells:
        form = expected_values(cell, "mean_error", (1, 2))
        assert form is not None
        for t, expected in zip((1, 2), form.values, strict=True):
            errors = values.loc[(values["cell"] == cell.number) & (values["generation"] == t), "mean_error"]
            assert abs(errors.mean() - expected) < 4.5 * errors.std() / np.sqrt(len(errors)), (cell.number, t)


def test_common_rows_are_those_of_model_0(make_sweep: MakeSweep) -> None:
    text = TEXT.replace("star, each: {data.mean: [0, 1, 5]}", "star, real: common")
    for real, same in (("common", True), ("own", False)):
        cells = resolve(make_sweep(text.replace("common", real))).cells[:3]
        rows = [cell.data.train(cell.data_seeds((0, 1))) for cell in cells]
        assert np.array_equal(rows[0], rows[1]) == np.array_equal(rows[0], rows[2]) == same


def test_generations_are_computed_again_as_they_were(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(TEXT), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    values = table(sweep, objects)
    cells = resolve(sweep).cells[:3]
    again = [generation_again(cell, 2, 3) for cell in cells]
    means = []
    for cell, generation in zip(cells, again, strict=True):
        assert generation is not None
        rows, state = generation[0], cast(Arrays, generation[1])
        means.append(rows.mean(axis=0))
        error = np.square(state["mean"][0] - cast(Any, cell.data).moments()[0]).sum()
        row = values[(values["cell"] == cell.number) & (values["seed"] == 2) & (values["generation"] == 3)]
        assert np.isclose(row["mean_error"].item(), error)
    diversity = np.square(means - np.mean(means, axis=0)).sum(axis=1).mean()
    row = values[(values["cell"] == 0) & (values["seed"] == 2) & (values["generation"] == 3)]
    assert np.isclose(row["model_diversity"].item(), diversity)


def test_readers_of_a_diverged_model_diverge_and_others_go_on(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raysc.models.closed_form.gaussian import Gaussian

    fit = Gaussian.fit

    def broken(self: Gaussian, training_set: TrainingSet, streams: Streams) -> Arrays:
        state = fit(self, training_set, streams)
        if np.abs(state["mean"]).min() > 3:  # that of model 2
            state["mean"][:] = np.nan
        return state

    monkeypatch.setattr(Gaussian, "fit", broken)
    text = TEXT.replace("star", "[[1, 0, 0], [0.5, 0, 0.5], [0, 0, 1]]").replace("[mix, accumulate]", "mix")
    sweep, objects = make_sweep(text), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    values = table(sweep, objects)
    assert len(values) == 3 * 4 * 5
    diverged = values.groupby(["models.index", "generation"])["diverged"].mean().unstack().to_numpy()
    assert diverged.tolist() == [[0] * 5, [0, 1, 1, 1, 1], [1] * 5]
    assert values.loc[values["models.index"] == 0, "mean_error"].notna().all()
    assert make_plan(resolve(sweep), objects).loop == ()
