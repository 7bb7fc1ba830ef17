"""Fits that generations of coupled models need: published ones again where their states or rows are lost."""

from collections.abc import Callable, Iterable, Sequence

from raysc.planning.resolved import ResolvedCell
from raysc.pool.exchange import rows_read

GenerationOfModel = tuple[int, int]
"""A generation and the number of a model."""


def needed_fits(
    wanted: Iterable[GenerationOfModel],
    models: Sequence[ResolvedCell],
    has_training_state: Callable[[int, int], bool],
    has_rows: Callable[[int, int], bool],
) -> list[GenerationOfModel]:
    """Return the wanted generations and all that must be trained before them, in an order in which that works.

    Args:
        wanted: generations >= 1 to train.
        models: the cells of all models.
        has_training_state: (generation >= 1, model) -> True if training can continue from it.
        has_rows: (generation >= 1, model) -> True if its samples are stored, or can be drawn again.
    """
    fits: set[GenerationOfModel] = set()
    waiting = list(wanted)
    while waiting:
        t, model = fit = waiting.pop()
        if fit in fits:
            continue
        fits.add(fit)
        cell = models[model]
        if cell.settings.start == "previous" and t > 1 and not has_training_state(t - 1, model):
            waiting.append((t - 1, model))
        sources = [source for source in synthetic_sources(cell, t) if source > 0]
        read = ((source, other) for source in sources for other in models_read(cell))
        waiting.extend(rows for rows in read if not has_rows(*rows))
    return sorted(fits)


def synthetic_sources(cell: ResolvedCell, t: int) -> set[int]:
    """Return the generations whose samples generation t of a model trains on."""
    sources = {take.source for take in cell.rules.recipe(t).takes}
    return {source.generation for source in sources if source.kind == "synthetic"}


def models_read(cell: ResolvedCell) -> list[int]:
    """Return the numbers of the models whose samples a coupled model reads; its own is always among them."""
    coupling = cell.settings.coupling
    assert coupling is not None, "the model is coupled with others"
    counts = rows_read(coupling, coupling.index, cell.rules.sample_rows)
    return [model for model, count in enumerate(counts.tolist()) if count > 0 or model == coupling.index]
