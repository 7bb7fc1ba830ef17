"""One rank of a crew: it holds generation k's model on its device for a whole trial.

With one rank the trial's own process is the crew; with several, each is a process of its own (Ray's actors wrap this
very class) and the same calls are made on all of them. Nothing here knows which.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from raysc.errors import RayscError
from raysc.loop import Fit, From
from raysc.metrics.core.features import Extractor
from raysc.models.family import TRAINING_STATE, ClosedForm, DrawsBlocks, OfText, Trained, arrays_of, state_of
from raysc.pool.rows import Block, Rows, TrainingSet
from raysc.pool.shelf import Shelf
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import synthetic
from raysc.rng import Streams
from raysc.settings import Sample, Train
from raysc.store.publishing import Attempt, Manifest, Stored
from raysc.store.retention import MODEL


@dataclass
class TrainedRank:
    """A rank of a trained family: one seed, or a pack that trains together; states on the device.

    A seed of a pack that diverged stays so, whatever later generations start from: its rows are NaN from then on.

    Attributes:
        family: the model family.
        seeds: the replicates; several only where the family trains them together.
        event: shape of a row.
        rank: this rank, 0 to world - 1.
        world: number of ranks.
        extractors: networks that compute features, by name, on this rank's device.
    """

    family: Trained
    seeds: tuple[int, ...]
    event: tuple[int, ...]
    rank: int = 0
    world: int = 1
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    _state: Any = field(default=None, init=False)
    _diverged: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._diverged = np.zeros(len(self.seeds), bool)

    def fit(
        self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train over ``steps`` (all ranks together); the result is held."""
        streams = Streams(self.seeds, generation)
        fitted = self.family.fit(training_set, self._weights(start, generation), steps, train, streams, length)
        self._state, self._diverged = fitted.state, self._diverged | fitted.diverged
        return Fit(self._diverged, np.atleast_1d(fitted.loss))

    def _weights(self, start: From, generation: int) -> Any:
        if start == "initial":
            return self.family.initial(self.event, Streams(self.seeds, 0))
        if start == "scratch":
            return self.family.initial(self.event, Streams(self.seeds, generation))
        if self._state is None:
            raise RayscError(f"generation {generation} starts from weights, but this rank holds none")
        return self._state

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        """Draw this rank's share of the rows: whole sampling blocks, contiguous, so that each is drawn once."""
        mine = share(first, count, self.family.block, self.rank, self.world)
        if not len(mine):
            return ()
        place, streams = (synthetic(generation), self.seeds, mine.start), Streams(self.seeds, generation)
        if isinstance(self.family, OfText):
            rows, acceptance = self.family.draw_accepted(self._state, mine.start, len(mine), sample, streams)
            return (shelf.put(*place, rows, Texts(self.family.texts(rows[0]), acceptance)),)
        rows = self.family.sample(self._state, mine.start, len(mine), sample, streams)
        if self._diverged.any():
            rows[self._diverged] = np.nan
        return (shelf.put(*place, rows),)

    def features(self, extractor: str, rows: Rows, which: range | None = None) -> np.ndarray:
        """Features of rows, (seeds, count, dim), or of some of them; only their blocks are loaded."""
        which = which or range(rows.count)
        return self.extractors[extractor].features(rows.between(which.start, which.stop))

    @property
    def model(self) -> tuple[Trained, Any]:
        """The family and the held model, for metrics of models."""
        return self.family, self._state

    def ask(self, method: str, rows: np.ndarray) -> np.ndarray | None:
        """What the family's ``method(state, rows)`` says of this rank's share of some rows; None if it has no share."""
        mine = share(0, len(rows), self.family.block, self.rank, self.world)
        answer: np.ndarray | None = (
            getattr(self.family, method)(self._state, rows[mine.start : mine.stop]) if mine else None
        )
        return answer

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, Stored]:
        """Write the held model into an attempt; what was written, by file."""
        with tempfile.TemporaryDirectory() as folder:
            self.family.save(self._state, Path(folder), training_state)
            attempt.put_folder(MODEL, Path(folder))
        return attempt.files

    def load(self, manifest: Manifest) -> None:
        """Hold the model of a published generation; without its training state, if that was dropped."""
        self._diverged = np.isin(self.seeds, manifest.record.get("diverged", ()))
        with tempfile.TemporaryDirectory() as folder:
            self._state = self.family.load(manifest.get_folder(MODEL, Path(folder), optional=TRAINING_STATE))

    def close(self) -> None:
        """Forget the model and Accelerate's state, which refuses other settings as long as the process lives."""
        from raysc.models.training.loop import reset_accelerator  # torch is slow to import, and the plan needs none

        self._state = None
        reset_accelerator()


@dataclass
class ClosedFormRank:
    """The one rank of a closed-form family: all seeds of a unit, states as arrays.

    Attributes:
        family: the model family.
        seeds: the pack.
        state: the model of the generation that is held.
        extractors: networks that compute features, by name.
    """

    family: ClosedForm
    seeds: tuple[int, ...]
    state: Any = None
    extractors: Mapping[str, Extractor] = field(default_factory=dict)

    def fit(
        self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Fit all seeds at once; where weights start and how they are trained means nothing here."""
        self.state = self.family.fit(training_set, Streams(self.seeds, generation))
        arrays = arrays_of(self.state).values()
        finite = [np.isfinite(array).reshape(len(self.seeds), -1).all(axis=1) for array in arrays]
        return Fit(~np.logical_and.reduce(finite))

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        """Draw rows for all seeds."""
        streams = Streams(self.seeds, generation)
        if isinstance(self.family, DrawsBlocks):
            return (self.family.draw(self.state, first, count, streams),)
        rows = self.family.sample(self.state, first, count, streams)
        return (shelf.put(synthetic(generation), self.seeds, first, rows),)

    def features(self, extractor: str, rows: Rows) -> np.ndarray:
        """Features of rows, (seeds, count, dim)."""
        return self.extractors[extractor].features(rows.load())

    def of(self, kept: np.ndarray) -> "ClosedFormRank":
        """A rank that goes on with some of the seeds, bool (seeds,)."""
        return ClosedFormRank(self.family, _some(self.seeds, kept), state_of(self.state, kept), self.extractors)


def _some(seeds: tuple[int, ...], kept: np.ndarray) -> tuple[int, ...]:
    return tuple(seed for seed, goes_on in zip(seeds, kept, strict=True) if goes_on)


def share(first: int, count: int, block: int, rank: int, world: int) -> range:
    """Which of the rows ``first`` to ``first + count`` a rank draws: whole blocks, spread evenly, in order of ranks."""
    end = first + count
    blocks = range(first // block, -(-end // block))
    lower = blocks.start + len(blocks) * rank // world
    upper = blocks.start + len(blocks) * (rank + 1) // world
    return range(max(first, lower * block), max(first, min(end, upper * block)))
