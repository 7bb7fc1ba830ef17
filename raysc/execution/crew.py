"""The crew of a trained family, as execution uses it. Its ranks live in this process or in Ray actors."""

from typing import Any, Protocol

import numpy as np

from raysc.loop import Crew
from raysc.store.publishing import Attempt, FileEntry, Manifest


class SupportsScores(Protocol):
    """A crew whose model scores rows."""

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Compute log probabilities of rows (seeds or 1, count, *event), float64 (seeds, count)."""
        ...


class TrainedCrew(Crew, SupportsScores, Protocol):
    """A crew whose models are trained: they can be saved and loaded."""

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, FileEntry]:
        """Write the model into an attempt; return its files."""
        ...

    def load(self, manifest: Manifest, training_state: bool) -> None:
        """Load the model of a published generation, with what training needs to continue or without it."""
        ...

    def mark_diverged(self, diverged: np.ndarray) -> None:
        """Let seeds of the model that is held count as diverged: their samples are of no use; mask, bool (seeds,)."""
        ...

    def load_base(self, manifest: Manifest) -> None:
        """Load generation 0's model, which guides the samples of all later ones."""
        ...

    @property
    def model(self) -> tuple[Any, Any]:
        """The family and the model's state, for metrics of models."""
        ...

    def close(self) -> None:
        """Release the model at the end of a trial."""
        ...
