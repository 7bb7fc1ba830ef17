"""Forks of the closed-form loops of a unit: from another generation 0, with the same random numbers.

A fork differs from its loop in generation 0 only, which is fitted to a random half of the same real rows. Every draw of
both has the same address, so what is left of the start at generation t is all that separates them: with equal noise the
difference follows the Jacobian of the retraining map. A fork has no lineage. Its loop's unit runs it in step with
the loop, and publishes the distances as a metric of the loop. Equal addresses give equal distances after a resume, in
every pack and in every store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from raysc import registry
from raysc.execution.measurer import Measurer, Values, ValuesByMetric
from raysc.execution.model_loops import model_loops
from raysc.execution.ranks import ClosedFormRank
from raysc.metrics.core.features import plain_values
from raysc.metrics.core.metric import ForkMetric
from raysc.models.family import Arrays, ClosedFormFamily, StateWithRows, state_arrays
from raysc.planning.resolved import ResolvedCell
from raysc.pool.rows import Rows

Model = tuple[Arrays | StateWithRows, Rows | None]
"""State and rows of a model at one generation; no rows once all seeds have diverged."""


class Forks:
    """The forks of the models of a unit, one generation after the other."""

    def __init__(self, cells: Sequence[ResolvedCell], real: Sequence[Rows], seeds: tuple[int, ...], last: int) -> None:
        """Begin before generation 0.

        Args:
            cells: of all models of the unit, in order.
            real: the initial real rows of every model.
            seeds: the pack.
            last: the last generation.
        """
        forks = [fork_of(cell) for cell in cells]
        self._seeds = len(seeds)
        self._crews = [ClosedFormRank(cast(ClosedFormFamily, fork.family), fork.stream_seeds(seeds)) for fork in forks]
        self._loops = model_loops(forks, self._crews, real, seeds, last)

    def advance(self, models: Sequence[Model]) -> "ForkedModels":
        """Return the models of a generation, which follows that of the last call, beside those of the forks."""
        generations = next(self._loops, None) or [None] * len(models)
        forks = [
            (crew.state, None if generation is None else generation.rows)
            for crew, generation in zip(self._crews, generations, strict=True)
        ]
        return ForkedModels(models, forks, self._seeds)


@dataclass(frozen=True, eq=False)
class ForkedModels:
    """The models of a unit and those of its forks at one generation.

    Attributes:
        models: of the loops.
        forks: of the forks.
        seeds: number of seeds.
    """

    models: Sequence[Model]
    forks: Sequence[Model]
    seeds: int
    _values: dict[ForkMetric, Values] = field(default_factory=dict, init=False, repr=False)

    def measure(self, measurer: Measurer, t: int) -> ValuesByMetric:
        """Measure the metrics of forks that are due at generation t, the same for all models of the unit."""
        due = {key: measurer.metrics[key] for key in measurer.due(t)}
        return {key: self.values(metric) for key, metric in fork_metrics(due).items()}

    def values(self, metric: ForkMetric) -> Values:
        """Return the columns of a metric; NaN once all seeds of a loop or of a fork have diverged."""
        if metric not in self._values:
            if any(rows is None for _, rows in (*self.models, *self.forks)):
                self._values[metric] = {column.name: np.full(self.seeds, np.nan) for column in metric.columns}
            else:
                loops = self.models, self.forks
                parameters, rows = np.stack(list(map(_parameters, loops))), np.stack(list(map(_rows, loops)))
                with np.errstate(over="ignore", invalid="ignore"):
                    self._values[metric] = dict(metric.measure(parameters, rows))
        return self._values[metric]


def fork_metrics(metrics: Mapping[str, Any]) -> dict[str, ForkMetric]:
    """Return the metrics that compare a loop with its fork, by key."""
    return {key: metric for key, metric in metrics.items() if isinstance(metric, ForkMetric)}


def fork_of(cell: ResolvedCell) -> ResolvedCell:
    """Return the cell of a fork: the ``initial.rows`` of its generation 0 are half of the loop's."""
    settings, rows = cell.settings, cell.settings.initial.rows or cell.rules.rows
    initial = settings.initial.model_copy(update={"rows": rows // 2})
    settings = settings.model_copy(update={"initial": initial})
    # A new family: the statistics that a family keeps belong to one run.
    family = registry.family(settings.model, cell.data)
    return replace(cell, settings=settings, family=family, rules=replace(cell.rules, settings=settings))


def _parameters(models: Sequence[Model]) -> np.ndarray:
    """Return the arrays of the states of all models as one vector for each seed, float64 (seeds, parameters)."""
    arrays = [np.asarray(array, np.float64) for state, _ in models for array in state_arrays(state).values()]
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


def _rows(models: Sequence[Model]) -> np.ndarray:
    """Return the values of the rows of all models, float64 (models, seeds, rows, dim)."""
    arrays = [rows.load() for _, rows in models if rows is not None]
    return np.stack([plain_values(array, array.ndim - 2) for array in arrays])
