"""Ranks of a crew. A rank holds generation k's model on its device for a whole trial.

With one rank the trial's own process is the crew. With several ranks each has its own process (a Ray actor wraps this
class), and every call is made on all of them.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from raysc.errors import RayscError
from raysc.execution.records import diverged_mask
from raysc.loop import Fit, StartWeights
from raysc.metrics.core.features import Extractor
from raysc.models.family import (
    TRAINING_STATE_PREFIX,
    ClosedFormFamily,
    SupportsBiasedSampling,
    SupportsGuidance,
    SupportsLazySampling,
    SupportsText,
    TrainedFamily,
    select_seeds,
    state_arrays,
)
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.rows import Rows
from raysc.pool.tokens import Texts
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import synthetic
from raysc.rng import Streams, model_seeds
from raysc.settings import Sample, Train
from raysc.store.publishing import Attempt, FileEntry, Manifest
from raysc.store.retention import MODEL
from raysc.store.row_checkpoints import PiecewiseDrawing


@dataclass
class TrainedRank:
    """A rank of a trained family: one seed, or a pack of seeds that trains together; states are on the device.

    A seed of a pack that has diverged stays diverged, whatever later generations start from: its rows are NaN, or black
    images.

    Attributes:
        family: the model family.
        seeds: the replicates; several only where the family trains them together.
        event: shape of a row.
        rank: this rank, 0 to world - 1.
        world: number of ranks.
        extractors: networks that compute features, by name, on this rank's device.
        model_number: number of the model among coupled ones, whose draws have addresses of their own.
    """

    family: TrainedFamily
    seeds: tuple[int, ...]
    event: tuple[int, ...]
    rank: int = 0
    world: int = 1
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    model_number: int = 0
    _state: Any = field(default=None, init=False)
    _base: Any = field(default=None, init=False)
    _diverged: np.ndarray = field(init=False)
    _drawing: PiecewiseDrawing = field(init=False)

    def __post_init__(self) -> None:
        self._diverged = np.zeros(len(self.seeds), bool)
        self._drawing = PiecewiseDrawing(self.family.block)

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train over ``steps``, all ranks together, and hold the result."""
        streams = self._streams(generation)
        fitted = self.family.fit(training_set, self._weights(start, generation), steps, train, streams, length)
        self._state, self._diverged = fitted.state, self._diverged | fitted.diverged
        moved = np.broadcast_to(fitted.weights_moved, len(self.seeds))
        return Fit(self._diverged, np.atleast_1d(fitted.loss), moved, fitted.skipped_steps)

    def _streams(self, generation: int) -> Streams:
        """Return the streams of this model's draws."""
        return Streams(model_seeds(self.seeds, self.model_number), generation)

    def _weights(self, start: StartWeights, generation: int) -> Any:
        """Return the state from which a fit starts."""
        if start == "initial":
            return self.family.initial(self.event, self._streams(0))
        if start == "scratch":
            return self.family.initial(self.event, self._streams(generation))
        if self._state is None:
            raise RayscError(f"generation {generation} starts from weights, but this rank holds none")
        return self._state

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw this rank's share of the rows: whole sampling blocks, contiguous, so that each is drawn once."""
        rows_of_rank = share(first, count, self.family.block, self.rank, self.world)
        if not len(rows_of_rank):
            return ()
        start, streams = rows_of_rank.start, self._streams(generation)
        state = guided_state(self.family, self._base, self._state, sample)

        def draw(first: int, count: int) -> tuple[np.ndarray, float | None]:
            if isinstance(self.family, SupportsText):
                return self.family.sample_with_acceptance(state, first, count, sample, streams)
            return self.family.sample(state, first, count, sample, streams), None

        rows, acceptance = self._drawing.draw(draw, generation, rows_of_rank, block_store, self._fingerprint)
        if isinstance(self.family, SupportsText):
            texts = Texts(self.family.texts(rows[0]), acceptance)
            return (block_store.put(synthetic(generation), self.seeds, start, rows, texts),)
        if self._diverged.any():
            rows[self._diverged] = np.nan if rows.dtype.kind == "f" else 0  # pixels have no NaN
        return (block_store.put(synthetic(generation), self.seeds, start, rows),)

    def _fingerprint(self) -> str:
        """Return a digest of the model's files."""
        digest = sha256()
        with tempfile.TemporaryDirectory() as folder:
            self.family.save(self._state, Path(folder), training_state=False)
            for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
                digest.update(sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def features(self, extractor: str, rows: Rows, span: range | None = None) -> np.ndarray:
        """Compute features of rows, (seeds, count, dim), or of a span of them; only their blocks are loaded."""
        span = span or range(rows.count)
        return self.extractors[extractor].features(rows.between(span.start, span.stop))

    @property
    def model(self) -> tuple[TrainedFamily, Any]:
        """The family and the state, for metrics of models."""
        return self.family, self._state

    def call_rowwise(self, method: str, rows: np.ndarray) -> np.ndarray | None:
        """Call the family's ``method(state, rows)`` on this rank's share of the rows; None if the share is empty."""
        rows_of_rank = share(0, len(rows), self.family.block, self.rank, self.world)
        if not rows_of_rank:
            return None
        result: np.ndarray = getattr(self.family, method)(self._state, rows[rows_of_rank.start : rows_of_rank.stop])
        return result

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Compute log probabilities of texts (1, count, length), float64 (1, count)."""
        return text_scores(self.call_rowwise("token_losses", rows[0]))

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, FileEntry]:
        """Write the model into an attempt; return its files."""
        with tempfile.TemporaryDirectory() as folder:
            self.family.save(self._state, Path(folder), training_state)
            attempt.put_folder(MODEL, Path(folder))
        return attempt.files

    def load(self, manifest: Manifest, training_state: bool) -> None:
        """Load the model of a published generation.

        Args:
            manifest: of the generation, or of a checkpoint.
            training_state: training continues from here. Without it, the state serves for sampling and measuring only.

        Raises:
            DamagedStateError: the training state is needed, and it is missing or was changed.
            DamagedObjectError: another file is missing or was changed.
        """
        self._diverged = diverged_mask(manifest, self.seeds)
        with tempfile.TemporaryDirectory() as folder:
            without_prefix = None if training_state else TRAINING_STATE_PREFIX
            self._state = self.family.load(manifest.get_folder(MODEL, Path(folder), without_prefix))

    def mark_diverged(self, diverged: np.ndarray) -> None:
        """Let seeds of the model that is held count as diverged; mask, bool (seeds,)."""
        self._diverged = self._diverged | diverged

    def load_base(self, manifest: Manifest) -> None:
        """Load generation 0's model, which guides the samples of all later ones; see ``load``."""
        self._base = load_model(self.family, manifest)

    def close(self) -> None:
        """Release the model and Accelerate's state, which is a process singleton that refuses other settings."""
        from raysc.models.training.process_state import reset_process_state  # imports torch, which is slow

        self._state = self._base = None
        reset_process_state()


@dataclass
class ClosedFormRank:
    """The only rank of a closed-form family: all seeds of a unit, states as arrays.

    Attributes:
        family: the model family.
        seeds: the pack.
        state: the model of the current generation.
        extractors: networks that compute features, by name.
        base: generation 0's model, of a family whose samples it can guide.
    """

    family: ClosedFormFamily
    seeds: tuple[int, ...]
    state: Any = None
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    base: Any = None

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Fit all seeds at once; start weights and training settings do not apply."""
        self.state = self.family.fit(training_set, Streams(self.seeds, generation))
        if generation == 0 and isinstance(self.family, SupportsGuidance):
            self.base = self.state
        arrays = state_arrays(self.state).values()
        finite = [np.isfinite(array).reshape(len(self.seeds), -1).all(axis=1) for array in arrays]
        return Fit(~np.logical_and.reduce(finite))

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw rows for all seeds."""
        streams, state = Streams(self.seeds, generation), guided_state(self.family, self.base, self.state, sample)
        if isinstance(self.family, SupportsBiasedSampling):
            state = self.family.sampling_state(state, sample)
        if isinstance(self.family, SupportsLazySampling):
            return (self.family.sample_block(state, first, count, streams),)
        rows = self.family.sample(state, first, count, streams)
        return (block_store.put(synthetic(generation), self.seeds, first, rows),)

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Compute log probabilities of rows (seeds or 1, count, *event), float64 (seeds, count)."""
        masks = np.eye(len(self.seeds), dtype=bool)
        rows = np.broadcast_to(rows, (len(self.seeds), *rows.shape[1:]))
        family: Any = self.family
        return np.stack(
            [
                family.log_prob(select_seeds(self.state, mask), of_seed)[0]
                for mask, of_seed in zip(masks, rows, strict=True)
            ]
        )

    def features(self, extractor: str, rows: Rows) -> np.ndarray:
        """Compute features of rows, (seeds, count, dim)."""
        return self.extractors[extractor].features(rows.load())

    def select_seeds(self, mask: np.ndarray) -> "ClosedFormRank":
        """Return a rank of some of the seeds, ``mask`` bool (seeds,)."""
        seeds = tuple(seed for seed, selected in zip(self.seeds, mask, strict=True) if selected)
        base = None if self.base is None else select_seeds(self.base, mask)
        return ClosedFormRank(self.family, seeds, select_seeds(self.state, mask), self.extractors, base)


def guided_state(family: object, base: Any, state: Any, sample: Sample) -> Any:
    """Return the state that samples: with ``sample.guide`` the base, extrapolated away from the state; else the state.

    Raises:
        RayscError: the base is missing.
    """
    if sample.guide is None:
        return state
    assert isinstance(family, SupportsGuidance), "the plan refuses a guide of other families"
    if base is None:
        raise RayscError("sample.guide: this rank holds no model of generation 0")
    return family.guided_state(base, state, sample.guide)


def load_model(family: TrainedFamily, manifest: Manifest) -> Any:
    """Load the model of a published generation, for sampling and measuring only."""
    with tempfile.TemporaryDirectory() as folder:
        return family.load(manifest.get_folder(MODEL, Path(folder), TRAINING_STATE_PREFIX))


def text_scores(token_losses: np.ndarray | None) -> np.ndarray:
    """Return log probabilities of texts, float64 (1, count), from their losses and lengths (count, 2)."""
    assert token_losses is not None, "a chooser has at least one candidate"
    return -token_losses[None, :, 0].astype(np.float64)


def share(first: int, count: int, block: int, rank: int, world: int) -> range:
    """Return the rows, of ``first`` to ``first + count``, that a rank draws: whole blocks, spread evenly, by rank."""
    end = first + count
    blocks = range(first // block, -(-end // block))
    lower = blocks.start + len(blocks) * rank // world
    upper = blocks.start + len(blocks) * (rank + 1) // world
    return range(max(first, lower * block), max(first, min(end, upper * block)))
