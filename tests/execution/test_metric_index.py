"""The index of published metrics: what a generation lacks, and the values that it has."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc.execution.in_process import context_in_process
from raysc.execution.metric_index import MetricIndex
from raysc.execution.unit_context import UnitContext
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.sweepfile import Sweep

LINEAGE = "0" * 32


@pytest.fixture
def context(make_sweep: Callable[..., Sweep], gaussian_text: str, tmp_path: Path) -> UnitContext:
    sweep = make_sweep(gaussian_text, "measure=[0, 2, 4]")
    objects = Objects.open(str(tmp_path))
    return context_in_process(sweep, objects, make_plan(resolve(sweep), objects).units[0])


def test_generations_that_are_not_measured_lack_nothing(context: UnitContext) -> None:
    index = MetricIndex(context, LINEAGE, context.seeds)
    assert index.missing(1) == []
    assert index.missing(2) == list(context.measurer.metrics)
    assert index.values(2) == {}


def test_written_metrics_are_found_and_read(context: UnitContext) -> None:
    first, second = context.measurer.metrics
    seeds = np.arange(len(context.seeds), dtype=float)
    values = {first: {"a": seeds}, second: {"b": 2 * seeds}}
    context.writer.write(LINEAGE, 0, [values, {}, {first: {"a": seeds + 1}}])
    index = MetricIndex(context, LINEAGE, context.seeds)
    assert index.missing(0) == []
    assert index.missing(2) == [second]
    assert index.values(2)[first]["a"].tolist() == (seeds + 1).tolist()
    assert index.values(0)[second]["b"].tolist() == (2 * seeds).tolist()


def test_a_metric_file_that_was_changed_is_damage(context: UnitContext, tmp_path: Path) -> None:
    (first, *_) = context.measurer.metrics
    context.writer.write(LINEAGE, 0, [{first: {"a": np.zeros(len(context.seeds))}}])
    (file,) = (tmp_path / "metrics").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedObjectError, match="checksum"):
        MetricIndex(context, LINEAGE, context.seeds).values(0)
