"""The batches of a training run: the same on one rank or many, and from whichever step one begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysc.errors import InputError
from raysc.models.values import to_floats
from raysc.pool.gather import Gather
from raysc.pool.rows import TrainingSet
from raysc.streams import Streams, stream


@dataclass(frozen=True)
class Batch:
    """What one rank sees in one step.

    Attributes:
        rows: float32 (batch / ranks, *event), see ``to_floats``.
        noise: standard normal, as the rows.
        times: uniform in [0, 1), float32 (batch / ranks,).
    """

    rows: Tensor
    noise: Tensor
    times: Tensor


class Batches:
    """One seed's batches of noisy rows by step.

    Rows come in the order of ``Order``. Noise and times are drawn for the whole batch from the step's stream. A rank
    takes its slice of all three.
    """

    def __init__(
        self, training_set: TrainingSet, batch: int, micro_batch: int | None, rank: int, world: int, streams: Streams,
        device: torch.device,
    ) -> None:  # fmt: skip
        """Load the rows' blocks.

        Args:
            training_set: rows of one seed.
            batch: rows per step over all ranks.
            micro_batch: rows that a rank gives the network at once; None: all of its slice.
            rank: whose slice: 0 to world - 1.
            world: number of ranks.
            streams: of that seed.
            device: where batches go.

        Raises:
            InputError: the batch cannot be split evenly.
        """
        self._mine = rank_rows(batch, rank, world)
        self._gather = Gather(training_set)
        self._order = Order(self._gather.count, streams)
        self._batch, self._micro, self._device = batch, micro_batch or batch, device
        (self._seed,), self._generation = streams.seeds, streams.generation

    def __call__(self, step: int) -> Batch:
        """This rank's slice of a step's batch."""
        draws = stream(self._seed, self._generation, "train", "step", step)
        noise = draws.standard_normal((self._batch, *self._gather.event), dtype=np.float32)
        times = draws.random(self._batch, dtype=np.float32)
        rows = self._gather(self._order(step * self._batch, (step + 1) * self._batch)[self._mine])
        return Batch(to_floats(self._send(rows)), self._send(noise[self._mine]), self._send(times[self._mine]))

    def pieces(self, step: int) -> Sequence[tuple[Batch, float]]:
        """The slice in micro-batches, each with its share of the slice: the weight of its mean loss."""
        whole = self(step)
        rows = len(whole.rows)
        cuts = [slice(start, min(start + self._micro, rows)) for start in range(0, rows, self._micro)]
        return [
            (Batch(whole.rows[cut], whole.noise[cut], whole.times[cut]), (cut.stop - cut.start) / rows) for cut in cuts
        ]

    def _send(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device, non_blocking=True)


class Order:
    """The endless order of one seed's rows: one permutation of them after another, each with a stream of its own.

    Step s takes those from s * batch on, so a batch may straddle two passes.
    """

    def __init__(self, count: int, streams: Streams) -> None:
        """``count``: rows of the training set; ``streams``: of one seed."""
        self._count = count
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._epoch, self._permutation = -1, np.empty(0, np.int64)

    def __call__(self, first: int, last: int) -> np.ndarray:
        """Positions ``first`` to ``last`` of the endless order."""
        count = self._count
        passes = []
        for epoch in range(first // count, (last - 1) // count + 1):
            if epoch != self._epoch:
                permutation = stream(self._seed, self._generation, "train", "epoch", epoch).permutation(count)
                self._epoch, self._permutation = epoch, permutation
            passes.append(self._permutation[max(first - epoch * count, 0) : last - epoch * count])
        return np.concatenate(passes)


def rank_rows(batch: int, rank: int, world: int) -> slice:
    """Which rows of a batch a rank takes; InputError if it cannot be split evenly."""
    if batch % world:
        raise InputError(
            f"train.batch: {batch} rows cannot be split evenly over {world} workers; use a multiple of {world}"
        )
    return slice(batch // world * rank, batch // world * (rank + 1))
