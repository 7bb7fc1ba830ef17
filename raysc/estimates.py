"""What a sweep will take: rows and bytes, from its settings alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import cast

from raysc.models.family import ClosedForm, Trained
from raysc.plan import Line, Plan
from raysc.pool.mixing import mix
from raysc.pool.rows import MemoryBlock, Rows
from raysc.regimes.recipe import REAL
from raysc.streams import Streams

FLOAT32 = 4
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
    rows = total = 0
    for line in lineages:
        generations = sweep.generations if line.family.trained else sweep.generations + 1
        rows += generations * line.rules.sample_rows
        kept_models = sweep.generations if sweep.keep.models == "all" or not line.family.trained else 1
        total += kept_models * sizes.model(line) + _kept_rows(line, plan) * sizes.row(line)
        if line.family.trained and sweep.keep.training_state == "last":
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
        most_bytes=max(
            sizes.model(line) + _stored(plan) * line.rules.sample_rows * sizes.row(line) for line in lineages
        ),
    )


def _stored(plan: Plan) -> bool:
    return plan.sweep.pool == "parquet" and plan.sweep.keep.rows == "all"


def _kept_rows(line: Line, plan: Plan) -> int:
    """Rows of generations 1 to T that stay in the store."""
    if not line.family.trained or plan.sweep.pool != "parquet":
        return 0
    count, last = line.rules.sample_rows, plan.sweep.generations
    if plan.sweep.keep.rows == "all":
        return count * last
    takes: Iterable[tuple[int, int]] = (
        (take.source.generation, take.count)
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
        """Bytes of one model of one seed: EMA weights, or the arrays of a closed form (fitted once, to see)."""
        cell = line.cell
        key = repr((cell.data, cell.model, cell.initial.rows))
        if key not in self._models:
            if line.family.trained:
                family = cast(Trained, line.family)
                self._models[key] = family.parameter_count(line.data.event) * FLOAT32
            else:
                self._models[key] = _fitted_bytes(line)
        return self._models[key]


def _fitted_bytes(line: Line) -> int:
    real = Rows(REAL, (MemoryBlock((REAL, (0,)), 0, line.data.train((0,))),))
    training_set = mix(line.rules.recipe(0), {REAL: real}, (0,), 0, line.rules.sample_rows)
    state = cast(ClosedForm, line.family).fit(training_set, Streams((0,), 0))
    return sum(array.nbytes for array in state.values())
