"""Exchange of samples between models: each reads rows of others in the place of its own."""

from collections.abc import Sequence

import numpy as np

from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.rng import stream
from raysc.settings import Coupling

Seeds = tuple[int, ...]


def read_samples(coupling: Coupling, sampled: Sequence[Rows | None], generation: int, seeds: Sequence[Seeds]) -> Rows:
    """Return the rows that stand for S_t in the training sets of one model.

    Row r is row r of one of the models, which the origins name. Of n rows, largest remainders of n W[i] are of each
    model j, in random order. So a training set that takes fewer rows takes a random part of them.

    Args:
        coupling: of the model that reads, i, some seed of which has not diverged.
        sampled: S_t of every model, (seeds, n, *event) each; None where all seeds of a model have diverged, whose
            rows are NaN or black images, and for a model of which no row is read.
        generation: t.
        seeds: of every model, the seeds in the addresses of its draws.

    Returns:
        The rows; S_t itself where the model reads no others.
    """
    index, shares = coupling.index, coupling.reads[coupling.index]
    rows = sampled[index]
    assert rows is not None, "a model whose seeds have all diverged reads nothing more"
    if shares[index] == 1:
        return rows
    origins = _origins(coupling, rows.count, generation, seeds)
    read = np.empty_like(rows.load())
    diverged = np.nan if read.dtype.kind == "f" else 0  # pixels have no NaN
    for model, share in enumerate(shares):
        if share > 0:
            mask, of_model = origins == model, sampled[model]
            read[mask] = diverged if of_model is None else of_model.load()[mask]
    return Rows(rows.source, (MemoryBlock(("read", index, rows.source, seeds[index]), 0, read),))


def reads_diverged(
    coupling: Coupling, diverged: Sequence[np.ndarray], count: int, generation: int, seeds: Sequence[Seeds]
) -> np.ndarray:
    """Return which of the rows of ``read_samples`` are of diverged seeds, bool (seeds, count).

    Args:
        coupling: of the model that reads.
        diverged: of every model, the seeds that had diverged at generation t, bool (seeds,).
        count: n.
        generation: t.
        seeds: of every model, the seeds in the addresses of its draws.
    """
    index = coupling.index
    if coupling.reads[index][index] == 1:
        return np.repeat(diverged[index][:, None], count, axis=1)
    of_seeds = np.arange(len(seeds[index]))[:, None]
    read: np.ndarray = np.stack(diverged)[_origins(coupling, count, generation, seeds), of_seeds]
    return read


def _origins(coupling: Coupling, count: int, generation: int, seeds: Sequence[Seeds]) -> np.ndarray:
    """Return the model that each row is read from, int64 (seeds, count).

    Models draw by themselves; with pooled samples the origins of all models are one random deal.
    """
    pooled, index = coupling.graph == "pooled", coupling.index
    base = np.repeat(np.arange(coupling.count), largest_remainders(coupling.reads[index], count))
    generators = (stream(seed, generation, "read") for seed in seeds[0 if pooled else index])
    origins = np.stack([generator.permutation(base) for generator in generators])
    return (origins + index) % coupling.count if pooled else origins


def rows_read(coupling: Coupling, index: int, count: int) -> np.ndarray:
    """Return the number of rows that model ``index`` reads of every model, int64 (K,); their sum is ``count``.

    With pooled samples each model has the counts of model 0, moved on by its index.
    """
    counts = largest_remainders(coupling.reads[index], count)
    return np.roll(counts, index) if coupling.graph == "pooled" else counts


def largest_remainders(shares: Sequence[float], count: int) -> np.ndarray:
    """Return whole numbers with a given sum that are nearest to shares of it, int64 (shares,)."""
    exact = np.asarray(shares) * count
    counts = np.floor(exact + 1e-9).astype(np.int64)
    remainders = np.argsort(-(exact - counts), kind="stable")
    counts[remainders[: count - int(counts.sum())]] += 1
    return counts
