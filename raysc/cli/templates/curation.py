"""A curation: a rule that says which samples a training set holds, under any regime."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from raysc.plugins import InputError, Take


@dataclass(frozen=True)
class MyCuration:
    """The samples nearest to the mean of the real rows, among ``choices`` times as many as the regime takes.

    The fields are the parameters of the curation in a sweep file: ``curation: {name: ..., choices: 3}``.

    Attributes:
        choices: candidates per row, at least 1.
    """

    choices: int = 2

    # A plug-in is known by the hash of its file: an edited file makes new lineages, so the version stays 1.
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        # An InputError is shown with the line of the sweep file, before work starts.
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")

    def curate(self, take: Take) -> Take:
        """Return a take of the same source and number of rows; ``among`` first rows of it are the candidates."""
        # ``transform`` and ``weight`` of Take change and weigh rows instead.
        return replace(take, among=self.choices * take.count, choose=self.nearest)

    def nearest(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
    ) -> np.ndarray:
        """Return the indices of ``count`` of the candidates (among, *event) of one seed; ``real`` are its real rows.

        All randomness comes from ``generator``.
        """
        distances = np.square(candidates.astype(float) - real.mean(axis=0)).reshape(len(candidates), -1).sum(axis=1)
        return np.argsort(distances, kind="stable")[:count]
