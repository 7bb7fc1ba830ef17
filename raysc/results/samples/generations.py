"""Rows and model of one published generation."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from raysc.errors import InputError, RayscError
from raysc.execution.recompute import generation_again
from raysc.models.family import TRAINING_STATE_PREFIX, TrainedFamily
from raysc.planning.resolved import ResolvedCell
from raysc.results.samples.sampled_rows import model_span, sampled_rows
from raysc.store.objects import Objects
from raysc.store.retention import MODEL

PIPELINE = "model_index.json"
"""File by which a folder is recognised as a diffusers pipeline."""


@dataclass(frozen=True)
class StoredGeneration:
    """Generation t of one seed of a cell.

    Attributes:
        cell: the cell.
        seed: the seed.
        t: number of the generation.
        objects: the store.
    """

    cell: ResolvedCell
    seed: int
    t: int
    objects: Objects

    @cached_property
    def rows(self) -> np.ndarray:
        """S_t, (sample rows, *event): images uint8, points float.

        Rows that only some generations sample, for a regime that needs more of them, are left out.

        Raises:
            InputError: the generation is not published, or its model diverged.
        """
        rows = sampled_rows(self.cell, self.seed, self.t, self.objects)
        if rows is None:
            raise self._missing()
        return rows

    @cached_property
    def model(self) -> Any:
        """G_t.

        A diffusers pipeline for a U-Net of images; a ``torch.nn.Module`` with the weights that sample (the EMA, if one
        is kept) for other networks; the arrays of the family, with a leading axis of one seed, for closed forms.

        Raises:
            InputError: the generation is not published, its model diverged, or ``keep`` removed it.
        """
        span = model_span(self.cell, self.seed, self.t, self.objects)
        if not self.cell.family.trained:
            generation = None if span is None else generation_again(self.cell, self.seed, self.t)
            if generation is None:
                raise self._missing()
            _, model = generation
            return model
        if span is None:
            raise self._missing()
        manifest = span.read_manifest(self.objects)
        if not any(file.startswith(f"{MODEL}/") and manifest.has_file(file) for file in manifest.files):
            raise InputError(f"{self._text()}: its model was removed, since the sweep file has keep: {{models: last}}")
        with TemporaryDirectory() as folder:
            return _load_model(
                manifest.get_folder(MODEL, Path(folder), without_prefix=TRAINING_STATE_PREFIX), self.cell
            )

    def _missing(self) -> RayscError:
        return InputError(f"{self._text()} does not exist: it was not run yet, or its model diverged")

    def _text(self) -> str:
        return f"generation {self.t} of cell {self.cell.number}, seed {self.seed}"


def _load_model(folder: Path, cell: ResolvedCell) -> Any:
    """Load the model in a folder."""
    if (folder / PIPELINE).exists():
        from raysc.models.neural.state_files import load_pipeline

        return load_pipeline(folder)
    from raysc.models.networks.build import with_weights

    state = cast(TrainedFamily, cell.family).load(folder)
    return with_weights(state.config, state.ema).eval()
