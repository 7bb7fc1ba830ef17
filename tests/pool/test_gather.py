"""Random access to the rows of a training set."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.gather import Gather
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, synthetic

SEEDS = 3


class Counting:
    """A block that counts its loads."""

    key, first, rows, sha256, acceptance = "counting", 0, 4, "", None

    def __init__(self) -> None:
        self.loads = 0

    def load(self) -> np.ndarray:
        self.loads += 1
        return np.arange(8.0).reshape(1, 4, 2)


@st.composite
def sources(draw: st.DrawFn, number: int) -> Rows:
    """Draw a source of up to three blocks, shared by all seeds or not; no two values of a test are equal."""
    blocks: list[Block] = []
    first = 0
    for index in range(draw(st.integers(1, 3))):
        rows, seeds = draw(st.integers(0, 5)), draw(st.sampled_from([1, SEEDS]))
        array = np.arange(seeds * rows * 2).reshape(seeds, rows, 2) + 1000 * (10 * number + index)
        blocks.append(MemoryBlock((number, index), first, array))
        first += rows
    if len({len(block.load()) for block in blocks}) > 1:  # `Rows.load` needs one seed axis
        blocks = blocks[:1]
    return Rows(synthetic(number), tuple(blocks))


@st.composite
def training_sets(draw: st.DrawFn) -> TrainingSet:
    parts = []
    for number in range(draw(st.integers(1, 3))):
        rows = draw(sources(number))
        indices = None
        if rows.count and draw(st.booleans()):
            count = draw(st.integers(0, 6))
            flat = draw(st.lists(st.integers(0, rows.count - 1), min_size=SEEDS * count, max_size=SEEDS * count))
            indices = np.array(flat, np.int64).reshape(SEEDS, count)
        parts.append(rows if indices is None else Part(rows, indices))
    whole = TrainingSet(tuple(parts))
    if not whole.count or draw(st.booleans()):
        return whole
    count = draw(st.integers(0, 8))
    flat = draw(st.lists(st.integers(0, whole.count - 1), min_size=SEEDS * count, max_size=SEEDS * count))
    return TrainingSet(whole.parts, np.array(flat, np.int64).reshape(SEEDS, count))


@given(training_sets(), st.integers(0, SEEDS - 1), st.randoms(use_true_random=False))
def test_gathered_rows_equal_loaded_rows(training_set: TrainingSet, seed: int, random: Random) -> None:
    gather = Gather(training_set, seed)
    loaded = training_set.load()
    expected = loaded[seed if len(loaded) > 1 else 0]
    assert gather.count == training_set.count == len(expected)
    positions = [random.randrange(gather.count) for _ in range(7)] if gather.count else []
    rows = gather(np.array(positions, np.int64))
    np.testing.assert_array_equal(rows, expected[positions])
    assert rows.dtype == expected.dtype


def test_a_block_in_two_parts_is_loaded_once() -> None:
    block = Counting()
    source = Rows(REAL, (block,))
    gather = Gather(TrainingSet((source, Part(source, np.array([[3, 1]])))))
    gather(np.arange(6))
    np.testing.assert_array_equal(gather(np.array([4, 5, 0])), [[6, 7], [2, 3], [0, 1]])
    assert block.loads == 1


def test_rows_are_copies() -> None:
    array = np.zeros((1, 3, 2))
    rows = Gather(TrainingSet((Rows(REAL, (MemoryBlock("a", 0, array),)),)))(np.arange(3))
    rows += 1
    assert array.sum() == 0


def test_rows_of_two_shapes_are_refused() -> None:
    parts = tuple(Rows(REAL, (MemoryBlock(dim, 0, np.zeros((1, 2, dim))),)) for dim in (2, 3))
    with pytest.raises(ValueError, match=r"shape \(2,\) and \(3,\)"):
        Gather(TrainingSet(parts))


@given(sources(0), st.integers(0, 12), st.integers(1, 12))
def test_rows_between_equal_a_slice_of_all_rows(rows: Rows, first: int, count: int) -> None:
    end = min(rows.count, first + count)
    if first < end:
        np.testing.assert_array_equal(rows.between(first, end), rows.load()[:, first:end])


def test_rows_between_load_no_other_blocks() -> None:
    blocks = [Counting() for _ in range(3)]
    assert Rows(synthetic(0), tuple(blocks)).between(3, 8).tolist() == [[[6, 7], [0, 1], [2, 3], [4, 5], [6, 7]]]
    assert [block.loads for block in blocks] == [1, 1, 0]


def test_real_rows_of_half_the_precision_stand_beside_samples() -> None:
    real = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
    samples = np.full((1, 3, 2), 0.1)
    sources = [Rows(REAL, (MemoryBlock(("a", 0), 0, real),)), Rows(synthetic(0), (MemoryBlock(("b", 0), 0, samples),))]
    whole = TrainingSet(tuple(sources))
    mixed = TrainingSet(whole.parts, np.array([[5, 0, 4, 3]]))
    expected = np.concatenate([real, samples], axis=1)[:, [5, 0, 4, 3]]
    np.testing.assert_array_equal(mixed.load(), expected)
    assert mixed.load().dtype == np.float64
