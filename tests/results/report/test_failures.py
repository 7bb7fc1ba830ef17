from pathlib import Path

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.report.failures import AffectedSeeds, divergences, failures
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep


def test_a_failure_has_the_last_line_of_its_traceback(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(gaussian_text), Objects.open(str(tmp_path))
    plan = make_plan(resolve(sweep), objects)
    for unit, traceback in zip(plan.units, (b"Traceback\nMemoryError: too large\n", b""), strict=False):
        objects.put(f"sweeps/{sweep.name}/failures/{unit.name}.txt", traceback)
    failed = failures(plan, objects)
    assert [failure.reason for failure in failed] == ["MemoryError: too large", "empty traceback"]
    assert {failure.seeds for failure in failed} == {"0, 1, 2"}


def test_a_published_unit_is_no_failure(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    assert failures(make_plan(resolve(sweep), objects), objects) == []


def test_divergence_is_listed_from_its_first_generation_on(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    overrides = "data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]"
    sweep, objects = make_sweep(gaussian_text, *overrides), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    diverged = divergences(load_table(resolved, objects), resolved.cells)
    assert len(diverged) == len(resolved.cells)
    assert diverged[0] == AffectedSeeds(diverged[0].cell, {0: 0, 1: 0, 2: 0}, 3)
