"""One published generation: its rows and its model."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from raysc.errors import InputError, RayscError
from raysc.execution.closed_form import generation_again
from raysc.models.family import TRAINING_STATE, Trained
from raysc.planning.resolved import Line
from raysc.results.samples.sampled_rows import model_span, sampled_rows
from raysc.store.objects import Objects
from raysc.store.retention import MODEL

PIPELINE = "model_index.json"
"""A folder with this file is a diffusers pipeline."""


@dataclass(frozen=True)
class Generation:
    """Generation t of one seed of a cell.

    Attributes:
        line: the cell.
        seed: the replicate.
        t: the generation.
        objects: the store.
    """

    line: Line
    seed: int
    t: int
    objects: Objects

    @cached_property
    def rows(self) -> np.ndarray:
        """S_t as far as every generation samples it, (count, *event): images uint8, points float.

        Raises:
            InputError: it is not published, or its model diverged.
        """
        rows = sampled_rows(self.line, self.seed, self.t, self.objects)
        if rows is None:
            raise self._missing()
        return rows

    @cached_property
    def model(self) -> Any:
        """G_t.

        Of images from a U-Net a diffusers pipeline, of other networks a ``torch.nn.Module`` with the weights that
        sample (the EMA where one is kept), of closed forms what their family makes: arrays with a leading axis of one
        seed.

        Raises:
            InputError: it is not published, it diverged, or ``keep`` has dropped it.
        """
        span = model_span(self.line, self.seed, self.t, self.objects)
        if not self.line.family.trained:
            again = generation_again(self.line, self.seed, self.t) if span is not None else None
            if again is None:
                raise self._missing()
            return again[1]
        if span is None:
            raise self._missing()
        manifest = span.manifest(self.objects)
        if not any(file.startswith(f"{MODEL}/") and manifest.holds(file) for file in manifest.files):
            raise InputError(f"{self._named()}: its model was dropped, since the sweep says keep: {{models: last}}")
        with TemporaryDirectory() as folder:
            return _opened(manifest.get_folder(MODEL, Path(folder), optional=TRAINING_STATE), self.line)

    def _missing(self) -> RayscError:
        return InputError(f"{self._named()} is not there: not run yet, or diverged")

    def _named(self) -> str:
        return f"generation {self.t} of cell {self.line.number}, seed {self.seed}"


def _opened(folder: Path, line: Line) -> Any:
    """The model in a folder, in memory."""
    if (folder / PIPELINE).exists():
        from raysc.libraries.torchvision_compat import declare_missing_schemas

        declare_missing_schemas()
        from diffusers import DiffusionPipeline

        return DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    from raysc.models.networks.architectures import with_weights

    state = cast(Trained, line.family).load(folder)
    return with_weights(state.config, state.ema).eval()
