"""Forks of closed-form loops: the same in every pack, beside unchanged loops, and from another generation 0 only."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.execution.in_process import context_in_process, run_unit
from raysc.execution.recompute import generation_again
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.pool.training_set import TrainingSet
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

TEXT = """\
name: forks
data: {name: gaussian, dim: 2, rows: 40}
model: gaussian
loop: {generations: 4}
space: {regime: [mix, accumulate], lambda: 0.5}
seeds: 4
metrics: [mean_error]
probe: {contraction: true}
"""
COUPLED = TEXT.replace("loop:", "models: {count: 2, each: {data.mean: [0, 1]}}\nloop:")
DISTANCES = [f"fork_distance{of}" for of in ("", "_mean", "_covariance", "_sliced_wasserstein")]


def table(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    return load_table(resolve(sweep), objects)


def test_a_fork_differs_in_generation_0_only(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep, objects = make_sweep(TEXT), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    values = table(sweep, objects)
    loops, controls = values[~values["control"]], values[values["control"]]
    assert (loops[DISTANCES] > 0).all().all()
    assert ((controls[DISTANCES] == 0).all(axis=1) == (controls["generation"] > 0)).all()
    # The fork is the loop whose generation 0 has half of the rows, also in later generations.
    for t in (0, 2):
        loop, fork = (
            generation_again(resolve(make_sweep(TEXT, *overrides)).cells[0], 2, t)
            for overrides in ((), ("initial.rows=20",))
        )
        assert loop is not None
        assert fork is not None
        squares = sum(np.square(loop[1][name] - fork[1][name]).sum() for name in ("mean", "covariance"))
        row = loops[(loops["cell"] == 0) & (loops["seed"] == 2) & (loops["generation"] == t)].iloc[0]
        assert row["fork_distance"] == pytest.approx(np.sqrt(squares))


@pytest.mark.parametrize("text", [TEXT, COUPLED])
def test_distances_do_not_depend_on_packs_and_change_nothing_else(
    text: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, plain = make_sweep(text), make_sweep(text.replace("true", "false"))
    whole, cut, without = (Objects.open(str(tmp_path / name)) for name in ("whole", "cut", "without"))
    run_sweep(sweep, whole)
    for unit in make_plan(resolve(sweep), cut).loop:
        for seeds in ((0, 1), (2,), (3,)):
            run_unit(replace(unit, seeds=seeds), partial(context_in_process, sweep, cut))
    values = table(sweep, whole)
    pd.testing.assert_frame_equal(values[DISTANCES], table(sweep, cut)[DISTANCES], rtol=1e-6)
    run_sweep(plain, without)
    pd.testing.assert_frame_equal(values[["lineage", "mean_error"]], table(plain, without)[["lineage", "mean_error"]])
    # The probe of a finished sweep is a metric that its lineages lack.
    assert {unit.reason for unit in make_plan(resolve(sweep), without).loop} == {"metric only"}
    run_sweep(sweep, without)
    pd.testing.assert_frame_equal(values[DISTANCES], table(sweep, without)[DISTANCES])
    assert make_plan(resolve(sweep), without).loop == ()


def test_coupled_models_have_one_distance(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep, objects = make_sweep(COUPLED), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    values = table(sweep, objects)
    cells = values[~values["control"]].groupby(["regime", "seed", "generation"])
    assert (cells["fork_distance"].nunique() == 1).all()
    assert (cells["mean_error"].nunique() == 2).all()


def test_a_fork_that_diverges_is_nan_and_its_loop_goes_on(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = Gaussian.fit

    def broken(self: Gaussian, training_set: TrainingSet, streams: Streams) -> Arrays:
        state = fit(self, training_set, streams)
        return state if training_set.count != 20 else {name: array * np.nan for name, array in state.items()}

    monkeypatch.setattr(Gaussian, "fit", broken)
    for text in (TEXT, COUPLED):
        sweep, objects = make_sweep(text), Objects.open(str(tmp_path / str(len(text))))
        run_sweep(sweep, objects)
        values = table(sweep, objects)
        assert values[DISTANCES].isna().all().all()
        assert values["mean_error"].notna().all()
        assert make_plan(resolve(sweep), objects).loop == ()
