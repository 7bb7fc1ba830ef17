"""A family whose generation 0 is not trained but loaded: what ``initial.from`` names."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from raysc.errors import InputError
from raysc.models.family import TRAINING_STATE, ChecksSettings, Fitted, Trained
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

FILES = ["*.json", "*.safetensors", "unet/*.json", "unet/*.safetensors", "scheduler/*.json"]
"""What of a repository on the hub is needed."""


@dataclass(frozen=True)
class Loaded:
    """A trained family of images that begins with a stored model; in everything else it is that family.

    Every seed begins with the same model; ``loop.start: scratch`` draws random weights of the family's own size.

    Attributes:
        family: the family.
        source: a diffusers folder, or an id of the Hugging Face hub.
    """

    family: Any
    source: str

    @property
    def version(self) -> int:
        return int(self.family.version)

    @property
    def trained(self) -> bool:
        return True

    @property
    def block(self) -> int:
        return int(self.family.block)

    @property
    def samples_by(self) -> tuple[str, ...]:
        return tuple(getattr(self.family, "samples_by", ("steps",)))

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 3:
            raise InputError("initial.from: only models of images can be loaded; set initial.steps")
        self.family.check(event)

    def packs(self, event: tuple[int, ...]) -> bool:
        return False

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        if isinstance(self.family, ChecksSettings):
            self.family.check_settings(event, train, sample)

    def initial(self, event: tuple[int, ...], streams: Streams) -> Any:
        """Of generation 0 the stored model; InputError if it is one of other rows. Of others a random state."""
        if streams.generation > 0:
            return self.family.initial(event, streams)
        state = self.family.load(folder_of(self.source))
        if tuple(state.event) != event:
            raise InputError(f"initial.from: {self.source} models images of shape {state.event}, the data have {event}")
        return state

    def fit(
        self, training_set: TrainingSet, start: Any, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        fitted: Fitted = self._family.fit(training_set, start, steps, train, streams, length)
        return fitted

    def sample(self, state: Any, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return self._family.sample(state, first, count, sample, streams)

    def save(self, state: Any, folder: Path, training_state: bool) -> None:
        self._family.save(state, folder, training_state)

    def load(self, folder: Path) -> Any:
        return self._family.load(folder)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return self._family.parameter_count(event)

    @property
    def _family(self) -> Trained:
        family: Trained = self.family
        return family


@cache
def folder_of(source: str) -> Path:
    """The folder on this machine, of a hub id its copy in the hub's cache.

    Raises:
        InputError: there is no such folder, and it cannot be had from the hub.
    """
    from raysc.libraries.hub import model_folder  # slow to import

    return model_folder(str(Path(source).expanduser()), "initial.from", FILES).resolve()


@cache
def content(source: str) -> str:
    """A hash of the files that are the model, 32 hexadecimal digits: keys go by it and not by where they lie."""
    folder, digest = folder_of(source), sha256()
    files = [file for pattern in FILES for file in folder.glob(pattern) if not file.name.startswith(TRAINING_STATE)]
    for file in sorted(files):
        digest.update(f"\n{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            while piece := opened.read(2**20):
                digest.update(piece)
    return digest.hexdigest()[:32]
