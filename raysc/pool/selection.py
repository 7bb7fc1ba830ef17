"""Rows of a source that are chosen among candidates: where a regime's own code looks at rows."""

import numpy as np

from raysc.errors import InputError
from raysc.pool.rows import Part, Rows, TrainingSet
from raysc.regimes.recipe import Take
from raysc.rng import Streams


def chosen(take: Take, candidates: Part | Rows, real: Rows, seeds: tuple[int, ...]) -> Part:
    """The rows that a take chooses.

    They are chosen once and remembered with the source's rows: a later generation that takes them again finds the same,
    even if the rows themselves were let go meanwhile.

    Args:
        take: with ``choose``.
        candidates: ``take.among`` rows of its source.
        real: the initial real rows, which the chooser may compare with.
        seeds: the pack. Each chooses for itself, by a stream with the address of the rows, not of who takes them.

    Raises:
        InputError: ``choose`` gave something else than ``take.count`` indices into the candidates.
    """
    asked = take, seeds
    known = candidates.rows.prefixes
    if asked not in known:
        picked = _indices(take, TrainingSet((candidates,)).load(), real.load(), seeds)
        inner = candidates.indices
        known[asked] = picked if inner is None else np.take_along_axis(inner, picked, axis=1)
    return Part(candidates.rows, known[asked], (take.among, take.choose))


def _indices(take: Take, candidates: np.ndarray, real: np.ndarray, seeds: tuple[int, ...]) -> np.ndarray:
    """Indices into the candidates, int64 (seeds, count); candidates and real rows are (seeds or 1, rows, *event)."""
    assert take.choose is not None
    out = np.empty((len(seeds), take.count), np.int64)
    streams = Streams(seeds, take.source.generation).each("choose", take.source.kind)
    for index, generator in enumerate(streams):
        own = _of_seed(candidates, index)
        if _diverged(own):  # other seeds of its pack go on, and it stays what it is with any of its rows
            out[index] = np.arange(take.count) % len(own)
        else:
            out[index] = _checked(take, take.choose(own, _of_seed(real, index), take.count, generator))
    return out


def _of_seed(rows: np.ndarray, index: int) -> np.ndarray:
    """A view of one seed's rows: a chooser that sorted them in place would change what everybody trains on."""
    own: np.ndarray = rows[index if len(rows) > 1 else 0].view()
    own.flags.writeable = False
    return own


def _diverged(rows: np.ndarray) -> bool:
    """Whether no row is finite."""
    return rows.dtype.kind == "f" and not bool(np.isfinite(rows.reshape(len(rows), -1)).all(axis=1).any())


def _checked(take: Take, given: object) -> np.ndarray:
    found = np.asarray(given)
    fits = found.shape == (take.count,) and found.dtype.kind in "iu"
    if not fits or found.min() < 0 or found.max() >= take.candidates:
        got = f"{found.dtype} {found.shape}" + (f" from {found.min()} to {found.max()}" if fits else "")
        raise InputError(
            f"choose was asked for {take.count} of {take.candidates} {take.source.kind} rows and gave {got}; "
            f"expected integers ({take.count},) from 0 to {take.candidates - 1}"
        )
    return found
