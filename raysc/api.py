"""raysc from Python: run a sweep, look at its table, its pictures, its models.

A sweep is given as a file, or as a dict that holds what a file would:

>>> import raysc
>>> results = raysc.sweep({
...     "name": "spread",
...     "data": {"name": "gaussian", "dim": 2, "rows": 50},
...     "model": "gaussian",
...     "loop": {"generations": 5},
...     "space": {"regime": ["replace", "accumulate"]},
...     "seeds": 20,
...     "metrics": ["trace_ratio"],
... })
spread: 3 cells x 20 seeds x 5 generations...
>>> table = results.frame()
>>> sorted(table["regime"].unique())
['accumulate', 'real_only', 'replace']
>>> results.plot("trace_ratio", by="regime").savefig("trace_ratio.svg")

``load`` looks at what there is and runs nothing; rows and models are read when they are asked for:

>>> results = raysc.load("spread")
>>> generation = results.generation(cell=0, seed=3, t=5)
>>> generation.rows.shape
(50, 2)
>>> generation.model["mean"].shape
(1, 2)
>>> len(results.tune)
3
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from raysc.errors import InputError, RayscError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from raysc.cluster.tune_results import ResultGrid
    from raysc.metrics.core.metric import Column
    from raysc.results.samples.generations import Generation
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep

Given = str | PathLike[str] | Mapping[str, Any]
"""A sweep file, a sweep's folder in a store, or what a sweep file would hold as a dict."""


def sweep(
    file: Given, *, overrides: Sequence[str] = (), storage: str | None = None, address: str | None = None
) -> "Results":
    """Run what is missing of a sweep, as ``raysc sweep`` does; safe to repeat.

    Args:
        file: a sweep file, or a dict that holds what one would; a dict needs a ``name``.
        overrides: ``a.b=c``, as ``--set``.
        storage: a folder or URI; else RAYSC_STORAGE, the file's, ./raysc-store.
        address: a Ray cluster; a Ray that is connected already is used.

    Returns:
        Its results.

    Raises:
        InputError: the sweep cannot work; nothing was started.
        RayscError: units failed; everything else is published, and ``load`` shows it.
    """
    from raysc.cli.arguments import open_console
    from raysc.cli.sweep import run_sweep

    results = load(file, overrides=overrides, storage=storage)
    failures = run_sweep(results.asked, results.objects, open_console(), address)
    if failures:
        last = next(iter(failures.values())).strip().splitlines()[-1]
        raise RayscError(
            f"{len(failures)} units of {results.asked.name} failed, one with: {last}; tracebacks: "
            f"{results.objects.uri}/sweeps/{results.asked.name}/failures/; raysc.load shows the rest"
        )
    return results


def load(file: Given, *, overrides: Sequence[str] = (), storage: str | None = None) -> "Results":
    """The results of a sweep, as far as its store has them; runs nothing, and needs no Ray.

    Args:
        file: a sweep file, a sweep's folder in the store or its name there, or a dict as for ``sweep``.
        overrides: ``a.b=c``, as ``--set``.
        storage: a folder or URI; else RAYSC_STORAGE, the file's, ./raysc-store.

    Raises:
        InputError: there is no such sweep, or it is wrong.
    """
    from raysc.cli.arguments import open_sweep

    if not isinstance(file, Mapping):
        return Results(*open_sweep(fspath(file), storage, overrides))
    from raysc.sweepfile.yaml_writer import as_yaml

    if "name" not in file:
        raise InputError("a sweep that is given as a dict needs a name: under it its results are kept")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dict.yaml"
        path.write_text(as_yaml(_plain(file)), encoding="utf-8")
        return Results(*open_sweep(str(path), storage, overrides))


@dataclass(frozen=True)
class Results:
    """A sweep and its store; everything is read from there when it is asked for.

    Attributes:
        asked: the sweep, with its cells, seeds, generations and metrics.
        objects: the store.
    """

    asked: "Sweep"
    objects: "Objects"

    def __repr__(self) -> str:
        return f"<raysc results of {self.asked.name}: {len(self.asked.cells)} cells in {self.objects.uri}>"

    def frame(self) -> "pd.DataFrame":
        """The tidy table: one row per cell, seed and measured generation that is published.

        Columns are the cell's number, its axes under their dotted names, seed, generation, share, rows, every metric
        with its floor and its excess over the control, seconds by phase, lineage and parent.
        """
        from raysc.results.table.table import load_table

        return load_table(self.asked, self.objects)

    def generation(self, cell: int, seed: int, t: int) -> "Generation":
        """Generation t of one seed of a cell: its ``rows``, and its ``model``, read when they are asked for.

        Args:
            cell: as numbered in the table.
            seed: one of the sweep's.
            t: 0 to the last one.

        Raises:
            InputError: the sweep has no such generation.
        """
        from raysc.planning.resolved import lines
        from raysc.results.samples.generations import Generation

        asked = self.asked
        if not 0 <= cell < len(asked.cells):
            raise InputError(f"cell {cell}: {asked.name} has cells 0 to {len(asked.cells) - 1}")
        if seed not in asked.seeds:
            raise InputError(f"seed {seed}: {asked.name} has seeds {', '.join(map(str, asked.seeds))}")
        if not 0 <= t <= asked.generations:
            raise InputError(f"generation {t}: {asked.name} has generations 0 to {asked.generations}")
        return Generation(lines(asked)[cell], seed, t, self.objects)

    def plot(self, metric: str | None = None, by: str | Sequence[str] | None = None) -> "Figure":
        """A metric over generations with its intervals over seeds, as in the report.

        Args:
            metric: a column of the table; the sweep's first metric if not given.
            by: the axes in which curves of one panel differ, regime and lambda unless given; others have panels.

        Returns:
            A matplotlib figure.

        Raises:
            InputError: there is no such metric or axis, or there are no results yet.
        """
        from raysc.planning.resolved import lines
        from raysc.results.plots.style import style
        from raysc.results.report.curves import draw_curves, trajectories
        from raysc.results.report.layout import layout

        column = self._column(metric)
        axes = self._axes([by] if isinstance(by, str) else by)
        table = self.frame()
        if table.empty:
            raise InputError(f"{self.objects.uri} holds no results of {self.asked.name} yet")
        with style():
            return draw_curves(trajectories(table, column, lines(self.asked)), column, layout(self.asked.cells, axes))

    @property
    def tune(self) -> "ResultGrid":
        """What Ray Tune recorded of every trial of this sweep: its ``ResultGrid``."""
        from raysc.cluster.tune_results import result_grid

        return result_grid(self.asked.name, self.objects)

    def _column(self, metric: str | None) -> "Column":
        from raysc.results.table.table import metric_columns
        from raysc.sweepfile.messages import did_you_mean

        columns = {column.name: column for column in metric_columns(self.asked)}
        if metric is None:
            return next(iter(columns.values()))
        if metric not in columns:
            raise InputError(f"metric {metric}: {self.asked.name} has no such metric{did_you_mean(metric, columns)}")
        return columns[metric]

    def _axes(self, by: Sequence[str] | None) -> Sequence[str] | None:
        from raysc.results.table.table import varying_axes
        from raysc.sweepfile.messages import did_you_mean

        known = varying_axes(self.asked.cells)
        for name in by or ():
            if name not in known:
                raise InputError(f"by {name}: no axis of {self.asked.name} that varies{did_you_mean(name, known)}")
        return by


def _plain(value: Any) -> Any:
    """Mappings, lists, and NumPy's numbers and arrays as YAML knows them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value
