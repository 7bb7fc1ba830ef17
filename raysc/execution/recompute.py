"""Closed-form generations that are computed again, since the store keeps neither their rows nor their models."""

from typing import Any, cast

import numpy as np

from raysc import registry
from raysc.execution.model_loops import model_loops
from raysc.execution.ranks import ClosedFormRank
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL


def rows_again(cell: ResolvedCell, seed: int, t: int) -> np.ndarray | None:
    """Recompute S_t of one seed, (sample_rows, *event); None if the model had diverged by then."""
    again = generation_again(cell, seed, t)
    return None if again is None else again[0]


def generation_again(cell: ResolvedCell, seed: int, t: int) -> tuple[np.ndarray, Any] | None:
    """Recompute S_t and G_t of one seed by running its loop up to t. Random draws have addresses, so both are the same.

    Args:
        cell: of a closed-form family.
        seed: the replicate.
        t: the generation.

    Returns:
        Rows (sample_rows, *event) and the model as the family makes it, its arrays with a leading axis of one seed;
        None if the model had diverged by then.
    """
    crews, real = [], []
    for model in cell.models:
        # A new family: the statistics that a family keeps belong to one run.
        family = cast(ClosedFormFamily, registry.family(model.settings.model, model.data))
        crews.append(ClosedFormRank(family, model.stream_seeds((seed,))))
        train = model.data.train(model.data_seeds((seed,)))
        real.append(Rows(REAL, (MemoryBlock((REAL, (seed,)), 0, train),)))
    index = [model.number for model in cell.models].index(cell.number)
    generation = None
    for generations in model_loops(cell.models, crews, real, (seed,), t):
        generation = generations[index]
    if generation is None or generation.t < t or generation.rows is None:
        return None
    of_seed: np.ndarray = generation.rows.load()[0]
    return (of_seed, crews[index].state) if np.isfinite(of_seed).all() else None
