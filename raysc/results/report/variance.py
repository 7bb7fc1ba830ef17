"""The report's table of the components of variance, for sweeps with seeds by purpose."""

import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedSweep
from raysc.results.report.tables import Table, interval_entry, number_entry, text_entry
from raysc.results.statistics.averages import Mean
from raysc.results.table.table import varying_axes
from raysc.results.table.variance import variance_frame
from raysc.seeds import varied_purposes


def variance_components_frame(resolved: ResolvedSweep, table: pd.DataFrame, column: Column) -> pd.DataFrame | None:
    """Return the components of a metric at all generations; None for plain seeds, and without results."""
    if table.empty or not varied_purposes(resolved.sweep.seeds):
        return None
    return variance_frame(resolved, table, column)


def variance_table(resolved: ResolvedSweep, components: pd.DataFrame) -> Table:
    """Return one row per cell and component at the last generation of each cell."""
    axes = varying_axes(resolved.sweep.cells)
    last = components[components["generation"] == components.groupby("cell")["generation"].transform("max")]
    rows = [
        [
            *(text_entry(resolved.sweep.cells[row["cell"]].axes[axis]) for axis in axes),
            number_entry(row["generation"]),
            text_entry(row["component"]),
            interval_entry(Mean(row["variance"], row["low"], row["high"], row["levels"]), row["levels"]),
            number_entry(row["share"], f"{100 * row['share']:.1f} %"),
        ]
        for row in last.to_dict("records")
    ]
    return Table([*axes, "generation", "component", "variance", "share"], rows, frozenset([*axes, "component"]))
