"""Empirical proportions of outcomes: the discrete distributions of Kazdan et al. 2024."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from raysc.datasets.dataset import SupportsProbabilities
from raysc.errors import InputError
from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.models.closed_form.outcome_counts import CountedBlock, OutcomeCounts, count_outcomes
from raysc.models.family import Arrays
from raysc.pool.blocks import Block
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import synthetic
from raysc.rng import Streams, stream
from raysc.settings import Sample


@dataclass(eq=False)
class Discrete:
    """Each outcome has the proportion that it has among the training rows (Kazdan et al. 2024, discrete).

    Under ``replace`` this is genetic drift: outcomes are lost one after another and never return. The state holds
    integer counts, so fits have no rounding error, unless rows have weights; logarithms and squares of proportions are
    float64.

    Rows come in blocks: 0 to 9, 10 to 99, 100 to 999, and so on. The counts of a block are one multinomial draw over
    the outcomes that are left. The order of its rows is drawn only where rows are loaded, or where a part of the block
    is sampled. So with a power of ten as number of rows, a generation costs as much as there are outcomes left,
    whatever the number of rows; with other numbers, the rows of the last block are put in order.

    Attributes:
        outcomes: number of outcomes K of the data, set by ``for_data``; None: the data have no outcomes.
    """

    outcomes: int | None = field(default=None, init=False)
    _counts: IncrementalStatistics[OutcomeCounts] = field(
        default_factory=lambda: IncrementalStatistics(OutcomeCounts.__add__), init=False, repr=False
    )

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = True
    retraining_jumps: ClassVar[bool] = True
    block: ClassVar[int] = 10
    sample_settings: ClassVar[tuple[str, ...]] = ("temperature",)

    def for_data(self, data: Any) -> "Discrete":
        """Return the family for the outcomes of a data set."""
        family = Discrete()
        family.outcomes = len(data.probabilities()) if isinstance(data, SupportsProbabilities) else None
        return family

    def check(self, event: tuple[int, ...]) -> None:
        if self.outcomes is None:
            raise InputError("discrete counts outcomes, and these data have other rows; take data: categories")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return the outcomes that at least one seed has and their counts, both int64 (seeds, m).

        Counts of weighted rows are sums of weights, float64.
        """
        counts = self._counts.compute_by_part(training_set, count_outcomes).drop_lost()
        shape = (len(streams.seeds), len(counts.outcomes))
        return {"outcomes": np.broadcast_to(counts.outcomes, shape), "counts": np.broadcast_to(counts.counts, shape)}

    def sampling_state(self, state: Arrays, sample: Sample) -> Arrays:
        """Return proportions p^(1/tau) over their sum, at ``temperature`` tau, as weights relative to the largest.

        Outcomes without rows stay without: 0^(1/tau) = 0.
        """
        if sample.temperature == 1:
            return state
        counts = state["counts"]
        return {**state, "counts": (counts / counts.max(axis=1, keepdims=True)) ** (1 / sample.temperature)}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample outcomes, int32 (seeds, count, 1)."""
        outcomes, blocks = state["outcomes"][0], _blocks_below(first + count)
        # A seed with one outcome left samples it in every row.
        rows = np.repeat(outcomes[state["counts"].argmax(axis=1), None], count, axis=1).astype(np.int32)
        for seed, columns, block_counts in _draw_counts(state, blocks, streams):
            parts = [
                outcomes[columns[_ordered(block_counts[number], number, streams.seeds[seed], streams.generation)[cut]]]
                for number, cut in _cuts(blocks, first, count)
            ]
            rows[seed] = np.concatenate(parts)
        return rows[..., None]

    def sample_block(self, state: Arrays, first: int, count: int, streams: Streams) -> Block:
        """Draw the counts of the rows of ``sample``; see ``CountedBlock``."""
        blocks = _blocks_below(first + count)
        cuts = _cuts(blocks, first, count)
        partial = [(number, cut) for number, cut in cuts if cut != slice(0, len(blocks[number]))]
        complete = [number for number, cut in cuts if (number, cut) not in partial]
        counts = np.where(state["counts"] > 0, count, 0)  # right for seeds with one outcome left
        for seed, columns, block_counts in _draw_counts(state, blocks, streams):
            total = block_counts[complete].sum(axis=0)
            for number, cut in partial:
                rows = _ordered(block_counts[number], number, streams.seeds[seed], streams.generation)
                total += np.bincount(rows[cut], minlength=len(columns))
            counts[seed, columns] = total
        key = (synthetic(streams.generation), streams.seeds, first)
        outcome_counts = OutcomeCounts(state["outcomes"][0], counts).drop_lost()
        return CountedBlock(key, first, count, outcome_counts, self, state, streams)

    def proportions(self, state: Arrays) -> np.ndarray:
        """Compute the proportions of the outcomes that at least one seed has, float64 (seeds, m)."""
        counts = state["counts"]
        proportions: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
        return proportions

    def total_variation(self, state: Arrays, data: SupportsProbabilities) -> np.ndarray:
        """Compute 1/2 sum |q - p| of the proportions q and the true probabilities p, float64 (seeds,)."""
        p = data.probabilities()
        q = np.exp(self.log_prob(state, np.arange(len(p))[:, None]))
        distances: np.ndarray = np.abs(q - p).sum(axis=1) / 2
        return distances

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Compute log proportions of outcomes (count, 1), float64 (seeds, count); minus infinity for lost ones."""
        outcomes, proportions = state["outcomes"][0], self.proportions(state)
        columns = np.minimum(np.searchsorted(outcomes, points[:, 0]), len(outcomes) - 1)
        with np.errstate(divide="ignore"):
            log_proportions: np.ndarray = np.log(
                np.where(outcomes[columns] == points[:, 0], proportions[:, columns], 0.0)
            )
        return log_proportions


def _blocks_below(end: int) -> list[range]:
    """Return the blocks, as ranges of rows, that contain the rows below ``end``."""
    blocks = [range(Discrete.block)]
    while blocks[-1].stop < end:
        blocks.append(range(blocks[-1].stop, 10 * blocks[-1].stop))
    return blocks


def _cuts(blocks: list[range], first: int, count: int) -> list[tuple[int, slice]]:
    """Return rows ``first`` to ``first + count`` as pairs of block number and slice of the block."""
    end = first + count
    return [
        (number, slice(max(first - block.start, 0), min(end, block.stop) - block.start))
        for number, block in enumerate(blocks)
        if block.start < end and first < block.stop
    ]


def _draw_counts(state: Arrays, blocks: list[range], streams: Streams) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Draw the counts of blocks for every seed with several outcomes left.

    Yields:
        The seed's index, the columns of its outcomes (k,), and their counts by block, int64 (blocks, k).
    """
    counts, sizes = state["counts"], [len(block) for block in blocks]
    outcomes_left = np.count_nonzero(counts, axis=1)
    seed_of, columns = np.nonzero(counts)
    proportions, ends = counts[seed_of, columns] / counts.sum(axis=1)[seed_of], np.cumsum(outcomes_left)
    seeds = np.flatnonzero(outcomes_left > 1).tolist()
    selected = Streams(tuple(streams.seeds[seed] for seed in seeds), streams.generation)
    for seed, generator in zip(seeds, selected.iter_generators("sample", "counts"), strict=True):
        span = slice(ends[seed] - outcomes_left[seed], ends[seed])
        yield seed, columns[span], generator.multinomial(sizes, proportions[span])


def _ordered(counts: np.ndarray, block: int, seed: int, generation: int) -> np.ndarray:
    """Draw the order of a block's rows, as indices of ``counts``."""
    generator = stream(seed, generation, "sample", "order", block)
    return generator.permutation(np.repeat(np.arange(len(counts)), counts))
