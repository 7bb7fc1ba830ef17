"""Memory of a unit, estimated before anything is allocated: rows, covariances, weights and batches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import cast

from raysc import registry
from raysc.formatting import in_bytes
from raysc.metrics.core.features import PLAIN_EXTRACTOR, extractor_name
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell
from raysc.pool.lifetimes import takes_to_read
from raysc.sweepfile.sweep import Sweep

FLOAT32_BYTES, FLOAT64_BYTES = 4, 8
ROW_BYTES = {"images": 1, "points": FLOAT64_BYTES, "text": 4}
"""Kind of data -> bytes of one number of a row."""
COVARIANCE_FAMILIES = ("gaussian", "linear_regression")
"""Models with a matrix of dimension x dimension."""
COVARIANCE_METRICS = ("frechet_distance",)
"""Metrics with a matrix of features x features."""


@dataclass(frozen=True)
class _Part:
    """A part of a unit's memory for one seed.

    Attributes:
        key: the setting that determines it.
        subject: what needs it.
        bytes: its size.
    """

    key: str
    subject: str
    bytes: int


def check_rows(sweep: Sweep, cell: ResolvedCell, limit: int) -> None:
    """Refuse a cell whose rows or batches need more memory than this process may use.

    Only the part of one seed counts, since packs of seeds are cut to the memory.

    Args:
        sweep: the sweep.
        cell: one of its cells.
        limit: memory that this process may use, in bytes.

    Raises:
        InputError: names the setting that needs most.
    """
    _check(sweep, _row_parts(sweep, cell), limit)


def check_matrices(sweep: Sweep, cell: ResolvedCell, limit: int) -> None:
    """Refuse data and models whose covariances need more memory than this process may use.

    Args:
        sweep: the sweep.
        cell: a cell with the data and the model.
        limit: memory that this process may use, in bytes.

    Raises:
        InputError: names the setting that needs most.
    """
    _check(sweep, _matrix_parts(sweep, cell), limit)


def _check(sweep: Sweep, parts: Iterable[_Part], limit: int) -> None:
    for part in parts:
        if part.bytes > limit:
            raise sweep.error(
                part.key,
                f"{part.subject} would need about {in_bytes(part.bytes)} of memory; this process may use "
                f"{in_bytes(limit)}",
            )


def _row_parts(sweep: Sweep, cell: ResolvedCell) -> Iterator[_Part]:
    """Yield rows and batches of a cell."""
    data, settings = cell.data, cell.settings
    numbers, size = prod(data.event), ROW_BYTES[data.kind]
    held_out = getattr(data, "test_rows", None) or 0
    yield _Part("data", f"{data.count:,} real rows of {numbers:,} numbers", data.count * numbers * size)
    yield _Part("data", f"{held_out:,} held-out rows of {numbers:,} numbers", held_out * numbers * size)
    rows = cell.rules.sample_rows
    yield _Part("sample.rows", f"{rows:,} sampled rows of {numbers:,} numbers", rows * numbers * size)
    if cell.family.trained:
        for key, train in (("train.batch", settings.train), ("loop.train.batch", settings.loop_train)):
            if train.micro_batch is None and not sweep.resources.gpus:
                yield _Part(key, f"a batch of {train.batch:,} rows", train.batch * numbers * FLOAT32_BYTES)
        return
    family = cast(ClosedFormFamily, cell.family)
    count = sum(
        take.source_rows for take in takes_to_read(cell.rules.recipe, sweep.generations, family.reads_rows_once)
    )
    yield _Part("loop.generations", f"the {count:,} rows of the last fit", FLOAT64_BYTES * count * numbers)


def _matrix_parts(sweep: Sweep, cell: ResolvedCell) -> Iterator[_Part]:
    """Yield matrices of dimension x dimension."""
    kind, numbers = cell.data.kind, prod(cell.data.event)
    size = FLOAT64_BYTES * numbers**2
    if cell.settings.model.name in COVARIANCE_FAMILIES:
        yield _Part("data", f"a covariance matrix of {numbers:,} dimensions", size)
    for index, component in enumerate(sweep.metrics):
        if component.name not in COVARIANCE_METRICS:
            continue
        features = registry.build("metric", component).features
        if extractor_name(features, kind) == PLAIN_EXTRACTOR[kind]:
            yield _Part(f"metrics.{index}", f"a covariance matrix of {numbers:,} features", size)
