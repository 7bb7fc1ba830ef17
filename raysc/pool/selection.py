"""Selection: rows that a regime's ``choose`` selects among candidates."""

import numpy as np

from raysc.errors import InputError
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import Take
from raysc.rng import Streams


def select(take: Take, candidates: Part | Rows, real: Rows, seeds: tuple[int, ...]) -> Part:
    """Return the rows that ``take.choose`` selects.

    The selection is made once and cached with the source's rows. A later generation with the same take gets the same
    rows, even if their arrays were freed in between.

    Args:
        take: a take with ``choose``.
        candidates: the first ``take.among`` rows of its source.
        real: the initial real rows, for comparison.
        seeds: the pack. Each seed selects by its own stream, whose address has the rows' generation and not the
            generation that trains on them.

    Raises:
        InputError: ``choose`` returned something else than ``take.count`` indices into the candidates.
    """
    request = take, seeds
    cache = candidates.rows.indices_by_request
    if request not in cache:
        selected = _indices(take, TrainingSet((candidates,)).load(), real.load(), seeds)
        inner = candidates.indices
        cache[request] = selected if inner is None else np.take_along_axis(inner, selected, axis=1)
    return Part(candidates.rows, cache[request], (take.among, take.choose))


def _indices(take: Take, candidates: np.ndarray, real: np.ndarray, seeds: tuple[int, ...]) -> np.ndarray:
    """Return indices into the candidates, int64 (seeds, count); candidates and real are (seeds or 1, rows, *event)."""
    assert take.choose is not None
    out = np.empty((len(seeds), take.count), np.int64)
    generators = Streams(seeds, take.source.generation).generators("choose", take.source.kind)
    for index, generator in enumerate(generators):
        rows = _rows_of_seed(candidates, index)
        if _is_diverged(rows):  # the other seeds of the pack continue; any of its rows show that this one diverged
            out[index] = np.arange(take.count) % len(rows)
        else:
            out[index] = _checked(take, take.choose(rows, _rows_of_seed(real, index), take.count, generator))
    return out


def _rows_of_seed(rows: np.ndarray, index: int) -> np.ndarray:
    """Return a read-only view of one seed's rows, so that a regime cannot change the training data in place."""
    view: np.ndarray = rows[index if len(rows) > 1 else 0].view()
    view.flags.writeable = False
    return view


def _is_diverged(rows: np.ndarray) -> bool:
    """Return True if no row is finite."""
    return rows.dtype.kind == "f" and not bool(np.isfinite(rows.reshape(len(rows), -1)).all(axis=1).any())


def _checked(take: Take, returned: object) -> np.ndarray:
    """Return the indices, integers (count,); InputError for anything else."""
    indices = np.asarray(returned)
    is_valid_type = indices.shape == (take.count,) and indices.dtype.kind in "iu"
    if not is_valid_type or indices.min() < 0 or indices.max() >= take.source_rows:
        span = f" from {indices.min()} to {indices.max()}" if is_valid_type else ""
        raise InputError(
            f"choose must return {take.count} of {take.source_rows} {take.source.kind} rows: expected integers "
            f"({take.count},) from 0 to {take.source_rows - 1}, got {indices.dtype} {indices.shape}{span}"
        )
    return indices
