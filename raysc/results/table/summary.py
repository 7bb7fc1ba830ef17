"""The table of cells that is printed at the end of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.table import Table

from raysc.results.statistics.averages import seed_mean
from raysc.results.table.columns import main_columns
from raysc.results.table.number_format import mean_text, value_text
from raysc.results.table.selection import last_generation
from raysc.results.table.table import controls_of, varying_axes
from raysc.results.table.terminal_table import WIDTH, empty_table, widest_table
from raysc.results.table.unmoved_weights import unmoved_generations
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class _Statistic:
    """A column of the summary.

    Attributes:
        heading: heading of the column.
        column: column of the tidy table.
        geometric: the mean over seeds is geometric.
        bounds: least and greatest possible value; None: none are known.
    """

    heading: str
    column: str
    geometric: bool = False
    bounds: tuple[float, float] | None = None

    def text(self, rows: pd.DataFrame) -> str:
        """Return the mean over seeds of a cell's rows at one generation, with its interval."""
        mean = seed_mean(rows[self.column].to_numpy(float), self.geometric, self.bounds, rows["seed"])
        return mean_text(mean, len(rows))


def summary(sweep: Sweep, table: pd.DataFrame, width: int = WIDTH) -> Table:
    """Return a table with one row per cell: its progress, and its metrics at its last generation.

    Args:
        sweep: the sweep.
        table: from ``load_table``.
        width: width of the terminal, in characters; columns that do not fit are left out, from the right.

    Returns:
        A rich table: the axes that vary, the number of seeds that reached the cell's last generation, how many
        diverged, if any did, and how many had a generation whose weights did not move (unmoved), if any had. Then the
        mean over seeds of the first metric with its 95 % interval, its excess over the control, and the other metrics.
        Cells without results have a row too.
    """
    last = last_generation(table)
    reached = last.groupby("cell")["generation"].first()
    statistics = _statistics(sweep)
    by_cell = dict(list(last.groupby("cell")))
    texts = [
        [statistic.text(by_cell.get(number, last.head(0))) for statistic in statistics]
        for number in range(len(sweep.cells))
    ]

    def build(headings: Sequence[str]) -> Table:
        return _build(sweep, table, last, reached, headings, [cell_texts[: len(headings)] for cell_texts in texts])

    return widest_table(build, [statistic.heading for statistic in statistics], width)[0]


def _statistics(sweep: Sweep) -> list[_Statistic]:
    columns = main_columns(sweep)
    means = [_Statistic(column.name, column.name, column.geometric, column.bounds) for column in columns]
    excess = (
        [_Statistic("excess", f"{columns[0].name}_excess", bounds=columns[0].excess_bounds)]
        if controls_of(sweep.cells)
        else []
    )
    return [*means[:1], *excess, *means[1:]]


def _build(
    sweep: Sweep,
    whole: pd.DataFrame,
    last: pd.DataFrame,
    reached: "pd.Series[int]",
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
) -> Table:
    same_generation = reached.nunique() == 1 and len(reached) == len(sweep.cells)
    any_diverged = bool(len(last) and last["diverged"].any())
    axes = varying_axes(sweep.cells)
    unmoved = {cell: len(seeds) for cell, seeds in unmoved_generations(whole).items()}
    progress = [
        "seeds",
        *([] if same_generation else ["generation"]),
        *(["diverged"] if any_diverged else []),
        *(["unmoved"] if unmoved else []),
    ]
    table = empty_table(_title(sweep, same_generation, reached), [*axes, *progress, *headings])
    seeds, diverged = last.groupby("cell").size(), last.groupby("cell")["diverged"].sum()
    for number, (cell, cell_texts) in enumerate(zip(sweep.cells, texts, strict=True)):
        table.add_row(
            *(value_text(cell.axes[axis]) for axis in axes),
            f"{seeds.get(number, 0)}/{len(sweep.seeds_of(number))}",
            *([] if same_generation else [str(reached.get(number, "none"))]),
            *([str(int(diverged.get(number, 0)) or "")] if any_diverged else []),
            *([str(unmoved.get(number, ""))] if unmoved else []),
            *(
                "control" if cell.control and heading == "excess" else text
                for heading, text in zip(headings, cell_texts, strict=True)
            ),
        )
    return table


def _title(sweep: Sweep, same_generation: bool, reached: "pd.Series[int]") -> str:
    seeds = f"mean [95 % interval] over {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else "one seed"
    at = f"generation {reached.iloc[0]} of {sweep.generations}" if same_generation else "each cell's last generation"
    return f"{sweep.name}: {at}, {seeds}"
