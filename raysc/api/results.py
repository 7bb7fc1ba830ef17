"""Results of a sweep in Python: table, figures, rows and models, read on access."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

from raysc.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysc.cluster.tune_results import ResultGrid
    from raysc.planning.resolved import ResolvedSweep
    from raysc.results.samples.generations import StoredGeneration
    from raysc.results.table.cell_comparison import CellChoice
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep


@dataclass(frozen=True)
class Results:
    """A sweep and its store; results are read from the store on access.

    Attributes:
        sweep: the sweep, with its cells, seeds, generations and metrics; of a search, with the ends of its range only.
        objects: the store.
    """

    sweep: "Sweep"
    objects: "Objects"

    def __repr__(self) -> str:
        search, count = self.sweep.search, len(self.sweep.cells)
        content = f"{count} cells" if search is None else f"the search for a threshold of {search.axis}"
        return f"<raysc results of {self.sweep.name}: {content} in {self.objects.uri}>"

    @property
    def _resolved(self) -> "ResolvedSweep":
        """The sweep with its components; a search goes on, so that its cells are those of the moment."""
        from raysc.results.thresholds.resolution import resolve_in_store

        return self._resolved_file if self.sweep.search is None else resolve_in_store(self.sweep, self.objects)

    @cached_property
    def _resolved_file(self) -> "ResolvedSweep":
        from raysc.planning.resolved import resolve

        return resolve(self.sweep)

    def frame(self) -> "pd.DataFrame":
        """Load the tidy table: one row per cell, seed and measured generation that is published.

        Columns are the cell's number, its axes under their dotted names, seed, generation, share, rows, every metric
        with its floor and its excess over the control, seconds by phase, lineage and parent.
        """
        from raysc.results.table.table import load_table

        return load_table(self._resolved, self.objects)

    def thresholds(self) -> "pd.DataFrame":
        """Return a row for each search for a threshold: axes, outcome, threshold, interval, bracket, seeds, runs."""
        from raysc.results.thresholds.rounds import read_thresholds

        return read_thresholds(self.sweep, self.objects)

    def contraction(self, by_generation: bool = False, *, between: str | None = None) -> "pd.DataFrame":
        """Return the rate of contraction rho and the effective step of each cell with their 95 % intervals over seeds.

        Columns are the axes that vary, metric (a distance of two loops), rho, generations first and last, seeds,
        effective_step, and of forks theory's expected rate and kappa. docs/stability.md explains them.

        Args:
            by_generation: a row for every pair of successive measured generations.
            between: of a trained family: the setting of generation 0 in which pairs of loops differ, an axis such as
                ``initial.steps`` or ``initial_seed``. Models are read, and rows sampled again, which may take a while.

        Raises:
            InputError: the sweep has neither forks nor such pairs, or there are no results.
        """
        from raysc.results.contraction.tables import contraction_frame, has_forks, steps_frame

        if between is not None:
            from raysc.results.contraction.pairs import pairs_frame

            return pairs_frame(self._resolved, self.objects, between, by_generation)
        resolved = self._resolved
        if not has_forks(resolved):
            raise InputError(
                f"{self.sweep.name} has no forks: add `probe: {{contraction: true}}` to the file, or give `between`"
            )
        return (steps_frame if by_generation else contraction_frame)(resolved, self._results(resolved))

    def scaling(self) -> "pd.DataFrame":
        """Return the exponents of the mean excess in the axis of ``scaling`` and in the generation.

        Columns are the axes that vary, metric, over (the axis, or "generation"), exponent, exponent_low and
        exponent_high (95 % interval over seeds), points and seeds.

        Raises:
            InputError: the sweep has no section ``scaling``, or there are no results.
        """
        from raysc.results.scaling.tables import scaling_frame

        if self.sweep.scaling is None:
            raise InputError(f"{self.sweep.name} has no scaling: add `scaling: {{axis: data.rows}}` to the file")
        resolved = self._resolved
        return scaling_frame(resolved, self._results(resolved))

    def effective_rows(self) -> "pd.DataFrame":
        """Return the number of real rows that each model is worth, per cell and measured generation.

        Columns are the axes that vary, metric, generation, effective_rows with its 95 % interval over seeds, and seeds.

        Raises:
            InputError: the sweep has no metric ``inverse_effective_rows``, or there are no results.
        """
        from raysc.results.scaling.tables import effective_rows_frame

        if not any(metric.name == "inverse_effective_rows" for metric in self.sweep.metrics):
            raise InputError(f"{self.sweep.name} has no effective rows: add the metric `inverse_effective_rows`")
        resolved = self._resolved
        return effective_rows_frame(resolved, self._results(resolved))

    def profile(self, factor: float = 2.0) -> "pd.DataFrame":
        """Judge each cell by the eight definitions of model collapse (Schaeffer et al. 2025), against its control.

        Args:
            factor: a rise of the risk above this factor is catastrophic.

        Returns:
            One row per cell and definition: finding (holds, fails, undecided, not measured), metric, value, low and
            high (95 % interval over seeds), unit, seeds and note.

        Raises:
            InputError: there are no results yet.
        """
        from raysc.results.profile.profile import collapse_profile
        from raysc.results.profile.tables import profile_frame

        resolved = self._resolved
        return profile_frame(collapse_profile(resolved, self._results(resolved), factor))

    def variance(
        self, metric: str | None = None, generation: int | None = None, *, terms: bool = False
    ) -> "pd.DataFrame":
        """Return the components of the variance of a metric, the first if not given, by the seeds' purposes.

        docs/seeds.md explains the columns.

        Args:
            metric: a column of the table; the sweep's first metric if not given.
            generation: a measured one; all of them if not given.
            terms: sum the components to the terms of theorem 2 of Bertrand et al. 2023: finite samples, optimisation
                and generation 0. A term is NaN where none of its purposes has several seeds.

        Raises:
            InputError: no purpose has several seeds, there is no such metric, or there are no results.
        """
        from raysc.results.table.selection import metric_column
        from raysc.results.table.variance import terms_frame, variance_frame

        resolved, tabulate = self._resolved, terms_frame if terms else variance_frame
        return tabulate(resolved, self._results(resolved), metric_column(self.sweep, metric), generation)

    def generation(self, cell: int, seed: int, t: int) -> "StoredGeneration":
        """Return generation t of one seed of a cell; its ``rows`` and its ``model`` are read on access.

        Args:
            cell: as numbered in the table.
            seed: one of the sweep's.
            t: 0 to the last one.

        Raises:
            InputError: the sweep has no such generation.
        """
        from raysc.results.samples.generations import stored_generation

        return stored_generation(self._resolved, cell, seed, t, self.objects)

    def plot(self, metric: str | None = None, by: str | Sequence[str] | None = None) -> "Figure":
        """Draw a metric over generations: ``figure`` with its defaults."""
        return self.figure(metric, by=by)

    def figure(
        self,
        metric: str | None = None,
        *,
        by: str | Sequence[str] | None = None,
        panels: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        size: tuple[float, float] | None = None,
        font: str | None = None,
        usetex: bool = False,
        scale: Literal["log", "linear"] | None = None,
        ax: "Axes | None" = None,
    ) -> "Figure":
        """Draw a metric over generations for a paper: means over seeds with 95 % intervals, control, floor, theory.

        Settings of matplotlib that you have changed stay, and files embed fonts as TrueType.

        Args:
            metric: a column of the table; the sweep's first metric if not given.
            by: the axes in which curves of one panel differ, regime and lambda unless given; others have panels.
            panels: the axes in which panels differ.
            where: axis -> its value, or a list of values, of the cells to draw.
            size: width and height in inches.
            font: serif, sans-serif or the name of a font.
            usetex: LaTeX sets the text.
            scale: scale of the y axis; the metric's if not given.
            ax: a matplotlib subplot to draw into, for one panel; ``ax.legend()`` adds the legend.

        Returns:
            A matplotlib figure.

        Raises:
            InputError: there is no such metric, axis, value or font, or there are no results yet.
        """
        from raysc.results.plots.paper_figure import FigureOptions, paper_figure
        from raysc.results.table.selection import metric_column

        column = metric_column(self.sweep, metric)
        values = {name: value if isinstance(value, list | tuple) else [value] for name, value in (where or {}).items()}
        options = FigureOptions(_list(by), _list(panels), values, size, font, usetex, scale)
        resolved = self._resolved
        return paper_figure(resolved, self._results(resolved), column, options, ax)

    def _results(self, resolved: "ResolvedSweep") -> "pd.DataFrame":
        """Load the tidy table of a resolved sweep: a search that goes on numbers its cells anew at each round.

        Raises:
            InputError: it is empty.
        """
        from raysc.results.table.table import load_table

        table = load_table(resolved, self.objects)
        if table.empty:
            raise InputError(f"{self.objects.uri} holds no results of {self.sweep.name} yet")
        return table

    def summary(self, generation: int | None = None) -> "pd.DataFrame":
        """Return one row per cell: the mean over seeds of each metric with its 95 % interval.

        Columns are the cell's number, the axes that vary, generation, seeds, diverged, and <metric>_mean, _low and
        _high of each metric and of the first one's excess over the control.

        Args:
            generation: a measured generation; the last one of each cell if not given.

        Raises:
            InputError: there are no results of the generation.
        """
        from raysc.results.table.cell_summary import cell_summary
        from raysc.results.table.table import load_table

        resolved = self._resolved
        return cell_summary(resolved, load_table(resolved, self.objects), generation)

    def compare(
        self,
        a: "CellChoice",
        b: "CellChoice",
        metric: str | Sequence[str] | None = None,
        generation: int | None = None,
    ) -> "pd.DataFrame":
        """Compare cells, paired by seed: ``results.compare({"regime": "replace"}, {"regime": "accumulate"})``.

        Args:
            a: number of a cell, or axis -> its value or a list of values.
            b: the cells that those of ``a`` are compared with. Cells form a pair if they are equal in every axis that
                neither ``a`` nor ``b`` names.
            metric: a column of the table, or several; the first column of each metric if not given.
            generation: a generation; the last one that both cells of a pair have if not given.

        Returns:
            One row per pair and metric: a, b, the axes in which pairs differ, generation, metric, a_mean, b_mean, kind
            ("a / b" or "a - b", as the metric's scale says), value, low, high (the paired 95 % interval) and seeds.

        Raises:
            InputError: there are no such cells or metrics, or no pairs.
        """
        from raysc.results.table.cell_comparison import compare_cells
        from raysc.results.table.columns import main_columns
        from raysc.results.table.selection import metric_column
        from raysc.results.table.table import load_table

        names = _list(metric)
        columns = main_columns(self.sweep) if names is None else [metric_column(self.sweep, name) for name in names]
        resolved = self._resolved
        return compare_cells(load_table(resolved, self.objects), resolved.sweep.cells, a, b, columns, generation)

    def _repr_html_(self) -> str:
        """Return the cells at their last generation and a figure of the first metric, for notebooks."""
        from raysc.results.table.cell_summary import notebook_html
        from raysc.results.table.table import load_table

        resolved = self._resolved
        if (table := load_table(resolved, self.objects)).empty:
            return f"<p>{escape(repr(self))}: no results yet</p>"
        return notebook_html(resolved, table, self._repr_png_() or b"")

    def _repr_png_(self) -> bytes | None:
        """Return the figure of the first metric as PNG; None without results."""
        if self.frame().empty:
            return None
        image = BytesIO()
        self.figure().savefig(image, format="png", dpi=100)
        return image.getvalue()

    @property
    def tune(self) -> "ResultGrid":
        """Ray Tune's records of every trial of this sweep, as its ``ResultGrid``."""
        from raysc.cluster.tune_results import result_grid

        return result_grid(self.sweep.name, self.objects)


def _list(names: str | Sequence[str] | None) -> Sequence[str] | None:
    return [names] if isinstance(names, str) else names
