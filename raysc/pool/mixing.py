"""From a recipe to a training set: the only place where rows of several sources meet."""

from collections.abc import Mapping
from operator import attrgetter

import numpy as np

from raysc.pool.rows import Part, Rows, TrainingSet
from raysc.pool.selection import chosen
from raysc.regimes.recipe import REAL, Recipe, Source, Take
from raysc.rng import Streams, stream


def mix(
    recipe: Recipe, sources: Mapping[Source, Rows], seeds: tuple[int, ...], generation: int, sample_rows: int
) -> TrainingSet:
    """The training set that a recipe describes; no row is copied.

    Args:
        recipe: counts by source.
        sources: every source that the recipe names, with at least as many rows as it takes, or chooses among; the real
            rows too, where it chooses.
        seeds: replicates, the leading axis of indices.
        generation: t, the generation that will be trained; its "subsample" streams draw the subsample.
        sample_rows: rows that every generation samples; a part of a source is a prefix of one permutation of those,
            so that 100 rows at lambda 0.1 are among the 200 at lambda 0.2.

    Returns:
        Parts in the recipe's order, takes of no rows left out.

    Raises:
        InputError: a regime's ``choose`` gave something else than the indices it was asked for.
    """
    parts = tuple(
        rows
        if (rows := sources[take.source]).count == take.count and take.choose is None
        else _some(take, sources, seeds, sample_rows)
        for take in recipe.takes
        if take.count > 0
    )
    whole = TrainingSet(parts)
    if recipe.subsample is None:
        return whole
    pool = whole.count
    streams = Streams(seeds, generation).in_turn("subsample", "pool")
    drawn = [np.sort(one.choice(pool, recipe.subsample, replace=False)) for one in streams]
    return TrainingSet(parts, np.stack(drawn))


def _some(take: Take, sources: Mapping[Source, Rows], seeds: tuple[int, ...], sample_rows: int) -> Part:
    """The rows of a take that are not all of its source, or that are chosen."""
    rows = sources[take.source]
    if take.choose is None:
        return _prefix(rows, take.count, seeds, sample_rows)
    candidates = rows if rows.count == take.candidates else _prefix(rows, take.candidates, seeds, sample_rows)
    return chosen(take, candidates, sources[REAL], seeds)


def _prefix(rows: Rows, count: int, seeds: tuple[int, ...], sample_rows: int) -> Part:
    """The first ``count`` rows of a source in its own order.

    The order is a permutation of the first ``sample_rows`` (all real rows for a real source), then the rest as drawn.
    """
    ordered = sample_rows if rows.source.kind == "synthetic" else rows.count
    asked = count, seeds, ordered
    if asked not in rows.prefixes:
        rows.prefixes[asked] = _indices(rows.source, *asked)
    return Part(rows, rows.prefixes[asked])


def _indices(source: Source, count: int, seeds: tuple[int, ...], ordered: int) -> np.ndarray:
    """Their indices, int64 (seeds, count)."""
    if count >= ordered:
        return np.tile(np.arange(count), (len(seeds), 1))
    orders = [stream(seed, source.generation, "subsample", source.kind).permutation(ordered) for seed in seeds]
    return np.stack([order[:count] for order in orders])


def counts_by_kind(training_set: TrainingSet, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """How many rows of a training set are real (initial or fresh) and how many synthetic.

    Returns:
        rows_real, rows_synthetic: int64 (seeds,).
    """
    if training_set.positions is None:
        made = sum(map(attrgetter("synthetic"), training_set.parts))
        return np.full(seeds, training_set.count - made), np.full(seeds, made)
    ends = training_set.ends
    synthetic = np.array([part.synthetic > 0 for part in training_set.parts])
    from_synthetic = synthetic[np.searchsorted(ends, training_set.positions, side="right")].sum(axis=1)
    return training_set.count - from_synthetic, from_synthetic
