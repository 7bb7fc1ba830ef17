"""Families whose generation 0 is loaded instead of trained: the key ``initial.from`` of a sweep file."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from raysc.errors import InputError
from raysc.machine.content_cache import content_cache
from raysc.models.family import (
    TRAINING_STATE_PREFIX,
    FitResult,
    SupportsGuidance,
    SupportsSettingsCheck,
    TrainedFamily,
)
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Guide, Sample, Train

if TYPE_CHECKING:
    from raysc.models.neural.state import State

FILES = ["*.json", "*.safetensors", "unet/*.json", "unet/*.safetensors", "scheduler/*.json"]
"""Patterns of the files of a diffusers repository that define the model."""
SUFFIXES = (".pkl", ".pt")
"""Endings of the names of public checkpoint files."""
CHECKPOINT = "checkpoint"
"""Name of a checkpoint file in the hash, whatever it is called on this machine."""


@dataclass(frozen=True)
class PretrainedFamily:
    """A trained family of images whose generation 0 is a stored model; it delegates everything else to that family.

    Every seed begins with the same model. Under ``loop.start: scratch``, later generations begin with random weights
    of a network with the family's sizes.

    Attributes:
        family: the wrapped family.
        source: a diffusers folder, a public checkpoint file, or a repository id of the Hugging Face hub.
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
    def sample_settings(self) -> tuple[str, ...]:
        return tuple(getattr(self.family, "sample_settings", ("steps",)))

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 3:
            raise InputError("initial.from: only models of images can be loaded; set initial.steps")
        self.family.check(event)

    def can_pack(self, event: tuple[int, ...]) -> bool:
        return False

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        if isinstance(self.family, SupportsSettingsCheck):
            self.family.check_settings(event, train, sample)

    def initial(self, event: tuple[int, ...], streams: Streams) -> Any:
        """Return the stored model at generation 0, a random state at later generations.

        Raises:
            InputError: the stored model has rows of another shape.
        """
        if streams.generation > 0:
            return self.family.initial(event, streams)
        state = self.family.load(local_model(self.source))
        if tuple(state.event) != event:
            raise InputError(f"initial.from: {self.source} models images of shape {state.event}, the data have {event}")
        return state

    def fit(
        self, training_set: TrainingSet, start: Any, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        from raysc.models.neural.state import State  # imports torch, and a plan needs none

        if not steps and isinstance(start, State):
            start = self._with_sampled_weights(start, train)
        return self._family.fit(training_set, start, steps, train, streams, total_steps)

    def _with_sampled_weights(self, state: "State", train: Train) -> "State":
        """Return generation 0 with the weights that sample under ``train.ema``: raw ones, or their average."""
        if train.ema is not None and not train.ema.samples:
            return replace(state, ema=state.weights, average=state.averaged_weights)
        if train.ema is None and local_model(self.source).is_file():
            return replace(state, ema=state.weights)
        return state

    def sample(self, state: Any, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        return self._family.sample(state, first, count, sample, streams)

    def guided_state(self, base: Any, state: Any, guide: Guide) -> Any:
        guided: SupportsGuidance = self.family
        return guided.guided_state(base, state, guide)

    def save(self, state: Any, folder: Path, training_state: bool) -> None:
        self._family.save(state, folder, training_state)

    def load(self, folder: Path) -> Any:
        return self._family.load(folder)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return self._family.parameter_count(event)

    @property
    def _family(self) -> TrainedFamily:
        family: TrainedFamily = self.family
        return family


@content_cache
def local_model(source: str) -> Path:
    """Return the model's file or folder on this machine; for a hub id, its copy in the hub's cache.

    Raises:
        InputError: it does not exist, and the hub cannot provide it.
    """
    if Path(source).is_file():
        return Path(source).resolve()
    if source.endswith(SUFFIXES):
        raise InputError(f"initial.from: there is no file {source}; download it, or train generation 0: initial.steps")
    from raysc.libraries.hub import model_folder  # imported here: it takes seconds

    return model_folder(source, "initial.from", FILES).resolve()


@content_cache
def content_hash(source: str) -> str:
    """Return a hash of the model's files, 32 hexadecimal digits: lineage keys contain it in place of the path."""
    model, digest = local_model(source), sha256()
    files = [model] if model.is_file() else [file for pattern in FILES for file in model.glob(pattern)]
    for file in sorted(file for file in files if not file.name.startswith(TRAINING_STATE_PREFIX)):
        name = CHECKPOINT if file == model else file.relative_to(model).as_posix()
        digest.update(f"\n{name} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(2**20):
                digest.update(chunk)
    return digest.hexdigest()[:32]
