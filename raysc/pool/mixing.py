"""Mixing: from a recipe to a training set. No other module combines rows of several sources."""

from collections.abc import Mapping
from operator import attrgetter

import numpy as np

from raysc.pool.rows import Part, Rows
from raysc.pool.selection import select
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Recipe, Source, Take
from raysc.rng import Streams, stream


def mix(
    recipe: Recipe, sources: Mapping[Source, Rows], seeds: tuple[int, ...], generation: int, sample_rows: int
) -> TrainingSet:
    """Return the training set of a recipe; copies no row.

    Args:
        recipe: counts by source.
        sources: every source of the recipe, with at least the rows that its takes need; the real rows too, if a take
            has ``choose``.
        seeds: replicates, the leading axis of indices.
        generation: t, the generation to be trained; its "subsample" streams draw the subsample.
        sample_rows: rows that every generation samples; a part of a source is a prefix of one permutation of those,
            so that 100 rows at lambda 0.1 are among the 200 at lambda 0.2.

    Returns:
        Parts in the recipe's order, without takes of no rows.

    Raises:
        InputError: a regime's ``choose`` returned invalid indices.
    """
    # Whole sources without a function call: a long accumulation has thousands of them.
    parts = tuple(
        rows
        if (rows := sources[take.source]).count == take.count and take.choose is None
        else _part(take, sources, seeds, sample_rows)
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


def _part(take: Take, sources: Mapping[Source, Rows], seeds: tuple[int, ...], sample_rows: int) -> Part:
    """Return the rows of a take that is a prefix of its source or a selection."""
    rows = sources[take.source]
    if take.choose is None:
        return _prefix(rows, take.count, seeds, sample_rows)
    candidates = rows if rows.count == take.source_rows else _prefix(rows, take.source_rows, seeds, sample_rows)
    return select(take, candidates, sources[REAL], seeds)


def _prefix(rows: Rows, count: int, seeds: tuple[int, ...], sample_rows: int) -> Part:
    """Return the first ``count`` rows of a source in its own order.

    The order is a permutation of the first ``sample_rows`` rows (of all rows for a real source), then the remaining
    rows as drawn.
    """
    permuted = sample_rows if rows.source.kind == "synthetic" else rows.count
    request = count, seeds, permuted
    if request not in rows.indices_by_request:
        rows.indices_by_request[request] = _prefix_indices(rows.source, *request)
    return Part(rows, rows.indices_by_request[request])


def _prefix_indices(source: Source, count: int, seeds: tuple[int, ...], permuted: int) -> np.ndarray:
    """Return the indices of a prefix, int64 (seeds, count)."""
    if count >= permuted:
        return np.tile(np.arange(count), (len(seeds), 1))
    orders = [stream(seed, source.generation, "subsample", source.kind).permutation(permuted) for seed in seeds]
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
