"""What a unit works with, whoever runs it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from raysc.datasets.dataset import DataSet, Distribution
from raysc.loop import Crew
from raysc.metrics.core.features import NETWORKS, extractor_name
from raysc.metrics.core.measure import Floor, Real, floors, measure
from raysc.metrics.core.metric import Metric, Modelled, ModelMetric
from raysc.models.family import DrawsBlocks
from raysc.pool.rows import Block, MemoryBlock, Rows
from raysc.pool.shelf import Shelf
from raysc.regimes.recipe import REAL, fresh
from raysc.settings import Keep, Until
from raysc.store import metric_files
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest, Stored

Values = dict[str, np.ndarray]
"""Column -> float64 (seeds,)."""


class TrainedCrew(Crew, Protocol):
    """A crew whose models are trained: they can be saved and loaded."""

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, Stored]:
        """Write the held model into an attempt; what was written, by file."""
        ...

    def load(self, manifest: Manifest) -> None:
        """Hold the model of a published generation."""
        ...

    @property
    def model(self) -> tuple[Any, Any]:
        """The family and the held model's state, for metrics of models."""
        ...

    def close(self) -> None:
        """Forget the model; the end of a trial."""
        ...


@dataclass(frozen=True)
class Bench:
    """What a unit works with.

    Attributes:
        objects: the store.
        generations: T.
        measured: the generations that are measured.
        seeds: the unit's pack.
        data: the data set.
        real_block: the initial real rows of the pack.
        real: the same with the held-out rows and the features of both, as metrics see them.
        metrics: by address.
        shelf: where rows are put that are drawn while an attempt is being filled.
        provenance: what is recorded beside results: versions, device, ranks.
        report: called with each published generation's columns.
        keep: what stays in the store.
        checkpoint_seconds: how often the training state is saved within a generation.
        until: where a seed ends early, if anywhere.
        waited: seconds that the unit waited for its resources.
        extract: (extractor, rows) -> features (seeds, m, dim), of extractors that are networks: the ranks that sampled
            the rows compute them. None: there are no such extractors.
    """

    objects: Objects
    generations: int
    measured: frozenset[int]
    seeds: tuple[int, ...]
    data: DataSet
    real_block: Block
    real: Real
    metrics: Mapping[str, Metric]
    shelf: Callable[[Attempt], Shelf]
    provenance: Mapping[str, Any]
    report: Callable[[Mapping[str, Any]], None]
    keep: Keep
    checkpoint_seconds: float
    until: Until | None = None
    waited: float = 0.0
    extract: Callable[[str, Rows], np.ndarray] | None = None

    @property
    def real_rows(self) -> Rows:
        """The initial real rows as the loop's source."""
        return Rows(REAL, (self.real_block,))

    @cached_property
    def judging(self) -> str:
        """The address of the metric by which ``until`` goes."""
        assert self.until is not None, "nothing ends the seeds of this sweep early"
        names = {column.name: address for address, metric in self.metrics.items() for column in metric.columns}
        return names[self.until.metric]

    def of(self, kept: np.ndarray) -> "Bench":
        """The bench of some of the seeds, bool (seeds,)."""
        rows = self.real_rows.of(kept)
        seeds = tuple(seed for seed, goes_on in zip(self.seeds, kept, strict=True) if goes_on)
        return replace(self, seeds=seeds, real_block=rows.blocks[0], real=self.real.of(kept, rows.load()))

    def fresh(self, generation: int, count: int) -> Rows:
        """New real rows, as the loop asks for them; data that have none were refused beforehand."""
        assert isinstance(self.data, Distribution), "only a distribution gives fresh rows"
        rows = self.data.fresh(self.seeds, generation, count)
        return Rows(fresh(generation), (MemoryBlock((fresh(generation), self.seeds), 0, rows),))

    def measure(
        self, rows: Rows | None, metrics: Iterable[str], model: tuple[Any, Any] | None = None
    ) -> dict[str, Values]:
        """Metric address -> its columns and their floors; NaN where there are no rows, since every seed diverged.

        Args:
            rows: of one generation.
            metrics: addresses.
            model: (family, state) of that generation, for metrics of models.
        """
        keys = list(metrics)
        if not keys:
            return {}
        chosen = [self.metrics[key] for key in keys]
        if rows is None:
            nothing = np.full(len(self.seeds), np.nan)
            found: Values = {column.name: nothing for metric in chosen for column in metric.columns}
            real: Mapping[str, Floor] = {}
        else:
            test = self.real.test if self.real.kind == "text" else self.real.test.astype(np.float64, copy=False)
            modelled = None if model is None else Modelled(*model, self.data, test)
            looked_at = rows.load() if any(self._looks(metric, model) for metric in chosen) else None
            extract = self.extract
            features = None if extract is None else lambda extractor: extract(extractor, rows)
            found = measure(chosen, looked_at, self.real, modelled, features)
            real = self._floors(rows.count)
        values = {}
        for key, metric in zip(keys, chosen, strict=True):
            own = {column.name: found[column.name] for column in metric.columns}
            few = (f"{column.name}_rows" for column in metric.columns)
            own |= {name: found[name] for name in few if name in found}
            names = [f"{column.name}_floor" for column in metric.columns if f"{column.name}_floor" in real]
            spread = {name: np.broadcast_to(real[name].values, len(self.seeds)) for name in names}
            values[key] = own | spread
        return values

    def _looks(self, metric: Metric, model: tuple[Any, Any] | None) -> bool:
        """Whether a metric looks at the rows themselves: else they are not made, or not brought to this process."""
        if isinstance(metric, ModelMetric):
            # A family may have drawn the rows' counts alone.
            return model is None or not isinstance(model[0], DrawsBlocks)
        return self.extract is None or extractor_name(metric.features, self.data.kind) not in NETWORKS

    @cached_property
    def _floors_by_rows(self) -> dict[int, Mapping[str, Floor]]:
        return {}

    def _floors(self, rows: int) -> Mapping[str, Floor]:
        if rows not in self._floors_by_rows:
            self._floors_by_rows[rows] = floors(list(self.metrics.values()), rows, self.real)
        return self._floors_by_rows[rows]

    def write_metrics(self, lineage: str, first: int, values: Sequence[Mapping[str, Values]]) -> None:
        """Publish what was measured of consecutive generations.

        A file's name says which generations it holds, all of them: one file per metric and run of measured generations.

        Args:
            lineage: address.
            first: the first generation.
            values: per generation, metric address -> columns; a generation that is not measured has none.
        """
        runs: dict[str, list[list[tuple[int, Values]]]] = {}
        for generation, measured in enumerate(values, start=first):
            for metric, columns in measured.items():
                own = runs.setdefault(metric, [])
                if own and own[-1][-1][0] == generation - 1:
                    own[-1].append((generation, columns))
                else:
                    own.append([(generation, columns)])
        for metric, own in runs.items():
            for run in own:
                nothing = np.full(len(self.seeds), np.nan)
                every = dict.fromkeys(column for _, columns in run for column in columns)
                frame = pd.DataFrame(
                    {
                        "seed": np.tile(self.seeds, len(run)),
                        "generation": np.repeat([t for t, _ in run], len(self.seeds)),
                        **{c: np.concatenate([columns.get(c, nothing) for _, columns in run]) for c in every},
                    }
                )
                metric_files.write(self.objects, metric, lineage, self.seeds, run[0][0], run[-1][0], frame)

    def report_means(self, generation: int, values: Mapping[str, Values]) -> None:
        """Tell Tune a generation's columns, each as the mean over the seeds that did not diverge."""
        columns = {name: column for found in values.values() for name, column in found.items()}
        finite = {name: column[np.isfinite(column)] for name, column in columns.items()}
        means = {name: float(column.mean()) if column.size else float("nan") for name, column in finite.items()}
        self.report({"generation": generation, **means})
