"""Rows that a model reads of others."""

import numpy as np
import pytest

from raysc.pool.blocks import MemoryBlock
from raysc.pool.exchange import largest_remainders, read_samples, rows_read
from raysc.pool.rows import Rows
from raysc.regimes.recipe import synthetic
from raysc.rng import model_seeds
from raysc.settings import Coupling
from raysc.theory.graphs import reading_matrix

SEEDS = (3, 8)
MODELS = 3
ADDRESSES = [model_seeds(SEEDS, model) for model in range(MODELS)]
COUNT = 50


def sampled() -> list[Rows | None]:
    """Row r of model i and seed s has the value (i, s, r)."""
    rows: list[Rows | None] = []
    for model in range(MODELS):
        values = np.stack(np.broadcast_arrays(model, np.arange(2)[:, None], np.arange(COUNT)[None]), axis=-1)
        rows.append(Rows(synthetic(4), (MemoryBlock(("rows", model), 0, values.astype(np.float64)),)))
    return rows


def coupling(index: int, graph: str = "matrix", reads: tuple[tuple[float, ...], ...] | None = None) -> Coupling:
    matrix = reading_matrix(graph, MODELS) if reads is None else reads
    return Coupling(index=index, graph=graph, reads=matrix, real="own", models=("a", "b", "c"))


def test_shares_become_whole_numbers_with_their_sum() -> None:
    assert largest_remainders((0.5, 0.25, 0.25), 8).tolist() == [4, 2, 2]
    assert largest_remainders((1 / 3, 1 / 3, 1 / 3), 50).tolist() == [17, 17, 16]
    assert largest_remainders((0.0, 1.0), 7).tolist() == [0, 7]
    assert largest_remainders((0.1, 0.2, 0.7), 10).tolist() == [1, 2, 7]  # 0.7 times 10 is below 7 in binary


def test_a_model_reads_exact_shares_row_by_row() -> None:
    reads = ((0.2, 0.5, 0.3), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    rows = read_samples(coupling(0, reads=reads), sampled(), 4, ADDRESSES).load()
    for seed in range(2):
        assert np.bincount(rows[seed, :, 0].astype(int), minlength=3).tolist() == [10, 25, 15]
        assert (rows[seed, :, 1] == seed).all()
        assert rows[seed, :, 2].tolist() == list(range(COUNT))
    assert rows[0, :, 0].tolist() != rows[1, :, 0].tolist()
    assert (read_samples(coupling(2, reads=reads), sampled(), 4, ADDRESSES).load()[..., 0] == 0).all()


def test_a_model_that_reads_only_itself_has_its_own_rows() -> None:
    samples = sampled()
    assert read_samples(coupling(1, "self"), samples, 4, ADDRESSES) is samples[1]


def test_pooled_rows_are_read_once_and_others_are_drawn_by_each_model() -> None:
    def origins(graph: str) -> np.ndarray:
        return np.stack(
            [read_samples(coupling(i, graph), sampled(), 4, ADDRESSES).load()[..., 0] for i in range(MODELS)]
        )

    pooled, complete = origins("pooled"), origins("complete")
    assert (np.sort(pooled, axis=0) == np.arange(MODELS)[:, None, None]).all()
    both = (complete[0] == complete[1]).mean()
    assert 0.1 < both < 0.6  # 1/3 by chance


@pytest.mark.parametrize("graph", ["star", "complete", "pooled"])
def test_the_numbers_of_rows_are_those_that_are_read(graph: str) -> None:
    for index in range(MODELS):
        origins = read_samples(coupling(index, graph), sampled(), 4, ADDRESSES).load()[..., 0].astype(int)
        counts = rows_read(coupling(index, graph), index, COUNT).tolist()
        assert [np.bincount(of_seed, minlength=MODELS).tolist() for of_seed in origins] == [counts, counts]


def test_rows_depend_on_seed_and_generation_and_on_no_pack() -> None:
    rows = read_samples(coupling(1, "complete"), sampled(), 4, ADDRESSES).load()
    alone = [model_seeds((8,), model) for model in range(MODELS)]
    of_seed = [
        None if of_model is None else Rows(of_model.source, (MemoryBlock("one", 0, of_model.load()[1:]),))
        for of_model in sampled()
    ]
    np.testing.assert_array_equal(read_samples(coupling(1, "complete"), of_seed, 4, alone).load()[0], rows[1])
    assert (read_samples(coupling(1, "complete"), sampled(), 5, ADDRESSES).load() != rows).any()


def test_rows_of_a_diverged_model_are_not_finite() -> None:
    samples = sampled()
    samples[2] = None
    rows = read_samples(coupling(0, "complete"), samples, 4, ADDRESSES).load()
    assert np.isnan(rows).all(axis=2).sum(axis=1).tolist() == [16, 16]
    with pytest.raises(AssertionError, match="diverged"):
        read_samples(coupling(2, "complete"), samples, 4, ADDRESSES)
