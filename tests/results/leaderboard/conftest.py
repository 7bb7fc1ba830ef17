from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from raysc.planning.open_sweep import open_sweep
from raysc.planning.resolved import resolve
from raysc.results.leaderboard.benchmark import BenchmarkFile, benchmark_files
from raysc.store.objects import Objects
from raysc.store.sweep_record import write_sweep_record
from tests.conftest import RunSweep

SMALL = """\
# yaml-language-server: $schema=raysc.schema.json
name: benchmark-v1-gaussian
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space:
  - {regime: [replace, mix], lambda: 1}
  - {regime: {name: window, width: 2}, lambda: 1}
seeds: 6
metrics: [frechet_distance]
"""
"""A benchmark of one data set."""

Record = Callable[..., Objects]
"""(source, store, overrides) -> the store, after everything of a sweep is run there."""


@pytest.fixture
def files(here: Path) -> Mapping[str, BenchmarkFile]:
    """The frozen files of a small benchmark."""
    file = here / "frozen.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return benchmark_files({"benchmark/v1/gaussian": file, "quickstart": here / "quickstart.yaml"})


@pytest.fixture
def run_recorded(run_sweep: RunSweep) -> Record:
    """Run a sweep in this process and record it, as ``raysc sweep`` does."""

    def run(source: object, storage: Path, *overrides: str) -> Objects:
        sweep, objects = open_sweep(source if isinstance(source, dict) else str(source), str(storage), overrides)
        run_sweep(sweep, objects)
        resolved = resolve(sweep)
        write_sweep_record(objects, sweep.name, sweep.resolved, resolved.keys | resolved.reference_keys)
        return objects

    return run
