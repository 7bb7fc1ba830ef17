"""Batches of a training run; they depend on the step alone, not on ranks or the first step."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysc.errors import InputError
from raysc.models.neural.gpu import to_device
from raysc.models.neural.value_range import to_floats
from raysc.models.training import augmentation
from raysc.models.training.coupling import Coupling
from raysc.pool.gather import Gather
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams, stream
from raysc.settings import Train


@dataclass(frozen=True)
class Batch:
    """Input of one rank in one step; of a pack every tensor has a leading seed axis.

    Attributes:
        rows: float32 (batch / ranks, *event), scaled by ``to_floats``.
        noise: standard normal, float32 (batch / ranks, *event).
        times: uniform in [0, 1), float32 (batch / ranks,).
        augment_labels: labels of the rows' augmentation, float32 (batch / ranks, 9); None without augmentation.
    """

    rows: Tensor
    noise: Tensor
    times: Tensor
    augment_labels: Tensor | None = None

    def select(self, rows: slice) -> "Batch":
        """Return a slice of the rows with their noise, times and labels."""
        labels = None if self.augment_labels is None else self.augment_labels[rows]
        return Batch(self.rows[rows], self.noise[rows], self.times[rows], labels)


class Batches:
    """One seed's batches of rows, noise and times by step.

    Rows come in the order of ``RowOrder``. Noise, times, flips and augmentation are drawn for the whole batch from the
    step's streams, and a coupling pairs the noise of the whole batch with its rows. A rank takes its slice of all.
    """

    def __init__(
        self, training_set: TrainingSet, train: Train, rank: int, world_size: int, streams: Streams,
        device: torch.device, coupling: Coupling | None = None,
    ) -> None:  # fmt: skip
        """Load the rows' blocks.

        Args:
            training_set: rows of one seed.
            train: ``batch``, ``micro_batch``, ``flips`` and ``augmentation`` are read.
            rank: 0 to world_size - 1.
            world_size: number of ranks.
            streams: of that seed.
            device: destination of the batches.
            coupling: pairs the noise of the whole batch with its rows; None: independent pairs.

        Raises:
            InputError: the batch cannot be split evenly.
        """
        self._rank_slice = rank_slice(train.batch, rank, world_size)
        self._gather = Gather(training_set)
        self._order = RowOrder(self._gather.count, streams)
        self._batch, self._micro_batch, self._flips = train.batch, train.micro_batch or train.batch, train.flips
        self._device, self._coupling, self._augmentation = device, coupling, train.augmentation
        (self._seed,), self._generation = streams.seeds, streams.generation

    def __call__(self, step: int) -> Batch:
        """Return this rank's slice of a step's batch."""
        rng = stream(self._seed, self._generation, "train", "step", step)
        noise = rng.standard_normal((self._batch, *self._gather.event), dtype=np.float32)
        times = rng.random(self._batch, dtype=np.float32)
        flips = rng.random(self._batch) < 0.5 if self._flips else None
        positions = self._order(step * self._batch, (step + 1) * self._batch)
        parameters = self._augmentation_parameters(step)
        # All ranks pair the whole batch, so that pairs do not depend on the number of ranks.
        needed = self._rank_slice if self._coupling is None else slice(None)
        rows = self._rows(
            positions[needed],
            None if flips is None else flips[needed],
            None if parameters is None else parameters[needed],
        )
        noise_positions: slice | np.ndarray = self._rank_slice
        row_positions: slice | np.ndarray = self._rank_slice
        if self._coupling is not None:
            pairing = stream(self._seed, self._generation, "train", "coupling", step)
            pairs = self._coupling(noise, rows.cpu().numpy(), pairing)
            noise_positions, row_positions = (positions[self._rank_slice] for positions in pairs)
            rows = rows[torch.from_numpy(row_positions)]
        labels = None
        if parameters is not None:
            labels = self._to_device(augmentation.augment_labels(parameters[row_positions]))
        times = times[self._rank_slice]
        return Batch(rows, self._to_device(noise[noise_positions]), self._to_device(times), labels)

    def micro_batches(self, step: int) -> Sequence[tuple[Batch, float]]:
        """Return the slice in micro-batches, each with its share of the slice's rows as the weight of its mean loss."""
        batch = self(step)
        count = len(batch.rows)
        if count <= self._micro_batch:
            return [(batch, 1.0)]
        slices = [slice(start, min(start + self._micro_batch, count)) for start in range(0, count, self._micro_batch)]
        return [(batch.select(rows), (rows.stop - rows.start) / count) for rows in slices]

    def _augmentation_parameters(self, step: int) -> np.ndarray | None:
        """Draw the augmentation of a step's whole batch, see ``augmentation.draw_parameters``; None without it."""
        if not self._augmentation:
            return None
        rng = stream(self._seed, self._generation, "train", "augmentation", step)
        return augmentation.draw_parameters(self._augmentation, self._batch, rng)

    def _rows(self, positions: np.ndarray, flips: np.ndarray | None, parameters: np.ndarray | None) -> Tensor:
        """Return flipped and augmented rows on the device, float32 (count, *event)."""
        rows = self._gather(positions)
        if flips is not None:
            rows[flips] = rows[flips, ..., ::-1]
        values = to_floats(self._to_device(rows))
        return values if parameters is None else augmentation.augment(values, parameters)

    def _to_device(self, array: np.ndarray) -> Tensor:
        return to_device(torch.from_numpy(array), self._device)


class PackBatches:
    """The batches of a pack of seeds by step; each seed's batches equal those of ``Batches`` for that seed."""

    def __init__(
        self, training_set: TrainingSet, batch: int, streams: Streams, device: torch.device,
        coupling: Coupling | None = None,
    ) -> None:  # fmt: skip
        """Load the rows' blocks.

        Args:
            training_set: rows of the pack.
            batch: rows per step and seed.
            streams: of the pack.
            device: destination of the batches.
            coupling: see ``Batches``.
        """
        loaded: dict[object, np.ndarray] = {}
        self._gathers = [Gather(training_set, seed, loaded) for seed in range(len(streams.seeds))]
        self._batch, self._streams, self._device, self._coupling = batch, streams, device, coupling
        counts = (gather.count for gather in self._gathers)
        self._orders = [
            RowOrder(count, Streams((seed,), streams.generation))
            for seed, count in zip(streams.seeds, counts, strict=True)
        ]
        # The solver of optimal transport releases Python's lock: the trial's cores solve the seeds side by side.
        threads = min(torch.get_num_threads(), len(self._orders))
        self._map = map if threads == 1 or coupling is None else ThreadPoolExecutor(threads).map

    def __call__(self, step: int) -> Batch:
        """Return a step's batches: rows and noise (seeds, batch, *event), times (seeds, batch)."""
        shape = len(self._orders), self._batch
        noise, times = np.empty((*shape, *self._gathers[0].event), np.float32), np.empty(shape, np.float32)
        generators = self._streams.iter_generators("train", "step", step)
        for seed_noise, seed_times, rng in zip(noise, times, generators, strict=True):
            rng.standard_normal(out=seed_noise, dtype=np.float32)
            rng.random(out=seed_times, dtype=np.float32)
        first = step * self._batch
        gathered = zip(self._gathers, self._orders, strict=True)
        rows = np.stack([gather(order(first, first + self._batch)) for gather, order in gathered])
        rows = to_floats(torch.from_numpy(rows)).numpy()
        if self._coupling is not None:
            pairings = self._streams.generators("train", "coupling", step)
            pairs = self._map(self._coupling, noise, rows, pairings)
            for seed_noise, seed_rows, (noise_positions, row_positions) in zip(noise, rows, pairs, strict=True):
                seed_noise[:], seed_rows[:] = seed_noise[noise_positions], seed_rows[row_positions]
        return Batch(*(torch.from_numpy(array).to(self._device) for array in (rows, noise, times)))


class RowOrder:
    """The endless order of one seed's training rows: consecutive permutations, each from its own stream.

    Step s takes positions s * batch to (s + 1) * batch, so a batch may span two epochs.
    """

    def __init__(self, count: int, streams: Streams) -> None:
        """Start the order.

        Args:
            count: rows of the training set.
            streams: of one seed.
        """
        self._count = count
        (self._seed,), self._generation = streams.seeds, streams.generation
        self._epoch, self._permutation = -1, np.empty(0, np.int64)

    def __call__(self, first: int, last: int) -> np.ndarray:
        """Return the row indices at positions ``first`` to ``last`` of the order, int64 (last - first,)."""
        parts = []
        for epoch in range(first // self._count, (last - 1) // self._count + 1):
            if epoch != self._epoch:
                permutation = stream(self._seed, self._generation, "train", "epoch", epoch).permutation(self._count)
                self._epoch, self._permutation = epoch, permutation
            parts.append(self._permutation[max(first - epoch * self._count, 0) : last - epoch * self._count])
        return np.concatenate(parts)


def rank_slice(batch: int, rank: int, world_size: int) -> slice:
    """Return a rank's slice of a batch; InputError if the batch cannot be split evenly."""
    if batch % world_size:
        raise InputError(
            f"train.batch: {batch} rows cannot be split evenly over {world_size} workers; "
            f"use a multiple of {world_size}"
        )
    return slice(batch // world_size * rank, batch // world_size * (rank + 1))
