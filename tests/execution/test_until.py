"""``loop.until``: a seed that ended early is the beginning of one that did not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raysc.execution.ranks import ClosedFormRank, TrainedRank
from raysc.planning.plan import make_plan
from raysc.planning.resolved import lineage_keys, resolve
from raysc.planning.retention_rules import retention_rules
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import load_table
from raysc.store.gc import find_garbage
from raysc.store.inventory import verify_entries
from raysc.store.objects import Objects
from raysc.store.sweep_record import write_sweep_record
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

TEXT = """\
name: ends
data: {name: gaussian, dim: 1, rows: 8}
model: gaussian
loop: {generations: 150}
space: {regime: replace}
seeds: 12
metrics: [mean_error, trace_ratio, frechet_distance]
control: false
"""
UNTIL = "loop.until={metric: trace_ratio, below: 1e-3}"
METRICS = ["mean_error", "trace_ratio", "frechet_distance"]


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of seeds of each closed-form fit."""
    made: list[int] = []
    fit = ClosedFormRank.fit

    def recorded(self: ClosedFormRank, generation: int, *arguments: Any) -> Any:
        made.append(len(self.seeds))
        return fit(self, generation, *arguments)

    monkeypatch.setattr(ClosedFormRank, "fit", recorded)
    return made


def values(table: pd.DataFrame, metric: str) -> np.ndarray:
    """(seeds, generations) of the only cell."""
    return table.pivot(index="seed", columns="generation", values=metric).to_numpy()


def crossing(plain: pd.DataFrame, metric: str, level: float) -> np.ndarray:
    """The generation at which each seed first is at or below a level, NaN where it never is."""
    below = values(plain, metric) <= level
    return np.where(below.any(axis=1), below.argmax(axis=1), np.nan)


def expect_stopped(stopped: pd.DataFrame, plain: pd.DataFrame, level: float) -> np.ndarray:
    """A sweep that ended early tells what the whole one does up to there, and repeats it from there on."""
    ends = crossing(plain, "trace_ratio", level)
    ended = stopped.groupby("seed")["ended_generation"].first().to_numpy()
    np.testing.assert_array_equal(ended, ends)
    shown = stopped["generation"].unique()
    for metric in METRICS:
        whole, found = values(plain, metric), values(stopped, metric)
        for seed, end in enumerate(ends):
            at = np.minimum(shown, shown.max() if np.isnan(end) else int(end))
            np.testing.assert_allclose(found[seed], whole[seed, at], rtol=1e-6)
    after = stopped["generation"] > stopped["ended_generation"]
    assert (stopped.loc[after, ["rows_real", "rows_synthetic", "optimiser_steps"]] == 0).all(axis=None)
    assert not stopped["diverged"].any()
    return ended


def test_each_seed_ends_where_it_crosses_and_only_what_runs_is_computed(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fitted: list[int]
) -> None:
    plain, stopped = make_sweep(TEXT), make_sweep(TEXT, UNTIL, "measure=log")
    one, other = Objects.open(str(tmp_path / "plain")), Objects.open(str(tmp_path / "stopped"))
    run_sweep(plain, one)
    fitted.clear()
    run_sweep(stopped, other)
    table = load_table(resolve(stopped), other)
    ended = expect_stopped(table, load_table(resolve(plain), one), 1e-3)
    assert not np.isnan(ended).any()
    assert len(fitted) == ended.max() + 1, "it ends with its last seed"
    assert ended.sum() + 12 <= sum(fitted) < 2 * (ended.sum() + 12), "at most half of an array has ended"
    assert not set(ended) <= set(table["generation"]), "and not only at measured generations"
    assert [line.keys for line in resolve(plain).cells] == [line.keys for line in resolve(stopped).cells], (
        "it is in no key"
    )


def test_more_generations_of_seeds_that_ended_are_done(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, fitted: list[int]
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(TEXT, UNTIL, "measure=[0, 3]"), objects)
    longer = make_sweep(TEXT, UNTIL, "measure=[0, 3, 1000]", "loop.generations=1000")
    plan = make_plan(resolve(longer), objects)
    assert (plan.units, plan.to_do, plan.done) == ((), 0, 12 * 1000)
    table = load_table(resolve(longer), objects)
    last = table[table["generation"] == 1000]
    assert len(last) == 12
    assert (last["trace_ratio"] <= 1e-3).all()
    assert last[METRICS].notna().all(axis=None)


def test_collapse_is_told_at_its_very_generation(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    plain, stopped = make_sweep(TEXT), make_sweep(TEXT, "loop.until={metric: trace_ratio, below: 0.01}", "measure=log")
    run_sweep(plain, objects)
    run_sweep(stopped, objects)
    exact, found = (
        load_table(resolve(one), objects).groupby("seed")["collapse_generation"].first() for one in (plain, stopped)
    )
    pd.testing.assert_series_equal(exact, found)
    assert found.nunique() > 5


def test_seeds_that_do_not_end_go_on_to_the_last_generation(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    short = ("loop.generations=40",)
    plain, stopped = make_sweep(TEXT, *short), make_sweep(TEXT, UNTIL, *short)
    run_sweep(plain, objects)
    run_sweep(stopped, objects)
    assert make_plan(resolve(stopped), objects).units == make_plan(resolve(plain), objects).units == ()
    ended = expect_stopped(load_table(resolve(stopped), objects), load_table(resolve(plain), objects), 1e-3)
    assert 2 <= np.isnan(ended).sum() <= 10
    longer = make_sweep(TEXT, UNTIL)
    assert [unit.reason for unit in make_plan(resolve(longer), objects).units] == ["rows not kept"]
    run_sweep(longer, objects)
    run_sweep(make_sweep(TEXT), objects)
    assert not np.isnan(
        expect_stopped(load_table(resolve(longer), objects), load_table(resolve(make_sweep(TEXT)), objects), 1e-3)
    ).any()
    expect_stopped(load_table(resolve(stopped), objects), load_table(resolve(plain), objects), 1e-3)


def test_a_sweep_without_the_rule_or_with_another_goes_on_from_where_seeds_ended(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(TEXT, UNTIL), objects)
    others = ["loop.until={metric: trace_ratio, below: 1e-2}", "loop.until={metric: mean_error, above: 9}"]
    for changes in ([], others[:1], others[1:]):
        sweep = make_sweep(TEXT, *changes)
        assert load_table(resolve(sweep), objects).empty
        assert len(make_plan(resolve(sweep), objects).units) == 1
    run_sweep(make_sweep(TEXT), objects)
    assert load_table(resolve(make_sweep(TEXT)), objects)["trace_ratio"].min() < 1e-5
    assert make_plan(resolve(make_sweep(TEXT, UNTIL)), objects).units == ()


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        (("space={regime: replace, lambda: 2.5}",), 1e-2),
        (("space={regime: accumulate}", "data.rows=3"), 0.3),
        (("space={regime: accumulate_subsample}",), 0.4),
        (("space={regime: mix, lambda: 3.5}",), 0.5),
        (("space={regime: fresh, lambda: 2}",), 0.5),
        (("space={regime: {name: curated, real: false}, lambda: 1}",), 0.1),
        (("model={name: kde, bandwidth: 0.1}",), 0.3),
        (("model={name: kde, bandwidth: 0.1}", "space={regime: accumulate_subsample, lambda: 2}"), 0.8),
        (("data={name: eight_gaussians, rows: 8}", f"metrics=[{', '.join([*METRICS, 'off_mode_mass'])}]"), 0.1),
    ],
)
def test_every_regime_and_family_goes_on_with_the_seeds_that_run(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, changes: tuple[str, ...], level: float
) -> None:
    objects = Objects.open(str(tmp_path))
    changes += ("loop.generations=30",)
    plain = make_sweep(TEXT, *changes)
    stopped = make_sweep(TEXT, f"loop.until={{metric: trace_ratio, below: {level}}}", *changes)
    run_sweep(plain, objects)
    run_sweep(stopped, objects)
    ended = expect_stopped(load_table(resolve(stopped), objects), load_table(resolve(plain), objects), level)
    assert len(set(ended[~np.isnan(ended)])) >= 3


def test_seeds_that_diverged_end_too(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[trace_ratio]")
    sweep = make_sweep(TEXT, UNTIL, *one_row)
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert len(table) == 12 * 151
    assert table["diverged"].all()
    assert table[["trace_ratio", "ended_generation"]].isna().all(axis=None)
    assert make_plan(resolve(sweep), objects).units == ()


def test_rows_are_there_up_to_the_end_and_the_store_is_whole(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(TEXT, UNTIL)
    run_sweep(sweep, objects)
    (line,) = built = resolve(sweep).cells
    end = int(load_table(resolve(sweep), objects).query("seed == 4")["ended_generation"].iloc[0])
    assert sampled_rows(line, 4, end, objects) is not None
    assert sampled_rows(line, 4, end + 1, objects) is None
    assert not any(verify_entries(resolve(sweep).stored_seeds, objects))
    write_sweep_record(objects, sweep.name, sweep.resolved, lineage_keys(built))
    assert find_garbage(objects, datetime.now(UTC) + timedelta(days=9), partial(retention_rules, report=print)) == []


DIGITS = """\
name: ends-digits
data: {name: digits, rows: 24}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 4}
loop: {generations: 3, budget: {steps: 3}}
sample: {steps: 2}
train: {batch: 8, micro_batch: 8}
space: {regime: replace}
seeds: 2
metrics: [{name: frechet_distance, features: pixels}, {name: recall, features: pixels}]
control: false
"""


def test_a_trained_seed_ends_and_others_go_on_from_there(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[tuple[int, int]] = []
    fit = TrainedRank.fit

    def recorded(self: TrainedRank, generation: int, *arguments: Any) -> Any:
        fits.extend((seed, generation) for seed in self.seeds)
        return fit(self, generation, *arguments)

    monkeypatch.setattr(TrainedRank, "fit", recorded)
    whole, objects = Objects.open(str(tmp_path / "whole")), Objects.open(str(tmp_path / "ended"))
    plain, metric = make_sweep(DIGITS), "frechet_distance[pixels]"
    run_sweep(plain, whole)
    told = load_table(resolve(plain), whole)
    zero, level = values(told, metric)[0, :2]
    side = "above" if level > zero else "below"
    reached = values(told, metric) >= level if side == "above" else values(told, metric) <= level
    ends = [int(row.argmax()) if row.any() else 3 for row in reached]
    assert ends[0] == 1
    until = f"loop.until={{metric: 'frechet_distance[pixels]', {side}: {float(level)!r}}}"
    stopped = make_sweep(DIGITS, until, "measure=[0, 3]")

    fits.clear()
    run_sweep(stopped, objects)
    assert fits == [(seed, 0) for seed in (0, 1)] + [(seed, t) for seed in (0, 1) for t in range(1, ends[seed] + 1)]
    assert make_plan(resolve(stopped), objects).units == ()
    found = load_table(resolve(stopped), objects)
    assert found.loc[found["seed"] == 0, "ended_generation"].tolist() == [1, 1]
    last = found[found["generation"] == 3].set_index("seed")
    assert last.loc[0, metric] == level
    assert last.loc[0, "optimiser_steps"] == 0
    assert last.loc[0, "recall[pixels]"] == values(told, "recall[pixels]")[0, 1]

    fits.clear()
    run_sweep(plain, objects)
    assert fits == [(seed, t) for seed in (0, 1) for t in range(ends[seed] + 1, 4)], "it goes on from there"
    assert values(load_table(resolve(plain), objects), metric).tolist() == values(told, metric).tolist()

    fits.clear()
    run_sweep(stopped, whole)
    assert fits == [], "generations that go further are taken as they are"
    timed = [name for name in found if str(name).startswith("seconds_")]
    again = load_table(resolve(stopped), whole)
    pd.testing.assert_frame_equal(again.drop(columns=timed), found.drop(columns=timed))
    assert make_plan(resolve(stopped), whole).units == ()
    assert sampled_rows(resolve(stopped).cells[0], 0, 3, whole) is None
    assert not any(verify_entries(resolve(stopped).stored_seeds, whole))
