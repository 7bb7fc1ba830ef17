"""Empirical proportions of outcomes: the discrete distributions of Kazdan et al. 2024."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from raysc.datasets.dataset import WithOutcomes
from raysc.errors import InputError
from raysc.models.closed_form.incremental import Pooled
from raysc.models.closed_form.outcome_counts import TalliedBlock, Tally, tally_of
from raysc.models.family import Arrays
from raysc.pool.rows import Block, TrainingSet
from raysc.regimes.recipe import synthetic
from raysc.rng import Streams, stream


@dataclass(eq=False)
class Discrete:
    """Each outcome has the proportion that it has among the training rows (Kazdan et al. 2024, discrete).

    Under ``replace`` this is genetic drift: outcomes are lost one after another and never come back. Proportions are
    counts, so nothing is lost to rounding; logarithms and squares of them are float64.

    Rows come in blocks: 0 to 9, 10 to 99, 100 to 999, and so on. Of a block its counts are drawn, by one multinomial
    over the outcomes that are left; the order of its rows only where somebody reads them, or takes a part of the block.
    So with a power of ten as number of rows a generation costs as much as there are outcomes left, however many rows
    they stand for; with others, rows of the last block are put in order.

    Attributes:
        outcomes: K of the data, which ``for_data`` tells.
    """

    outcomes: int | None = field(default=None, init=False)
    _tallies: Pooled[Tally] = field(default_factory=lambda: Pooled(Tally.__add__), init=False, repr=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    remembers: ClassVar[bool] = True
    block: ClassVar[int] = 10

    def for_data(self, data: Any) -> "Discrete":
        """The family for a data set's outcomes."""
        family = Discrete()
        family.outcomes = len(data.probabilities()) if isinstance(data, WithOutcomes) else None
        return family

    def check(self, event: tuple[int, ...]) -> None:
        if self.outcomes is None:
            raise InputError("discrete counts outcomes, and these data have other rows; take data: categories")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """The outcomes that some seed has, and their counts, both int64 (seeds, m)."""
        tally = self._tallies.of_parts(training_set, tally_of).kept()
        shape = (len(streams.seeds), len(tally.outcomes))
        return {"outcomes": np.broadcast_to(tally.outcomes, shape), "counts": np.broadcast_to(tally.counts, shape)}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Outcomes, int32 (seeds, count, 1)."""
        outcomes, blocks = state["outcomes"][0], _blocks(first + count)
        # Of a seed with one outcome left every row is that one.
        rows = np.repeat(outcomes[state["counts"].argmax(axis=1), None], count, axis=1).astype(np.int32)
        for seed, left, drawn in _drawn(state, blocks, streams):
            found = [
                outcomes[left[_ordered(drawn[number], number, streams.seeds[seed], streams.generation)[cut]]]
                for number, cut in _cuts(blocks, first, count)
            ]
            rows[seed] = np.concatenate(found)
        return rows[..., None]

    def draw(self, state: Arrays, first: int, count: int, streams: Streams) -> Block:
        """The same rows, counted; see ``TalliedBlock``."""
        blocks = _blocks(first + count)
        cuts = _cuts(blocks, first, count)
        parts = [(number, cut) for number, cut in cuts if cut != slice(0, len(blocks[number]))]
        whole = [number for number, cut in cuts if (number, cut) not in parts]
        found = np.where(state["counts"] > 0, count, 0)  # of a seed with one outcome left
        for seed, left, drawn in _drawn(state, blocks, streams):
            total = drawn[whole].sum(axis=0)
            for number, cut in parts:
                ordered = _ordered(drawn[number], number, streams.seeds[seed], streams.generation)
                total += np.bincount(ordered[cut], minlength=len(left))
            found[seed, left] = total
        key = (synthetic(streams.generation), streams.seeds, first)
        return TalliedBlock(key, first, count, Tally(state["outcomes"][0], found).kept(), self, state, streams)

    def proportions(self, state: Arrays) -> np.ndarray:
        """Of every outcome that some seed has, float64 (seeds, m)."""
        counts = state["counts"]
        found: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
        return found

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Logarithm of the proportion of outcomes (count, 1), float64 (seeds, count); minus infinity for lost ones."""
        outcomes, proportions = state["outcomes"][0], self.proportions(state)
        where = np.minimum(np.searchsorted(outcomes, points[:, 0]), len(outcomes) - 1)
        with np.errstate(divide="ignore"):
            found: np.ndarray = np.log(np.where(outcomes[where] == points[:, 0], proportions[:, where], 0.0))
        return found


def _blocks(end: int) -> list[range]:
    """The blocks that hold rows below ``end``, from the first on."""
    blocks = [range(Discrete.block)]
    while blocks[-1].stop < end:
        blocks.append(range(blocks[-1].stop, 10 * blocks[-1].stop))
    return blocks


def _cuts(blocks: list[range], first: int, count: int) -> list[tuple[int, slice]]:
    """Which rows of which blocks are rows ``first`` to ``first + count``."""
    end = first + count
    return [
        (number, slice(max(first - block.start, 0), min(end, block.stop) - block.start))
        for number, block in enumerate(blocks)
        if block.start < end and first < block.stop
    ]


def _drawn(state: Arrays, blocks: list[range], streams: Streams) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of every seed with several outcomes left: its index, their columns (k,), their counts by block (blocks, k)."""
    counts, sizes = state["counts"], [len(block) for block in blocks]
    left = np.count_nonzero(counts, axis=1)
    seed_of, columns = np.nonzero(counts)
    shares, ends = counts[seed_of, columns] / counts.sum(axis=1)[seed_of], np.cumsum(left)
    seeds = np.flatnonzero(left > 1).tolist()
    own = Streams(tuple(streams.seeds[seed] for seed in seeds), streams.generation)
    for seed, generator in zip(seeds, own.in_turn("sample", "counts"), strict=True):
        of_seed = slice(ends[seed] - left[seed], ends[seed])
        yield seed, columns[of_seed], generator.multinomial(sizes, shares[of_seed])


def _ordered(counts: np.ndarray, block: int, seed: int, generation: int) -> np.ndarray:
    """The rows of a block in their order, as indices of ``counts``."""
    order = stream(seed, generation, "sample", "order", block)
    return order.permutation(np.repeat(np.arange(len(counts)), counts))
