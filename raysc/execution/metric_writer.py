"""The metric writer of a unit: metric files into the store, means over seeds to Tune."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from raysc.execution.measurer import Values, ValuesByMetric
from raysc.store import metric_files
from raysc.store.objects import Objects


@dataclass(frozen=True)
class MetricWriter:
    """Writes what a unit measured.

    Attributes:
        objects: the store.
        seeds: the pack.
        tune_report: called with a generation's columns.
    """

    objects: Objects
    seeds: tuple[int, ...]
    tune_report: Callable[[Mapping[str, Any]], None]

    def write(self, lineage: str, first: int, values: Sequence[ValuesByMetric]) -> None:
        """Publish the metrics of consecutive generations.

        The name of a file states the generations in it, without gaps: one file for each metric and each run of
        consecutive measured generations.

        Args:
            lineage: key.
            first: the first generation.
            values: per generation; empty for a generation that is not measured.
        """
        runs: dict[str, list[list[tuple[int, Values]]]] = {}
        for generation, metrics in enumerate(values, start=first):
            for metric, columns in metrics.items():
                of_metric = runs.setdefault(metric, [])
                if of_metric and of_metric[-1][-1][0] == generation - 1:
                    of_metric[-1].append((generation, columns))
                else:
                    of_metric.append([(generation, columns)])
        for metric, of_metric in runs.items():
            for run in of_metric:
                first_in_run, last_in_run = run[0][0], run[-1][0]
                frame = self._frame(run)
                metric_files.write(self.objects, metric, lineage, self.seeds, first_in_run, last_in_run, frame)

    def _frame(self, run: Sequence[tuple[int, Values]]) -> pd.DataFrame:
        """Build the table of one metric file: a row per generation and seed."""
        nan = np.full(len(self.seeds), np.nan)
        names = dict.fromkeys(name for _, columns in run for name in columns)
        return pd.DataFrame(
            {
                "seed": np.tile(self.seeds, len(run)),
                "generation": np.repeat([t for t, _ in run], len(self.seeds)),
                **{name: np.concatenate([columns.get(name, nan) for _, columns in run]) for name in names},
            }
        )

    def report_means(self, generation: int, values: ValuesByMetric) -> None:
        """Report a generation's columns to Tune, each as the mean over the seeds that did not diverge."""
        columns = {name: column for of_metric in values.values() for name, column in of_metric.items()}
        finite = {name: column[np.isfinite(column)] for name, column in columns.items()}
        means = {name: float(column.mean()) if column.size else float("nan") for name, column in finite.items()}
        self.tune_report({"generation": generation, **means})
