"""Checkpoints within a generation: the state of a long fit is saved, so that a stopped unit continues there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from raysc.execution import records
from raysc.execution.crew import TrainedCrew
from raysc.loop import Fit, StartWeights
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.training_set import TrainingSet
from raysc.settings import Sample, Train
from raysc.store import host
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, DamagedObjectError, Manifest
from raysc.store.row_checkpoints import CheckpointedBlockStore
from raysc.store.spans import pack_name

TRIAL_STEPS = 50
"""Steps of a unit's first piece: it measures the duration of a step."""


@dataclass
class CheckpointedCrew:
    """A crew that trains each generation in pieces and saves its state between them.

    All randomness of a step is addressed by the step's number, so the pieces give what one run gives. A checkpoint is
    published like everything else, at partial/<address>/<seeds>/<generation>-<step>, and deleted once its generation is
    published.

    Attributes:
        crew: trains and samples.
        objects: the store.
        address: lineage, or training run of generation 0.
        seeds: the unit's pack.
        every: seconds between two checkpoints.
        model: key under which the model is published that is trained now, where it is not ``address``.
    """

    crew: TrainedCrew
    objects: Objects
    address: str
    seeds: tuple[int, ...]
    every: float
    model: str = ""
    _seconds_per_step: float | None = field(default=None, init=False)
    _unsaved: tuple[int, int, Fit] | None = field(default=None, init=False)

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train over ``steps``, from the newest checkpoint among them if there is one."""
        at, length = steps.start, length or steps.stop
        total = Fit(np.zeros(len(self.seeds), bool), 0.0, False)
        if (checkpoint := self._load_newest(generation, steps)) is not None:
            at, start, total = checkpoint.record["step"], "current", records.fit_so_far(checkpoint, self.seeds)
            if at == steps.stop:
                return replace(total, loss=total.loss / len(steps))
        begun = saved = host.current().monotonic()
        while True:
            piece = range(at, min(steps.stop, at + self._piece_steps()))
            began = host.current().monotonic()
            fit = self.crew.fit(generation, training_set, start, piece, train, length)
            total = Fit(
                fit.diverged, total.loss + fit.loss * len(piece), total.weights_moved | fit.weights_moved,
                total.skipped_steps + fit.skipped_steps,
            )  # fmt: skip
            if piece.stop == steps.stop or fit.diverged.all():
                if host.current().monotonic() - begun >= self.every:
                    self._unsaved = generation, steps.stop, total
                return replace(total, loss=total.loss / len(steps) if steps else fit.loss)
            self._seconds_per_step = (host.current().monotonic() - began) / len(piece)
            at, start = piece.stop, "current"
            if host.current().monotonic() - saved >= self.every:
                self._save(generation, at, total)
                saved = host.current().monotonic()

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw rows. A fit that took longer than ``every`` is saved first, since sampling may take long too."""
        if self._unsaved is not None and self._unsaved[0] == generation:
            self._save(*self._unsaved)
            self._unsaved = None
        checkpointed = CheckpointedBlockStore(block_store, self.objects, self.address, self.seeds, self.every)
        return self.crew.sample(generation, first, count, sample, checkpointed)

    def delete_checkpoints(self, generation: int) -> None:
        """Delete the checkpoints of a generation that is published, and of rows on top of the generation before it."""
        form = re.compile(rf"{generation}-\d+|(?:{generation}|{generation - 1})-rows-\d+")
        names = list(self.objects.names(self._folder))
        self._delete(name for name in names if form.fullmatch(name.rsplit("/", 1)[1]))

    def _piece_steps(self) -> int:
        """Return the number of steps until the next checkpoint."""
        return max(1, int(self.every / self._seconds_per_step)) if self._seconds_per_step else TRIAL_STEPS

    @property
    def _folder(self) -> str:
        return f"partial/{self.address}/{pack_name(self.seeds)}"

    def _name(self, generation: int, step: int) -> str:
        return f"{self._folder}/{generation}-{step}"

    def _saved_steps(self, generation: int) -> list[int]:
        """Return the steps of a generation's checkpoints, in order."""
        names = (name.rsplit("/", 1)[1] for name in self.objects.names(self._folder))
        return sorted(int(name.partition("-")[2]) for name in names if re.fullmatch(rf"{generation}-\d+", name))

    def _load_newest(self, generation: int, steps: range) -> Manifest | None:
        """Load the newest checkpoint after the first and up to the last of some steps; None without one.

        Raises:
            DamagedObjectError: it is damaged. Once it is in the trash, an older one or none is found.
        """
        for step in reversed([step for step in self._saved_steps(generation) if steps.start < step <= steps.stop]):
            name = self._name(generation, step)
            try:
                checkpoint = Manifest.read(self.objects, name)
                self.crew.load(checkpoint, training_state=True)
                return checkpoint
            except FileNotFoundError:
                continue  # another process deleted it
            except DamagedObjectError:
                if self.objects.exists(name):
                    raise
        return None

    def _save(self, generation: int, step: int, total: Fit) -> None:
        """Publish a checkpoint, then delete the older ones.

        Args:
            generation: the generation that is trained.
            step: the number of its steps so far.
            total: the fit so far, with the sum of the losses of all steps.
        """
        older = self._saved_steps(generation)
        attempt = Attempt.start(self.objects, f"{self._folder}/{generation}")
        attempt.files.update(self.crew.save(attempt, training_state=True))
        manifest = {"generation": generation, "step": step, "losses": np.asarray(total.loss).tolist()}
        manifest |= {"model": self.model} if self.model else {}
        name = self._name(generation, step)
        manifest |= records.diverged(self.seeds, total.diverged) | records.movement(total, len(self.seeds))
        if attempt.publish(name, manifest):
            attempt.sync(name)
        else:  # another process trains the same generation and was first
            attempt.discard()
        self._delete(self._name(generation, other) for other in older if other != step)

    def _delete(self, names: Iterable[str]) -> None:
        """Delete checkpoints; the manifest goes first, in a request of its own: no reader finds one without files."""
        for name in names:
            try:
                manifest = Manifest.read(self.objects, name)
            except FileNotFoundError:
                continue  # another process made the same generation and deleted it
            except DamagedObjectError:
                self.objects.delete([name])  # raysc gc deletes its files
                continue
            self.objects.delete([name])
            self.objects.delete(manifest.object_name(file) for file in manifest.files)
