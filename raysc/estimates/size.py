"""What a sweep will take: rows and bytes, from its settings alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import cast

from raysc.models.family import Trained
from raysc.planning.plan import Plan
from raysc.planning.resolved import Line
from raysc.results.table.table import metric_columns

FLOAT32, NUMBER = 4, 8
RECORD = 12 * NUMBER
"""Bytes that are recorded of a generation of a seed beside its metrics."""
STATES = 3
"""Numbers that the training state holds per parameter: the raw weight and AdamW's two moments."""


@dataclass(frozen=True)
class Estimate:
    """Rows that are sampled, and bytes that stay in the store by the sweep's ``keep``, before compression.

    Attributes:
        rows: in all.
        bytes: in all, generation 0s included.
        most_rows: of one generation of one seed, in the cell that has most.
        most_bytes: likewise; what only the last generation keeps is apart.
    """

    rows: int
    bytes: int
    most_rows: int
    most_bytes: int


def estimate(plan: Plan) -> Estimate:
    """What all generations of a sweep take, done or to do, each counted once however many cells share it."""
    sweep = plan.sweep
    sizes = _Sizes()
    lineages = {line.keys.lineage: line for line in plan.lines}.values()
    zeros = {line.keys.zero: line for line in plan.lines if line.keys.zero is not None}
    told = RECORD + NUMBER * len(metric_columns(sweep))
    rows = total = 0
    for line in lineages:
        generations = sweep.generations if line.family.trained else sweep.generations + 1
        rows += generations * line.rules.sample_rows
        total += generations * told
        if not line.family.trained:
            continue  # neither models nor rows are kept
        kept_models = sweep.generations if sweep.keep.models == "all" else 1
        total += kept_models * sizes.model(line) + _kept_rows(line, plan) * sizes.row(line)
        if sweep.keep.training_state == "last":
            total += STATES * sizes.model(line)
    for line in {zero.rows: line for zero, line in zeros.items()}.values():
        rows += line.rules.sample_rows
        total += line.rules.sample_rows * sizes.row(line)
    for line in {zero.model: line for zero, line in zeros.items()}.values():
        total += (1 + STATES) * sizes.model(line)
    return Estimate(
        rows=rows * len(sweep.seeds),
        bytes=total * len(sweep.seeds),
        most_rows=max(line.rules.sample_rows for line in lineages),
        most_bytes=told + max(_of_a_generation(line, plan, sizes) for line in lineages),
    )


def _of_a_generation(line: Line, plan: Plan, sizes: "_Sizes") -> int:
    """Bytes of a generation's model, and of its rows if those of all generations are kept."""
    if not line.family.trained:
        return 0
    kept = plan.sweep.pool == "parquet" and plan.sweep.keep.rows == "all"
    return sizes.model(line) + kept * line.rules.sample_rows * sizes.row(line)


def _kept_rows(line: Line, plan: Plan) -> int:
    """Rows of generations 1 to T that stay in the store."""
    if plan.sweep.pool != "parquet":
        return 0
    count, last = line.rules.sample_rows, plan.sweep.generations
    if plan.sweep.keep.rows == "all":
        return count * last
    takes: Iterable[tuple[int, int]] = (
        (take.source.generation, take.candidates)
        for take in line.rules.recipe(last + 1).takes
        if take.source.kind == "synthetic"
    )
    return sum(max(count, taken) for generation, taken in takes if generation >= 1)


class _Sizes:
    """Bytes of a model and of a row, looked up once per model and data setting."""

    def __init__(self) -> None:
        self._models: dict[str, int] = {}

    def row(self, line: Line) -> int:
        """Bytes of a stored row: uint8 images, float32 points."""
        return prod(line.data.event) * (1 if line.data.kind == "images" else FLOAT32)

    def model(self, line: Line) -> int:
        """Bytes of the EMA weights of a trained family's model."""
        key = repr((line.cell.data, line.cell.model))
        if key not in self._models:
            self._models[key] = cast(Trained, line.family).parameter_count(line.data.event) * FLOAT32
        return self._models[key]
