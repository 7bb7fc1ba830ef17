"""Rows and bytes of a whole sweep, from its settings alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import cast

from raysc import registry
from raysc.models.family import TrainedFamily
from raysc.planning.plan import Plan, seeds_by_key
from raysc.planning.resolved import ResolvedCell

FLOAT32_BYTES, NUMBER_BYTES = 4, 8
RECORD_BYTES = 12 * NUMBER_BYTES
"""Bytes of the record of one generation of one seed, without its metrics."""
STATE_NUMBERS = 3
"""Numbers per parameter in the training state: the raw weight and AdamW's two moments."""


@dataclass(frozen=True)
class SizeEstimate:
    """Rows that a sweep samples, and bytes that stay in the store under its ``keep``, before compression.

    Attributes:
        rows: number of rows in all generations.
        bytes: number of bytes of all generations, generation 0s included.
        max_rows: rows of one generation of one seed, in the cell with the most.
        max_bytes: bytes of one generation of one seed, in the cell with the most, without those that only the last
            generation keeps.
    """

    rows: int
    bytes: int
    max_rows: int
    max_bytes: int


def estimate_size(plan: Plan) -> SizeEstimate:
    """Estimate the size of all generations of a sweep, published or not; those that cells share count once."""
    sweep = plan.sweep
    sizes = _Sizes()
    lineages = {cell.keys.lineage: cell for cell in plan.cells}.values()
    by_generation_zero = {
        cell.keys.generation_zero: cell for cell in plan.cells if cell.keys.generation_zero is not None
    }
    record_bytes = RECORD_BYTES + NUMBER_BYTES * sum(len(registry.columns(metric)) for metric in sweep.metrics)
    rows = total = 0
    for cell in lineages:
        seeds = len(plan.resolved.seeds_by_lineage[cell.keys.lineage])
        generations = cell.generations if cell.family.trained else cell.generations + 1
        rows += seeds * generations * cell.rules.sample_rows
        total += seeds * generations * record_bytes
        if not cell.family.trained:
            continue  # the store keeps neither models nor rows of closed forms
        kept_models = cell.generations if sweep.keep.models == "all" else 1
        total += seeds * (kept_models * sizes.model(cell) + _kept_rows(cell, plan) * sizes.row(cell))
        if sweep.keep.training_state == "last":
            total += seeds * STATE_NUMBERS * sizes.model(cell)
    seeds_by_rows = seeds_by_key(plan.resolved, lambda keys: keys.rows)
    for key, cell in {keys.rows: cell for keys, cell in by_generation_zero.items()}.items():
        rows += len(seeds_by_rows[key]) * cell.rules.sample_rows
        total += len(seeds_by_rows[key]) * cell.rules.sample_rows * sizes.row(cell)
    seeds_by_model = seeds_by_key(plan.resolved, lambda keys: keys.model)
    for key, cell in {keys.model: cell for keys, cell in by_generation_zero.items()}.items():
        total += len(seeds_by_model[key]) * (1 + STATE_NUMBERS) * sizes.model(cell)
    return SizeEstimate(
        rows=rows,
        bytes=total,
        max_rows=max(cell.rules.sample_rows for cell in lineages),
        max_bytes=record_bytes + max(_generation_bytes(cell, plan, sizes) for cell in lineages),
    )


def _generation_bytes(cell: ResolvedCell, plan: Plan, sizes: "_Sizes") -> int:
    """Return the bytes of one generation's model, and of its rows if those of all generations are kept."""
    if not cell.family.trained:
        return 0
    keeps_rows = plan.sweep.pool == "parquet" and plan.sweep.keep.rows == "all"
    return sizes.model(cell) + keeps_rows * cell.rules.sample_rows * sizes.row(cell)


def _kept_rows(cell: ResolvedCell, plan: Plan) -> int:
    """Return the number of rows of generations 1 to T that stay in the store."""
    if plan.sweep.pool != "parquet":
        return 0
    count, last = cell.rules.sample_rows, cell.generations
    if plan.sweep.keep.rows == "all":
        return count * last
    takes: Iterable[tuple[int, int]] = (
        (take.source.generation, take.source_rows)
        for take in cell.rules.recipe(last + 1).takes
        if take.source.kind == "synthetic"
    )
    return sum(max(count, taken) for generation, taken in takes if generation >= 1)


class _Sizes:
    """Bytes of a cell's model and rows. Models are counted once for each setting of model and data."""

    def __init__(self) -> None:
        self._models: dict[str, int] = {}

    def row(self, cell: ResolvedCell) -> int:
        """Return the bytes of a stored row: uint8 images, float32 points."""
        return prod(cell.data.event) * (1 if cell.data.kind == "images" else FLOAT32_BYTES)

    def model(self, cell: ResolvedCell) -> int:
        """Return the bytes of the EMA weights of a trained family's model."""
        key = repr((cell.settings.data, cell.settings.model))
        if key not in self._models:
            self._models[key] = cast(TrainedFamily, cell.family).parameter_count(cell.data.event) * FLOAT32_BYTES
        return self._models[key]
