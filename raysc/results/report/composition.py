"""What generations were trained on, and where the time went."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from raysc.formatting import clock
from raysc.planning.resolved import Line
from raysc.results.plots.style import COLOURS, style
from raysc.results.plots.subset import spread
from raysc.results.report.facts import named
from raysc.results.report.figure import Figure, finish
from raysc.results.report.layout import Curve, Layout, Panel, brief, label, wrapped
from raysc.results.report.multiples import small_multiples
from raysc.results.table.table import PHASES

MOST_PANELS = 12
MOST_BARS = 25
WRAPPED = 32
"""Characters of a line beside the bars: half of a narrow screen."""
REAL, SYNTHETIC = COLOURS[0], COLOURS[4]
HATCHES = ("", "//", "..", "xx", "")


def composition(table: pd.DataFrame, lines: Sequence[Line]) -> Figure:
    """Realised rows of the training sets by generation, real and synthetic; cells with equal counts share a panel."""
    kept = table[~table["diverged"].astype(bool)]
    means = kept.groupby(["cell", "generation"])[["rows_real", "rows_synthetic"]].mean().reset_index()
    means["share"] = means["rows_synthetic"] / (means["rows_real"] + means["rows_synthetic"])
    alike: dict[tuple[float, ...], list[int]] = {}
    for cell, rows in means.groupby("cell"):
        numbers = rows.sort_values("generation")[["generation", "rows_real", "rows_synthetic"]].to_numpy().ravel()
        alike.setdefault(tuple(numbers.tolist()), []).append(int(str(cell)))
    groups = list(alike.values())
    drawn = spread(groups, MOST_PANELS)
    nothing: dict[int, Curve] = {}
    panels = tuple(Panel(_shared(group, lines), nothing) for group in drawn) or (Panel("", nothing),)
    handles: list[tuple[str, Artist]] = [
        ("real rows", Patch(fc=REAL)),
        ("synthetic rows", Patch(fc=SYNTHETIC, hatch="//", ec="white")),
    ]
    with style("rows"):
        drawing, axes = small_multiples(Layout(panels, min(3, len(panels)), (), ""), handles, equal=False)
        for panel, group in zip(axes, drawn, strict=False):
            own = means[means["cell"] == group[0]].sort_values("generation")
            generations, real = own["generation"], own["rows_real"]
            panel.fill_between(generations, real, step="mid", color=REAL, lw=0)
            panel.fill_between(
                generations, real, real + own["rows_synthetic"], step="mid",
                fc=SYNTHETIC, hatch="//", ec="white", lw=0,
            )  # fmt: skip
            panel.set_ylim(bottom=0)
        drawing.supylabel("rows of the training set", fontsize=9, x=0.06 / drawing.get_figwidth())
        left = f" Drawn are {len(drawn)} of {len(groups)} different courses." if len(drawn) < len(groups) else ""
        axes_of = pd.DataFrame([{"cell": line.number, **line.cell.axes} for line in lines])
        return finish(
            drawing, "rows", "Rows of the training sets",
            "Rows that each generation really trained on, mean over seeds that did not diverge; cells with equal "
            f"counts share a panel.{left}",
            f"Stacked bars of real and synthetic rows by generation in {len(panels)} panels.",
            axes_of.merge(means, on="cell"),
        )  # fmt: skip


def _shared(group: Sequence[int], lines: Sequence[Line]) -> str:
    """What the cells of a panel have in common, apart from what all have: regime, lambda and number of rows."""
    axes = [lines[cell].cell.axes for cell in group]
    common = [name for name in axes[0] if all(repr(other[name]) == repr(axes[0][name]) for other in axes)]
    text = brief(label(common, [axes[0][name] for name in common]))
    more = f"{len(group)} cells" if len(group) > 1 else ""
    return "\n".join(part for part in (text, more) if part)


def phases(table: pd.DataFrame, lines: Sequence[Line]) -> Figure | None:
    """Time by phase: a bar per cell, those that took longest; None if no time was recorded."""
    names = [phase for phase in (*PHASES[1:], PHASES[0]) if f"seconds_{phase}" in table]  # work first, then waiting
    # A generation 0 that several cells share took its time once.
    own = table.drop_duplicates(["lineage", "seed", "generation"])
    spent = own.groupby("cell")[[f"seconds_{name}" for name in names]].sum()
    total = spent.sum(axis=1).sort_values(ascending=False)
    if not names or not total.sum() > 0:
        return None
    shown = list(total.index[:MOST_BARS])
    texts = [wrapped(brief(named(lines[cell])), WRAPPED) for cell in shown]
    longest = total.iloc[0]
    unit, size = ("hours", 3600.0) if longest > 7200 else ("minutes", 60.0) if longest > 120 else ("seconds", 1.0)
    with style("time"):
        lines_of_text = sum(text.count("\n") + 1 for text in texts)
        drawing = Drawing(figsize=(6.2, 1.3 + 0.12 * len(shown) + 0.13 * lines_of_text), layout="constrained")
        axes = drawing.subplots()
        left, places = np.zeros(len(shown)), np.arange(len(shown))
        for place, name in enumerate(names):
            width = spent.loc[shown, f"seconds_{name}"].to_numpy(float) / size
            colour, text = ("0.8", "wait for resources") if name == "wait" else (COLOURS[place], name)
            axes.barh(
                places, width, left=left, color=colour, hatch=HATCHES[place], edgecolor="white", lw=0.3, label=text,
            )  # fmt: skip
            left += width
        axes.set_yticks(places, texts)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{unit}, summed over generations and seeds")
        drawing.legend(ncols=3, loc="outside upper left", frameon=False)
        told = [f"{name} {_duration(spent[f'seconds_{name}'].sum())}" for name in names]
        more = f" The {len(shown)} cells of {len(total)} that took longest." if len(shown) < len(total) else ""
        return finish(
            drawing, "time", "Time by phase",
            f"Time of seeds' shares of their units: in all {', '.join(told)}. Generations 0 that cells share count "
            f"for the first of them.{more}",
            f"Stacked bars of the time by phase of {len(shown)} cells; in all {', '.join(told)}.",
            spent.reset_index(),
        )  # fmt: skip


def _duration(seconds: float) -> str:
    """As ``clock`` says it; below a minute to three digits."""
    return f"{seconds:.3g} s" if seconds < 60 else clock(seconds)
