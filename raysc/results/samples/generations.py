"""Rows and model of one published generation."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from raysc.errors import InputError, RayscError
from raysc.execution.recompute import generation_again
from raysc.execution.records import diverged_mask
from raysc.models.family import TRAINING_STATE_PREFIX, TrainedFamily
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.samples.sampled_rows import model_span, sampled_rows
from raysc.seeds import generation_zero_seed, seed_text, seeds_text
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
        index = span.seeds.index(self.seed if self.t else generation_zero_seed(self.seed))
        if diverged_mask(manifest, span.seeds)[index]:
            raise self._missing()
        with TemporaryDirectory() as folder:
            files = manifest.get_folder(MODEL, Path(folder), without_prefix=TRAINING_STATE_PREFIX)
            return _load_model(files, self.cell, index)

    def _missing(self) -> RayscError:
        return InputError(f"{self._text()} does not exist: it was not run yet, or its model diverged")

    def _text(self) -> str:
        return f"generation {self.t} of cell {self.cell.number}, seed {seed_text(self.seed)}"


def stored_generation(resolved: ResolvedSweep, cell: int, seed: int, t: int, objects: Objects) -> StoredGeneration:
    """Return generation t of one seed of a cell of a sweep.

    Raises:
        InputError: the sweep has no such cell, seed or generation.
    """
    sweep = resolved.sweep
    if not 0 <= cell < len(sweep.cells):
        raise InputError(f"cell {cell}: {sweep.name} has cells 0 to {len(sweep.cells) - 1}")
    if seed not in sweep.seeds:
        raise InputError(f"seed {seed_text(seed)}: {sweep.name} has seeds {seeds_text(sweep.seeds)}")
    if not 0 <= t <= sweep.generations:
        raise InputError(f"generation {t}: {sweep.name} has generations 0 to {sweep.generations}")
    return StoredGeneration(resolved.cells[cell], seed, t, objects)


def _load_model(folder: Path, cell: ResolvedCell, index: int) -> Any:
    """Load the model in a folder; of a pack, that of the seed at ``index``."""
    if (folder / PIPELINE).exists():
        from raysc.models.neural.state_files import load_pipeline

        return load_pipeline(folder)
    from raysc.models.networks.build import with_weights

    state: Any = cast(TrainedFamily, cell.family).load(folder)
    if state.is_pack:
        state = state.map_tensors(lambda tensor: tensor[index])
    return with_weights(state.config, state.ema).eval()
