"""Retention while a unit runs, and continuing from what it keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import results

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

ONE = ("seeds=1", "space.initial.steps=4", "loop.generations=3", "control=false")

KEPT = {
    ("mix", "{}"): {"models": {1, 2, 3}, "training": {3}, "rows": {3}},
    ("accumulate", "{}"): {"models": {1, 2, 3}, "training": {3}, "rows": {1, 2, 3}},
    ("real_only", "{}"): {"models": {1, 2, 3}, "training": {3}, "rows": set()},
    ("mix", "{rows: all}"): {"models": {1, 2, 3}, "training": {3}, "rows": {1, 2, 3}},
    ("mix", "{models: last}"): {"models": {3}, "training": {3}, "rows": {3}},
    ("mix", "{training_state: none}"): {"models": {1, 2, 3}, "training": set(), "rows": {3}},
}


@pytest.mark.parametrize(("regime", "keep"), KEPT)
def test_what_stays(
    regime: str, keep: str, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    sweep = make_sweep(digits_text, *ONE, f"space.regime={regime}", f"keep={keep}")
    run_sweep(sweep, Objects.open(str(tmp_path)))
    (line,) = resolve(sweep).cells
    folder = tmp_path / "attempts" / line.keys.lineage / "0"

    def generations(pattern: str) -> set[int]:
        return {int(path.relative_to(folder).parts[0].split("-")[0]) for path in folder.glob(pattern)}

    found = {
        "models": generations("*/*/model/model.safetensors"),
        "training": generations("*/*/model/training_state.safetensors"),
        "rows": generations("*/*/rows/*/*.parquet"),
    }
    assert found == KEPT[regime, keep]
    zero = line.keys.generation_zero
    assert zero is not None
    assert list((tmp_path / "attempts" / zero.model).rglob("training_state.safetensors")), (
        "every new lambda starts there"
    )
    assert list((tmp_path / "attempts" / zero.rows).rglob("*.parquet"))


@pytest.mark.parametrize("regime", ["mix", "accumulate", "accumulate_subsample", "curated"])
def test_a_sweep_grows_from_what_stays_as_if_everything_had(
    regime: str, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    tables = []
    for keep, steps in (("{}", (1, 2, 4)), ("{models: last}", (2, 4)), ("{rows: all}", (4,))):
        objects = Objects.open(str(tmp_path / f"{len(steps)}"))
        for generations in steps:
            changes = [*ONE, f"space.regime={regime}", f"keep={keep}", f"loop.generations={generations}"]
            sweep = make_sweep(digits_text, *changes)
            run_sweep(sweep, objects)
        tables.append(results(sweep, objects))
    pd.testing.assert_frame_equal(tables[0], tables[2], check_exact=True)
    pd.testing.assert_frame_equal(tables[1], tables[2], check_exact=True)


def test_rows_that_were_dropped_are_drawn_again_for_pictures(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    rows: list[Any] = []
    for keep in ("{}", "{rows: all}"):
        objects = Objects.open(str(tmp_path / str(len(rows))))
        sweep = make_sweep(digits_text, *ONE, "space.regime=mix", f"keep={keep}")
        run_sweep(sweep, objects)
        rows.append(sampled_rows(resolve(sweep).cells[0], 0, 1, objects))
    assert rows[0] is not None
    assert rows[1] is not None
    assert (rows[0] == rows[1]).all()
