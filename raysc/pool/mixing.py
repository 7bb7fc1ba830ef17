"""Mixing: from a recipe to a training set. No other module combines rows of several sources."""

from collections.abc import Mapping
from operator import attrgetter

import numpy as np

from raysc.errors import InputError
from raysc.pool.rows import Part, Rows
from raysc.pool.selection import Views, select, transform, weigh
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.rng import Streams, stream


def mix(
    recipe: Recipe, sources: Mapping[Source, Rows], seeds: tuple[int, ...], generation: int, sample_rows: int,
    views: Views | None = None,
) -> TrainingSet:  # fmt: skip
    """Return the training set of a recipe; copies no row but transformed ones.

    Args:
        recipe: counts by source.
        sources: every source of the recipe, with at least the rows that its takes need; the real rows too, if a take
            has a function.
        seeds: replicates, the leading axis of indices.
        generation: t, the generation to be trained; its "subsample" streams draw the subsample.
        sample_rows: rows that every generation samples; a part of a source is a prefix of one permutation of those,
            so that 100 rows at lambda 0.1 are among the 200 at lambda 0.2.
        views: of candidates, for takes with ``needs``.

    Returns:
        Parts in the recipe's order, without takes of no rows.

    Raises:
        InputError: a function of a regime returned invalid indices, rows or weights.
    """
    for take in recipe.takes:
        if "scores" in take.needs and take.source != synthetic(generation - 1):
            raise InputError(f"generation {generation} has scores for rows of the newest model alone")
    # Whole sources without a function call: a long accumulation has thousands of them.
    parts = tuple(
        rows
        if (rows := sources[take.source]).count == take.count and take.is_plain
        else _part(take, sources, seeds, sample_rows, views)
        for take in recipe.takes
        if take.count > 0
    )
    pool = TrainingSet(parts)
    if recipe.subsample is None:
        return pool
    generators = Streams(seeds, generation).iter_generators("subsample", "pool")
    count = pool.count
    positions = [np.sort(generator.choice(count, recipe.subsample, replace=False)) for generator in generators]
    return TrainingSet(parts, np.stack(positions))


def has_marks(
    recipe: Recipe, training_set: TrainingSet, sources: Mapping[Source, Rows], marks: Mapping[Source, np.ndarray],
    seeds: tuple[int, ...], sample_rows: int,
) -> np.ndarray:  # fmt: skip
    """Return the seeds, bool (seeds,), whose training set has a marked row, or one that depends on marked rows.

    A function of a take gets several rows at once, so all rows of the take depend on each of them.

    Args:
        recipe: the recipe of the training set.
        training_set: what ``mix`` made of it.
        sources: every source of the recipe.
        marks: the marked rows of some sources, bool (seeds, rows) each.
        seeds: replicates.
        sample_rows: rows that every generation samples.
    """
    by_take = [np.zeros((len(seeds), 0), bool)]
    for take in recipe.takes:
        if take.source not in marks:
            by_take.append(np.zeros((len(seeds), take.count), bool))
        elif take.count > 0:
            prefix = _prefix_or_all(take, sources[take.source], seeds, sample_rows).indices
            of_take = marks[take.source]
            if prefix is not None:
                of_take = np.take_along_axis(of_take, prefix, axis=1)
            if take.reads_real_rows:  # it has a function
                of_take = np.repeat(of_take.any(axis=1, keepdims=True), take.count, axis=1)
            by_take.append(of_take)
    of_rows = np.concatenate(by_take, axis=1)
    if training_set.positions is not None:
        of_rows = np.take_along_axis(of_rows, training_set.positions, axis=1)
    return np.asarray(of_rows.any(axis=1))


def _part(
    take: Take, sources: Mapping[Source, Rows], seeds: tuple[int, ...], sample_rows: int, views: Views | None
) -> Part | Rows:
    """Return the rows of a take: a prefix of its source or a selection, transformed and weighted."""
    part = _prefix_or_all(take, sources[take.source], seeds, sample_rows)
    if take.choose is not None:
        part = select(take, part, sources[REAL], seeds, views)
    if take.transform is not None:
        part = transform(take, part, sources[REAL], seeds)
    # Equal weights need no real rows, which may be dropped by then.
    return part if take.weight is None else weigh(take, part, sources.get(REAL), seeds)


def _prefix_or_all(take: Take, rows: Rows, seeds: tuple[int, ...], sample_rows: int) -> Part | Rows:
    """Return the rows of a source that a take reads: its candidates, if it selects some of them."""
    if rows.count == take.source_rows and take.redraw is None and not take.is_plain:
        return rows
    return _prefix(rows, take, seeds, sample_rows)


def _prefix(rows: Rows, take: Take, seeds: tuple[int, ...], sample_rows: int) -> Part:
    """Return the first ``take.source_rows`` rows of a source in its own order, or in that of ``take.redraw``.

    The order is a permutation of the first ``sample_rows`` rows (of all rows for a real source), then the remaining
    rows as drawn.
    """
    permuted = sample_rows if rows.source.kind == "synthetic" else rows.count
    request = take.source_rows, seeds, permuted
    if take.redraw is not None:  # not cached: each generation has another order
        return Part(rows, _prefix_indices(take, *request), ("redraw", take.redraw))
    if request not in rows.arrays_by_request:
        rows.arrays_by_request[request] = _prefix_indices(take, *request)
    return Part(rows, rows.arrays_by_request[request])


def _prefix_indices(take: Take, count: int, seeds: tuple[int, ...], permuted: int) -> np.ndarray:
    """Return the indices of a prefix, int64 (seeds, count)."""
    if count >= permuted:
        return np.tile(np.arange(count), (len(seeds), 1))
    generation, index = take.address
    orders = [stream(seed, generation, "subsample", *index).permutation(permuted) for seed in seeds]
    return np.stack([order[:count] for order in orders])


def counts_by_kind(training_set: TrainingSet, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Count the real (initial and fresh) and the synthetic rows of a training set.

    Returns:
        rows_real, rows_synthetic: int64 (seeds,).
    """
    if training_set.positions is None:
        rows_synthetic = sum(map(attrgetter("synthetic"), training_set.parts))
        return np.full(seeds, training_set.count - rows_synthetic), np.full(seeds, rows_synthetic)
    is_synthetic = np.array([part.synthetic > 0 for part in training_set.parts])
    part = np.searchsorted(training_set.ends, training_set.positions, side="right")
    synthetic_counts = is_synthetic[part].sum(axis=1)
    return training_set.count - synthetic_counts, synthetic_counts
