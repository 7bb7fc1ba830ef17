"""Contraction of loops that differ in generation 0 only: pairs of runs of one sweep with the same random numbers.

A family that is trained in steps has no forks (``raysc.execution.forks``). A sweep can hold both loops of a pair
instead: two values of a setting of generation 0, such as ``initial.steps``, or two initial seeds at equal other seeds.
Both are ordinary lineages, and every draw after generation 0 is the same in both. So their distances are those of a
loop and its fork. They are computed from the published models and rows; rows that are not kept are sampled again.

The initial seed also draws the start weights of retrainings that do not go on from the last model. So pairs of initial
seeds need ``loop.start: previous``: else each retraining separates the loops again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.execution.ranks import load_model
from raysc.metrics.across_models.fork_distance import ForkDistance
from raysc.metrics.core.features import plain_values
from raysc.models.family import TrainedFamily
from raysc.models.packing import supports_packing
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, measured_generations
from raysc.results.contraction.expected import step_share
from raysc.results.contraction.rates import leading_rate, step_rates
from raysc.results.contraction.tables import rate_numbers
from raysc.results.samples.sampled_rows import model_span, sampled_rows
from raysc.results.table.table import varying_axes
from raysc.seeds import generation_zero_seed, split
from raysc.store.objects import Objects

INITIAL_SEED = "initial_seed"
"""Name of the pairs of two initial seeds."""


@dataclass(frozen=True)
class Loop:
    """One run: a seed of a cell."""

    cell: ResolvedCell
    seed: int


@dataclass(frozen=True)
class Pairs:
    """Pairs of loops that begin differently, one pair for each replicate.

    Attributes:
        where: the settings that both loops of all pairs have.
        starts: values of the setting of generation 0 in which they differ.
        loops: of each pair; the seed of the first one stands for the replicate.
    """

    where: Mapping[str, Any]
    starts: tuple[Any, Any]
    loops: tuple[tuple[Loop, Loop], ...]


def pairs_frame(resolved: ResolvedSweep, objects: Objects, between: str, by_generation: bool = False) -> pd.DataFrame:
    """Tabulate the rate of contraction of the pairs of a sweep, by each distance of ``ForkDistance``.

    Args:
        resolved: a sweep of a trained family.
        objects: its store.
        between: ``initial_seed``, or an axis of generation 0 such as ``initial.steps``.
        by_generation: a row for every pair of successive measured generations.

    Returns:
        One row per two starts and distance: the settings, start and other_start, metric, rho with its 95 % interval
        over replicates, the generations first and last of its ratios, seeds, and effective_step with its interval.

    Raises:
        InputError: the sweep has no such pairs, does not keep all models, or the models have no weights of one network.
    """
    rows, sweep = [], resolved.sweep
    if sweep.keep.models != "all":
        raise sweep.error("keep.models", "pairs compare models of all generations; set all before the sweep runs")
    for pairs in find_pairs(resolved, between):
        cell = pairs.loops[0][0].cell
        head = {**pairs.where, "start": pairs.starts[0], "other_start": pairs.starts[1]}
        for metric, distances in _distances(pairs, measured_generations(sweep), objects).items():
            rates = step_rates(distances) if by_generation else [leading_rate(distances)]
            for rate in rates:
                share = step_share(cell, 1 if rate is None else rate.last)
                rows.append({**head, "metric": metric, **rate_numbers(rate, share)})
    return pd.DataFrame(rows)


def find_pairs(resolved: ResolvedSweep, between: str) -> list[Pairs]:
    """Return the pairs of neighbouring starts of a sweep; see ``pairs_frame``."""
    sweep, cells = resolved.sweep, [cell for cell in resolved.cells if not cell.settings.control]
    if any(cell.coupled for cell in cells):
        raise sweep.error("models", "pairs of coupled models are not tabulated; set models.count to 1")
    if not all(cell.family.trained for cell in cells):
        raise InputError(
            f"{sweep.name}: families that are fitted by a formula have forks: probe: {{contraction: true}}"
        )
    pairs = list(_seed_pairs(resolved, cells) if between == INITIAL_SEED else _cell_pairs(resolved, cells, between))
    if not pairs:
        raise InputError(
            f"{sweep.name} has no two loops that differ in {between} alone; give the file two values of an axis "
            f"such as initial.steps, or seeds: {{data: 8, initial: 2}} for {INITIAL_SEED}"
        )
    return pairs


def _seed_pairs(resolved: ResolvedSweep, cells: Sequence[ResolvedCell]) -> Iterator[Pairs]:
    """Yield the pairs of initial seeds at equal data, train and sample seeds, of each cell."""
    if any(cell.settings.start != "previous" for cell in cells):
        raise resolved.sweep.error(
            "loop.start",
            f"the initial seed draws the start weights of every retraining, so pairs of {INITIAL_SEED} differ in more "
            "than generation 0; set previous, or compare two values of an axis such as initial.steps",
        )
    axes = varying_axes([cell.settings for cell in cells])
    for cell in cells:
        seeds = {split(seed): seed for seed in resolved.sweep.seeds_of(cell.number)}
        where = {name: cell.settings.axes[name] for name in axes}
        for starts in pairwise(sorted({purposes.initial for purposes in seeds})):
            loops = tuple(
                (Loop(cell, seed), Loop(cell, seeds[other]))
                for purposes, seed in seeds.items()
                if purposes.initial == starts[0] and (other := purposes._replace(initial=starts[1])) in seeds
            )
            if loops:
                yield Pairs(where, starts, loops)


def _cell_pairs(resolved: ResolvedSweep, cells: Sequence[ResolvedCell], axis: str) -> Iterator[Pairs]:
    """Yield the pairs of cells that differ in an axis of generation 0 only, with the seeds that both have."""
    if not axis.startswith("initial."):
        raise InputError(f"expected {INITIAL_SEED} or an axis of generation 0 such as initial.steps, got {axis!r}")
    axes = [name for name in varying_axes([cell.settings for cell in cells]) if name != axis]
    groups: dict[str, list[ResolvedCell]] = {}
    for cell in cells:
        if cell.settings.axes.get(axis) is not None:
            shared = {name: value for name, value in cell.settings.axes.items() if name != axis}
            groups.setdefault(repr(shared), []).append(cell)
    for group in groups.values():
        where = {name: group[0].settings.axes[name] for name in axes}
        for cell, other in pairwise(group):
            seeds = [
                seed for seed in resolved.sweep.seeds_of(cell.number) if seed in resolved.sweep.seeds_of(other.number)
            ]
            starts = cell.settings.axes[axis], other.settings.axes[axis]
            yield Pairs(where, starts, tuple((Loop(cell, seed), Loop(other, seed)) for seed in seeds))


def _distances(pairs: Pairs, generations: Sequence[int], objects: Objects) -> dict[str, pd.DataFrame]:
    """Return each distance, replicates as rows and generations as columns; NaN where a model is not published."""
    metric = ForkDistance()
    values = {column.name: np.full((len(pairs.loops), len(generations)), np.nan) for column in metric.columns}
    for number, pair in enumerate(pairs.loops):
        for position, t in enumerate(generations):
            models = [_model(loop, t, objects) for loop in pair]
            known = [model for model in models if model is not None]
            if len(known) < len(models):
                break  # it is not published, or diverged: later ones neither
            parameters = np.stack([vector for vector, _ in known])[:, None]
            rows = np.stack([rows for _, rows in known])[:, None, None]
            for name, distance in metric.measure(parameters, rows).items():
                values[name][number, position] = distance[0]
    index, columns = pd.Index([loop.seed for loop, _ in pairs.loops]), pd.Index(generations)
    return {name: pd.DataFrame(array, index, columns) for name, array in values.items()}


def _model(loop: Loop, t: int, objects: Objects) -> tuple[np.ndarray, np.ndarray] | None:
    """Return weights float64 (parameters,) and rows float64 (rows, dim) of a generation; None if it does not exist."""
    cell, seed = loop.cell, loop.seed
    span, rows = model_span(cell, seed, t, objects), sampled_rows(cell, seed, t, objects)
    if span is None or rows is None:
        return None
    state = load_model(cast(TrainedFamily, cell.family), span.read_manifest(objects))
    weights = getattr(state, "ema", None)
    if not isinstance(weights, dict):
        raise InputError(f"{cell.settings.model.name} has no weights of one network, so two models have no distance")
    arrays = [weights[name].detach().cpu().double().numpy() for name in sorted(weights)]
    if supports_packing(cell.family, cell.data.event):
        position = span.seeds.index(seed if t else generation_zero_seed(seed))
        arrays = [array[position] for array in arrays]
    return np.concatenate([array.reshape(-1) for array in arrays]), plain_values(rows, rows.ndim - 1)
