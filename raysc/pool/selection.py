"""Functions of a take, called for one seed after another: selection, transform and weights of rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from raysc.errors import InputError
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import Take
from raysc.rng import Role, Streams


class Views(Protocol):
    """Views of candidates that a chooser may ask for; see ``Take.needs``."""

    def texts(self, rows: np.ndarray) -> Sequence[str]:
        """Decode rows of text (count, length)."""
        ...

    def labels(self, rows: np.ndarray) -> np.ndarray:
        """Return classes of rows (count, *event), int64 (count,)."""
        ...

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Return log probabilities under the newest model of rows (seeds or 1, count, *event), (seeds, count)."""
        ...


def select(take: Take, candidates: Part | Rows, real: Rows, seeds: tuple[int, ...], views: Views | None = None) -> Part:
    """Return the rows that ``take.choose`` selects.

    The selection is made once and cached with the source's rows. A later generation with the same take gets the same
    rows, even if their arrays were freed in between.

    Args:
        take: a take with ``choose``.
        candidates: the first ``take.among`` rows of its source.
        real: the initial real rows, for comparison.
        seeds: the pack. Each seed selects by its own stream, whose address has the rows' generation and not the
            generation that trains on them, unless ``take.redraw`` says so.
        views: gives what ``take.needs`` names; None: nothing.

    Raises:
        InputError: ``choose`` returned something else than ``take.count`` indices into the candidates.
    """
    request = "choose", take, seeds
    cache = candidates.rows.arrays_by_request
    if request not in cache:
        selected = _indices(take, TrainingSet((candidates,)).load(), real.load(), seeds, views)
        inner = candidates.indices
        cache[request] = selected if inner is None else np.take_along_axis(inner, selected, axis=1)
    return Part(candidates.rows, cache[request], (take.among, take.choose, take.redraw))


def transform(take: Take, part: Part | Rows, real: Rows, seeds: tuple[int, ...]) -> Rows:
    """Return the rows that ``take.transform`` makes of a part; cached like a selection.

    Raises:
        InputError: ``transform`` returned rows of another shape or dtype.
    """
    request, cache = (take, seeds), part.rows.transformed
    if request not in cache:
        rows = TrainingSet((part,)).load()
        out = np.empty((len(seeds), *rows.shape[1:]), rows.dtype)
        assert take.transform is not None, "the take has a transform"
        for index, seed_rows, arguments in _calls(take, "transform", rows, real.load(), seeds):
            out[index] = seed_rows if arguments is None else _checked_rows(take.transform(*arguments), seed_rows)
        out.flags.writeable = False
        key = part.key, take.transform, take.redraw, seeds
        cache[request] = Rows(part.rows.source, (MemoryBlock(key, 0, out),))
    return cache[request]


def weigh(take: Take, part: Part | Rows, real: Rows | None, seeds: tuple[int, ...]) -> Part:
    """Return a part with the weights of the take; those of a function, which needs ``real``, are cached.

    Raises:
        InputError: ``weight`` returned something else than finite weights of a positive sum.
    """
    weight, request, cache = take.weight, ("weigh", take, seeds), part.rows.arrays_by_request
    if callable(weight) and request not in cache:
        assert real is not None, "the real rows stay while a function of a take reads them"
        cache[request] = np.ones((len(seeds), take.count))
        for index, _, arguments in _calls(take, "weigh", TrainingSet((part,)).load(), real.load(), seeds):
            if arguments is not None:
                cache[request][index] = _checked_weights(weight(*arguments), take.count)
    weights = cache[request] if callable(weight) else np.full((1, take.count), weight)
    indices = np.arange(take.count)[None] if part.indices is None else part.indices
    selection = part.key[2] if isinstance(part, Part) else None
    return Part(part.rows, indices, (selection, weight, take.redraw), weights)


def _indices(
    take: Take, candidates: np.ndarray, real: np.ndarray, seeds: tuple[int, ...], views: Views | None
) -> np.ndarray:
    """Return indices into the candidates, int64 (seeds, count); candidates and real are (seeds or 1, rows, *event)."""
    assert take.choose is not None, "the take has a chooser"
    out = np.empty((len(seeds), take.count), np.int64)
    views_of = _views_by_seed(take, candidates, views)
    for index, rows, arguments in _calls(take, "choose", candidates, real, seeds):
        if arguments is None:
            out[index] = np.arange(take.count) % len(rows)
        else:
            candidates_of_seed, real_of_seed, generator = arguments
            selected = take.choose(candidates_of_seed, real_of_seed, take.count, generator, **views_of(index, rows))
            out[index] = _checked_indices(take, selected)
    return out


def _views_by_seed(
    take: Take, candidates: np.ndarray, views: Views | None
) -> Callable[[int, np.ndarray], dict[str, Any]]:
    """Return (index of a seed, its candidates) -> the views that the take needs."""
    if not take.needs:
        return lambda index, rows: {}
    if views is None:
        raise InputError(f"choose needs {', '.join(take.needs)} of its candidates, and this loop has none")
    scores = views.scores(candidates) if "scores" in take.needs else None

    def of_seed(index: int, rows: np.ndarray) -> dict[str, Any]:
        methods = {"texts": views.texts, "labels": views.labels}
        values: dict[str, Any] = {name: methods[name](rows) for name in take.needs if name != "scores"}
        return values if scores is None else {**values, "scores": scores[index]}

    return of_seed


_Arguments = tuple[np.ndarray, np.ndarray, np.random.Generator]


def _calls(
    take: Take, role: Role, rows: np.ndarray, real: np.ndarray, seeds: tuple[int, ...]
) -> Iterator[tuple[int, np.ndarray, _Arguments | None]]:
    """Yield for each seed its index, its rows, and the arguments of the take's function.

    The arguments are None for a seed without any finite row: it diverged, and the other seeds of the pack continue.
    """
    generation, index_of_stream = take.address
    generators = Streams(seeds, generation).generators(role, *index_of_stream)
    for index, generator in enumerate(generators):
        seed_rows = _rows_of_seed(rows, index)
        diverged = _is_diverged(seed_rows)
        yield index, seed_rows, None if diverged else (seed_rows, _rows_of_seed(real, index), generator)


def _rows_of_seed(rows: np.ndarray, index: int) -> np.ndarray:
    """Return a read-only view of one seed's rows, so that a regime cannot change the training data in place."""
    view: np.ndarray = rows[index if len(rows) > 1 else 0].view()
    view.flags.writeable = False
    return view


def _is_diverged(rows: np.ndarray) -> bool:
    """Return True if no row is finite."""
    return rows.dtype.kind == "f" and not bool(np.isfinite(rows.reshape(len(rows), -1)).all(axis=1).any())


def _checked_indices(take: Take, returned: object) -> np.ndarray:
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


def _checked_rows(returned: object, rows: np.ndarray) -> np.ndarray:
    """Return transformed rows; InputError unless they have the shape, the kind of dtype and the range of the rows."""
    transformed = np.asarray(returned)
    if transformed.shape != rows.shape or not np.can_cast(transformed.dtype, rows.dtype, "same_kind"):
        raise InputError(
            f"transform must return rows of shape {rows.shape} and dtype {rows.dtype}, got {transformed.dtype} "
            f"{transformed.shape}"
        )
    if rows.dtype.kind in "iu" and (transformed.astype(rows.dtype) != transformed).any():
        raise InputError(f"transform returned {transformed.dtype} numbers that {rows.dtype} does not have; clip them")
    return transformed


def _checked_weights(returned: object, count: int) -> np.ndarray:
    """Return weights, float64 (count,); InputError unless all are finite and at least 0 and their sum is positive."""
    weights = np.asarray(returned)
    if weights.shape != (count,) or weights.dtype.kind not in "fiu":
        raise InputError(f"weight must return numbers ({count},), got {weights.dtype} {weights.shape}")
    if not np.isfinite(weights).all() or weights.min(initial=0) < 0 or not weights.sum() > 0:
        raise InputError("weight must return finite numbers of at least 0 with a positive sum")
    return weights.astype(np.float64)
