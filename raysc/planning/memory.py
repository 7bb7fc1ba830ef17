"""Memory of a unit, estimated before anything is allocated: rows, covariances, weights and batches."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple, cast

from raysc import registry
from raysc.formatting import in_bytes
from raysc.metrics.core.features import PLAIN_EXTRACTOR, extractor_name
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell
from raysc.pool.lifetimes import takes_to_read
from raysc.sweepfile.sweep import Sweep

FLOAT32_BYTES, FLOAT64_BYTES = 4, 8
NUMBER_BYTES = {"images": 1, "points": FLOAT64_BYTES, "text": 4}
"""Kind of data -> bytes of one number of a row."""
COVARIANCES = 3
"""Matrices in memory at once: a covariance, its factor and the result of an operation."""
MAX_SHOWN = 10**15
"""Largest number that a message writes out."""
CORRECTION_COPIES = 3
"""float64 arrays of the rows in memory at once while ``corrected`` finds centres or moves rows."""
COVARIANCE_FAMILIES = ("gaussian", "linear_regression")
"""Models with a matrix of dimension x dimension."""
COVARIANCE_METRICS = ("frechet_distance",)
"""Metrics with a matrix of features x features."""


class _Part(NamedTuple):
    """A part of a unit's memory for one seed.

    Attributes:
        key: the setting that determines it.
        subject: name of what needs it, with {count} for its number.
        number: of rows or dimensions.
        bytes: its size.
    """

    key: str
    subject: str
    number: int
    bytes: int


def check_rows(sweep: Sweep, cell: ResolvedCell, limit: int) -> None:
    """Refuse a cell whose rows or batches need more memory than this process may use.

    Only the part of one seed counts, since packs of seeds are cut to the memory.

    Args:
        sweep: the sweep.
        cell: one of its cells.
        limit: memory that this process may use, in bytes.

    Raises:
        InputError: names the setting.
    """
    _check(sweep, _row_parts(sweep, cell), limit)


def check_data(sweep: Sweep, cell: ResolvedCell, limit: int) -> None:
    """Refuse data and models whose real rows or covariances need more memory than this process may use.

    Args:
        sweep: the sweep.
        cell: a cell with the data and the model.
        limit: memory that this process may use, in bytes.

    Raises:
        InputError: names the setting.
    """
    _check(sweep, _data_parts(sweep, cell), limit)


def _check(sweep: Sweep, parts: Iterable[_Part], limit: int) -> None:
    for part in parts:
        if part.bytes > limit:
            count = f"{part.number:,}" if part.number < MAX_SHOWN else f"more than {MAX_SHOWN:,}"
            raise sweep.error(
                part.key,
                f"{part.subject.format(count=count)} would need about {in_bytes(min(part.bytes, MAX_SHOWN**2))} of "
                f"memory; this process may use {in_bytes(limit)}",
            )


def _row_parts(sweep: Sweep, cell: ResolvedCell) -> Iterator[_Part]:
    """Yield sampled rows, batches and training sets of a cell."""
    data, settings, rows = cell.data, cell.settings, cell.rules.sample_rows
    numbers = prod(data.event)
    key = "data" if settings.sample.rows is None else "sample.rows"
    yield _Part(key, "{count} sampled rows", rows, rows * numbers * NUMBER_BYTES[data.kind])
    if cell.settings.curation.name == "corrected":
        takes = cell.rules.recipe(sweep.ceiling).takes
        count = max(cell.rules.rows, *(take.count for take in takes if take.transform is not None), 0)
        size = CORRECTION_COPIES * count * numbers * FLOAT64_BYTES
        yield _Part("curation", "the correction of {count} rows", count, size)
    if cell.family.trained:
        for key, train in (("train.batch", settings.train), ("loop.train.batch", settings.loop_train)):
            if train.micro_batch is None and not sweep.resources.gpus:
                yield _Part(key, "a batch of {count} rows", train.batch, train.batch * numbers * FLOAT32_BYTES)
        return
    family = cast(ClosedFormFamily, cell.family)
    takes = takes_to_read(cell.rules.recipe, sweep.ceiling, family.reads_rows_once)
    count = sum(take.source_rows for take in takes)
    yield _Part("regime", "the {count} rows of the last fit", count, count * numbers * FLOAT64_BYTES)


def _data_parts(sweep: Sweep, cell: ResolvedCell) -> Iterator[_Part]:
    """Yield real rows, and matrices of dimension x dimension."""
    data, numbers = cell.data, prod(cell.data.event)
    for name, count in (("real", data.count), ("held-out", getattr(data, "test_rows", None) or 0)):
        yield _Part("data", f"{{count}} {name} rows", count, count * numbers * NUMBER_BYTES[data.kind])
    matrices = COVARIANCES * FLOAT64_BYTES * numbers**2
    if cell.settings.model.name in COVARIANCE_FAMILIES:
        yield _Part("data", "a covariance matrix of {count} dimensions", numbers, matrices)
    for index, component in enumerate(sweep.metrics):
        if component.name not in COVARIANCE_METRICS:
            continue
        features = registry.build("metric", component).features
        if extractor_name(features, data.kind) == PLAIN_EXTRACTOR[data.kind]:
            yield _Part(f"metrics.{index}", "a covariance matrix of {count} features", numbers, matrices)
