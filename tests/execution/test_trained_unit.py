"""Units of a trained family: interrupted, resumed, measured again, diverged."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from raysc.errors import RayscError
from raysc.execution.measurer import Measurer
from raysc.execution.ranks import TrainedRank
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, DamagedObjectError
from raysc.store.spans import published_spans
from raysc.sweepfile import Sweep
from tests.command_line import results

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
RunAndKill = Callable[[Sweep, Objects, int], None]
Store = tuple[Sweep, Objects]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, range]]:
    """Every fit that is made while a test runs: generation and steps."""
    made: list[tuple[int, range]] = []
    fit = TrainedRank.fit

    def noted(
        self: TrainedRank, generation: int, training_set: Any, start: Any, steps: range, train: Any, length: int
    ) -> Any:
        made.append((generation, steps))
        return fit(self, generation, training_set, start, steps, train, length)

    monkeypatch.setattr(TrainedRank, "fit", noted)
    return made


HOOKED = """\
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from raysc.plugins import REAL, Recipe, Take, fresh, synthetic

@dataclass(frozen=True)
class Hooked:
    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation, rows, lambda_):
        sampled = (Take(synthetic(t), 5, 20, self.even, ("labels",), self.shift) for t in range(generation))
        return Recipe((Take(REAL, 9, redraw=generation), Take(fresh(generation), 4), *sampled))

    def even(self, candidates, real, count, generator, *, labels):
        return np.lexsort([generator.random(len(labels)), labels % 2])[:count]

    def shift(self, rows, real, generator):
        return np.roll(rows, generator.integers(8), axis=-1)
"""
"""Rows of all earlier generations that are chosen by their class and shifted, and new and redrawn real rows."""


@pytest.mark.parametrize("pool", ["parquet", "object_store"])
@pytest.mark.parametrize("regime", ["mix", "accumulate_subsample", "{name: curated, real: false}", "'hooked:Hooked'"])
def test_a_unit_that_was_killed_goes_on_where_it_was(
    pool: str, regime: str, make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, digits_text: str,
    tmp_path: Path, fits: list[tuple[int, range]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "hooked.py").write_text(HOOKED)
    monkeypatch.chdir(tmp_path)
    changes = [f"pool={pool}", "seeds=1", "loop.generations=3", f"space.regime={regime}", "space.initial.steps=4"]
    changes.append("data.reserve=12")
    sweep = make_sweep(digits_text, *changes, "space.lambda=1.5", "control=false")
    calm = Objects.open(str(tmp_path / "calm"))
    run_sweep(sweep, calm)
    undisturbed = results(sweep, calm)
    assert [generation for generation, _ in fits] == [0, 1, 2, 3]
    fits.clear()

    store = Objects.open(str(tmp_path / "killed"))
    run_and_kill(sweep, store, 2)
    run_sweep(sweep, store)
    assert [generation for generation, _ in fits] == [0, 1, 2, 3], "no generation was fitted twice"
    pd.testing.assert_frame_equal(results(sweep, store), undisturbed, check_exact=True)


@pytest.mark.parametrize("generation", [0, 2])
def test_a_metric_that_fails_costs_nothing_of_what_was_trained(
    generation: int, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path,
    fits: list[tuple[int, range]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    changes = ["seeds=1", "space.regime=mix", "space.initial.steps=4", "control=false"]
    sweep, objects = make_sweep(digits_text, *changes), Objects.open(str(tmp_path / "failed"))
    measure = Measurer.measure
    measured: list[None] = []

    def fail(self: Measurer, *arguments: Any) -> Any:
        measured.append(None)
        if len(measured) > generation:
            raise ValueError("a metric divides by zero")
        return measure(self, *arguments)

    with monkeypatch.context() as failing:
        failing.setattr(Measurer, "measure", fail)
        with pytest.raises(ValueError, match="divides by zero"):
            run_sweep(sweep, objects)
    assert [t for t, _ in fits] == list(range(generation + 1))
    assert len(published_spans(objects)) == (3 if generation else 2), "G_0, S_0 and the lineage"
    run_sweep(sweep, objects)
    assert [t for t, _ in fits] == [0, 1, 2], "what was trained before the metric failed was published"
    calm = Objects.open(str(tmp_path / "calm"))
    run_sweep(sweep, calm)
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, calm), check_exact=True)


def test_rows_that_come_out_differently_when_drawn_again_are_not_used(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = ["pool=object_store", "seeds=1", "space.regime=replace", "space.initial.steps=4", "control=false"]
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(digits_text, *changes), objects)
    sample = TrainedRank.sample

    def other(self: TrainedRank, generation: int, *arguments: Any) -> Any:
        return sample(self, generation + 1, *arguments)

    monkeypatch.setattr(TrainedRank, "sample", other)
    before = published_spans(objects)
    with pytest.raises(RayscError, match="rows of generation 2 that were drawn again differ") as caught:
        run_sweep(make_sweep(digits_text, *changes, "loop.generations=3"), objects)
    assert not isinstance(caught.value, DamagedObjectError), "nothing is broken, so nothing is made again"
    assert published_spans(objects) == before


def test_a_snapshot_equals_a_training_of_that_length(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, fits: list[tuple[int, range]]
) -> None:
    run_sweep(make_sweep(digits_text, "seeds=1"), Objects.open(str(tmp_path / "both")))
    assert [steps for generation, steps in fits if generation == 0] == [range(2), range(2, 4)]
    for steps in (2, 4):
        alone = make_sweep(digits_text, "seeds=1", f"space.initial.steps={steps}")
        run_sweep(alone, Objects.open(str(tmp_path / f"alone{steps}")))
        zero = resolve(alone).cells[0].keys.generation_zero
        assert zero is not None
        models = [
            next((tmp_path / store / "attempts" / zero.model).rglob("training_state.safetensors"))
            for store in ("both", f"alone{steps}")
        ]
        one, other = (load_file(model) for model in models)
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_a_metric_added_later_is_computed_from_what_is_stored(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, fits: list[tuple[int, range]]
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(digits_text, "seeds=1"), objects)
    fits.clear()
    more = make_sweep(digits_text, "seeds=1", "metrics=[{name: coverage, features: pixels}]")
    run_sweep(more, objects)
    assert fits == []
    assert load_table(resolve(more), objects)["coverage[pixels]"].notna().all()
    assert make_plan(resolve(more), objects).units == ()


def test_a_diverged_model_is_a_result_and_its_later_generations_are_done(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(digits_text, "seeds=1", "loop.train.lr=1e30", "control=false")
    run_sweep(sweep, objects)
    assert make_plan(resolve(sweep), objects).units == ()
    names = {
        span.name.rsplit("/", 1)[1] for packs in published_spans(objects).values() for s in packs.values() for span in s
    }
    assert names == {"0-0", "1-end"}
    table = load_table(resolve(sweep), objects)
    assert table.loc[table["generation"] > 0, "diverged"].all()
    assert not table.loc[table["generation"] == 0, "diverged"].any()


def test_generation_0_that_diverged_ends_its_lineages(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(digits_text, "seeds=1", "train.lr=1e30", "control=false")
    run_sweep(sweep, objects)
    assert make_plan(resolve(sweep), objects).units == ()
    assert load_table(resolve(sweep), objects)["diverged"].all()


def test_the_files_of_a_second_process_that_publishes_that_generation_0_diverged_are_deleted(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, publish = Objects.open(str(tmp_path)), Attempt.publish

    def lose(self: Attempt, name: str, record: Mapping[str, Any]) -> bool:
        if name.endswith("/1-end"):
            assert publish(Attempt.start(objects, "first"), name, record)
        return publish(self, name, record)

    monkeypatch.setattr(Attempt, "publish", lose)
    sweep = make_sweep(digits_text, "seeds=1", "train.lr=1e30", "control=false")
    run_sweep(sweep, objects)
    lineages = {cell.keys.lineage for cell in resolve(sweep).cells}
    assert [name for lineage in lineages for name in objects.names(f"attempts/{lineage}")] == []
