"""Long generations: the training state is saved now and then, so that a unit that was stopped goes on within one."""

import re
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from raysc.execution import records
from raysc.execution.unit_context import TrainedCrew
from raysc.loop import Fit, From
from raysc.pool.rows import Block, TrainingSet
from raysc.pool.shelf import Shelf
from raysc.settings import Sample, Train
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest, Stored
from raysc.store.spans import pack_name

TRIAL = 50
"""Steps of the first piece that a unit trains: they tell how long a step takes."""


@dataclass
class Checkpointed:
    """A crew that trains each generation in pieces and saves its state between them.

    Everything random in a step comes from the step's number, so that the pieces give what one run would give. A
    checkpoint is published like everything else, at partial/<address>/<seeds>/<generation>-<step>, and removed when
    its generation is there.

    Attributes:
        crew: does the work.
        objects: the store.
        address: lineage, or training run of generation 0.
        seeds: the unit's pack.
        every: seconds between two checkpoints.
    """

    crew: TrainedCrew
    objects: Objects
    address: str
    seeds: tuple[int, ...]
    every: float
    _seconds_a_step: float | None = None
    _unsaved: tuple[int, int, np.ndarray | float, np.ndarray] | None = None

    @property
    def _place(self) -> str:
        return f"{self.address}/{pack_name(self.seeds)}"

    def fit(
        self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train over ``steps``, from the newest checkpoint among them if there is one."""
        losses: np.ndarray | float = 0.0
        at, length = steps.start, length or steps.stop
        for step in reversed(self._saved(generation)):
            if steps.start < step <= steps.stop:
                manifest = Manifest.read(self.objects, self._name(generation, step))
                self.crew.load(manifest)
                at, start, losses = step, "held", np.asarray(manifest.record["losses"])
                if at == steps.stop:
                    return Fit(np.isin(self.seeds, manifest.record.get("diverged", ())), losses / len(steps))
                break
        begun = saved = monotonic()
        while True:
            piece = range(at, min(steps.stop, at + self._piece()))
            began = monotonic()
            fit = self.crew.fit(generation, training_set, start, piece, train, length)
            losses = losses + fit.loss * len(piece)
            if piece.stop == steps.stop or fit.diverged.all():
                if monotonic() - begun >= self.every:
                    self._unsaved = generation, steps.stop, losses, fit.diverged
                return Fit(fit.diverged, losses / len(steps) if steps else fit.loss)
            self._seconds_a_step = (monotonic() - began) / len(piece)
            at, start = piece.stop, "held"
            if monotonic() - saved >= self.every:
                self._save(generation, at, losses, fit.diverged)
                saved = monotonic()

    def _piece(self) -> int:
        """Steps until the next checkpoint."""
        return max(1, int(self.every / self._seconds_a_step)) if self._seconds_a_step else TRIAL

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        """As the crew does; after a fit as long as lies between two checkpoints, which is saved first.

        Sampling may take long in its turn.
        """
        if self._unsaved is not None and self._unsaved[0] == generation:
            self._save(*self._unsaved)
            self._unsaved = None
        return self.crew.sample(generation, first, count, sample, shelf)

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, Stored]:
        """As the crew does."""
        return self.crew.save(attempt, training_state)

    def load(self, manifest: Manifest) -> None:
        """As the crew does."""
        self.crew.load(manifest)

    @property
    def model(self) -> tuple[Any, Any]:
        """As of the crew."""
        return self.crew.model

    def close(self) -> None:
        """As the crew does."""
        self.crew.close()

    def _name(self, generation: int, step: int) -> str:
        return f"partial/{self._place}/{generation}-{step}"

    def _saved(self, generation: int) -> list[int]:
        """The steps of a generation's checkpoints, in order."""
        names = (name.rsplit("/", 1)[1] for name in self.objects.names(f"partial/{self._place}"))
        return sorted(int(name.partition("-")[2]) for name in names if re.fullmatch(rf"{generation}-\d+", name))

    def _save(self, generation: int, step: int, losses: np.ndarray | float, diverged: np.ndarray) -> None:
        before = self._saved(generation)
        attempt = Attempt.below(self.objects, f"partial/{self._place}/{generation}")
        attempt.files.update(self.crew.save(attempt, training_state=True))
        about = {"generation": generation, "step": step, "losses": np.asarray(losses).tolist()}
        attempt.publish(self._name(generation, step), {**about, **records.diverged(self.seeds, diverged)})
        self._remove(generation, [other for other in before if other != step])

    def forget(self, generation: int) -> None:
        """Remove a generation's checkpoints: it is published."""
        self._remove(generation, self._saved(generation))

    def _remove(self, generation: int, steps: list[int]) -> None:
        for step in steps:
            name = self._name(generation, step)
            try:
                manifest = Manifest.read(self.objects, name)
            except FileNotFoundError:
                continue  # another process that made the same generation was quicker
            self.objects.delete([name, *(manifest.place(file) for file in manifest.files)])
