"""The batches of a training run: the same on one rank or many, and from whichever step one begins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysc.errors import InputError
from raysc.models.neural.gpu import sent
from raysc.models.neural.value_range import to_floats
from raysc.models.training import augmentation
from raysc.models.training.coupling import Coupling
from raysc.pool.gather import Gather
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams, stream
from raysc.settings import Train


@dataclass(frozen=True)
class Batch:
    """What one rank sees in one step; of a pack every tensor has a leading seed axis.

    Attributes:
        rows: float32 (batch / ranks, *event), see ``to_floats``.
        noise: standard normal, as the rows.
        times: uniform in [0, 1), float32 (batch / ranks,).
        condition: what the network is told of the rows' augmentation, float32 (batch / ranks, 9); none without it.
    """

    rows: Tensor
    noise: Tensor
    times: Tensor
    condition: Tensor | None = None

    def cut(self, where: slice) -> "Batch":
        """Some of the rows."""
        condition = None if self.condition is None else self.condition[where]
        return Batch(self.rows[where], self.noise[where], self.times[where], condition)


class Batches:
    """One seed's batches of noisy rows by step.

    Rows come in the order of ``Order``. Noise, times, which images are mirrored and how they are augmented are drawn
    for the whole batch from the step's streams, and the noise is paired with its rows if there is a coupling. A rank
    takes its slice of all of them.
    """

    def __init__(
        self, training_set: TrainingSet, train: Train, rank: int, world: int, streams: Streams, device: torch.device,
        coupling: Coupling | None = None,
    ) -> None:  # fmt: skip
        """Load the rows' blocks.

        Args:
            training_set: rows of one seed.
            train: of it ``batch``, ``micro_batch``, ``flips`` and ``augmentation`` play a part here.
            rank: whose slice: 0 to world - 1.
            world: number of ranks.
            streams: of that seed.
            device: where batches go.
            coupling: pairs the noise of the whole batch with its rows; None: as they were drawn.

        Raises:
            InputError: the batch cannot be split evenly.
        """
        self._mine = rank_rows(train.batch, rank, world)
        self._gather = Gather(training_set)
        self._order = Order(self._gather.count, streams)
        self._batch, self._micro, self._flips = train.batch, train.micro_batch or train.batch, train.flips
        self._device, self._coupling, self._augmentation = device, coupling, train.augmentation
        (self._seed,), self._generation = streams.seeds, streams.generation

    def __call__(self, step: int) -> Batch:
        """This rank's slice of a step's batch."""
        draws = stream(self._seed, self._generation, "train", "step", step)
        noise = draws.standard_normal((self._batch, *self._gather.event), dtype=np.float32)
        times = draws.random(self._batch, dtype=np.float32)
        mirrored = draws.random(self._batch) < 0.5 if self._flips else np.zeros(self._batch, bool)
        positions = self._order(step * self._batch, (step + 1) * self._batch)
        changes = self._changes(step)
        # All ranks pair the whole batch, so that pairs do not depend on their number.
        needed = self._mine if self._coupling is None else slice(None)
        rows = self._rows(positions[needed], mirrored[needed], None if changes is None else changes[needed])
        if self._coupling is not None:
            noise, rows = noise[self._coupling(noise, rows.cpu().numpy())], rows[self._mine]
        told = None if changes is None else self._send(augmentation.condition(changes[self._mine]))
        return Batch(rows, self._send(noise[self._mine]), self._send(times[self._mine]), told)

    def pieces(self, step: int) -> Sequence[tuple[Batch, float]]:
        """The slice in micro-batches, each with its share of the slice: the weight of its mean loss."""
        whole = self(step)
        rows = len(whole.rows)
        cuts = [slice(start, min(start + self._micro, rows)) for start in range(0, rows, self._micro)]
        return [(whole.cut(cut), (cut.stop - cut.start) / rows) for cut in cuts]

    def _changes(self, step: int) -> np.ndarray | None:
        """How the images of a step's whole batch are augmented, see ``augmentation.drawn``."""
        if not self._augmentation:
            return None
        draws = stream(self._seed, self._generation, "train", "augmentation", step)
        return augmentation.drawn(self._augmentation, self._batch, draws)

    def _rows(self, positions: np.ndarray, mirrored: np.ndarray, changes: np.ndarray | None) -> Tensor:
        """Rows as the network sees them, but for their noise; on the device."""
        rows = self._gather(positions)
        if mirrored.any():
            rows[mirrored] = rows[mirrored, ..., ::-1]
        values = to_floats(self._send(rows))
        return values if changes is None else augmentation.augmented(values, changes)

    def _send(self, array: np.ndarray) -> Tensor:
        return sent(torch.from_numpy(array), self._device)


class PackBatches:
    """The batches of a pack of seeds by step: for each seed, what ``Batches`` gives it alone.

    Rows are points, few enough to lie in one array however many parts they come from.
    """

    def __init__(
        self, training_set: TrainingSet, batch: int, streams: Streams, device: torch.device,
        coupling: Coupling | None = None,
    ) -> None:  # fmt: skip
        """Load the rows.

        Args:
            training_set: rows of the pack.
            batch: rows per step and seed.
            streams: of the pack.
            device: where batches go.
            coupling: see ``Batches``.
        """
        self._rows = np.asarray(training_set.load(), np.float32)
        self._batch, self._streams, self._device, self._coupling = batch, streams, device, coupling
        self._orders = [Order(self._rows.shape[1], Streams((seed,), streams.generation)) for seed in streams.seeds]
        self._seeds = np.arange(len(self._orders) if len(self._rows) > 1 else 1)[:, None]

    def __call__(self, step: int) -> Batch:
        """A step's batches; rows and noise (seeds, batch, *event), times (seeds, batch)."""
        shape = len(self._orders), self._batch
        noise, times = np.empty((*shape, *self._rows.shape[2:]), np.float32), np.empty(shape, np.float32)
        for row, time, draws in zip(noise, times, self._streams.in_turn("train", "step", step), strict=True):
            draws.standard_normal(out=row, dtype=np.float32)
            draws.random(out=time, dtype=np.float32)
        first = step * self._batch
        rows = self._rows[self._seeds, np.stack([order(first, first + self._batch) for order in self._orders])]
        if self._coupling is not None:
            for row, own in zip(noise, rows, strict=True):
                row[:] = row[self._coupling(row, own)]
        return Batch(*(torch.from_numpy(array).to(self._device) for array in (rows, noise, times)))


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
        passes = []
        for epoch in range(first // self._count, (last - 1) // self._count + 1):
            if epoch != self._epoch:
                permutation = stream(self._seed, self._generation, "train", "epoch", epoch).permutation(self._count)
                self._epoch, self._permutation = epoch, permutation
            passes.append(self._permutation[max(first - epoch * self._count, 0) : last - epoch * self._count])
        return np.concatenate(passes)


def rank_rows(batch: int, rank: int, world: int) -> slice:
    """Which rows of a batch a rank takes; InputError if it cannot be split evenly."""
    if batch % world:
        raise InputError(
            f"train.batch: {batch} rows cannot be split evenly over {world} workers; use a multiple of {world}"
        )
    return slice(batch // world * rank, batch // world * (rank + 1))
