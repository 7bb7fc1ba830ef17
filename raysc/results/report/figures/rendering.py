"""Rendering of a figure: SVG for the page, PNG, and the numbers behind it as CSV."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pyarrow import csv

from raysc.results.table.csv_text import without_formulas

DPI = 150
"""Dots per inch of the PNG: a figure of 7 inches is 1050 pixels wide."""
POINTS_PER_INCH = 72
"""Unit of an SVG's coordinates."""


@dataclass(frozen=True)
class DataPoint:
    """A point of a figure whose value the page shows under the pointer.

    Attributes:
        ax: its subplot.
        x: in the subplot's data coordinates.
        y: likewise.
        text: its value.
        curve: index of its curve in the legend; None if the point belongs to no curve.
    """

    ax: Axes
    x: float
    y: float
    text: str
    curve: int | None = None


@dataclass(frozen=True)
class FigureView:
    """A figure on one scale.

    Attributes:
        scale: "log" or "linear", the scale of the y axis; "" for a figure with one view.
        svg: an <svg> element that can be embedded into a page. Its background is transparent.
        points: x and y in the SVG's coordinates, text and index of the curve of each ``DataPoint``.
    """

    scale: str
    svg: str
    points: Sequence[tuple[float, float, str, int | None]]


@dataclass(frozen=True)
class ReportFigure:
    """One rendered figure of the report.

    Attributes:
        name: name of its files, without suffix.
        title: its title, a few words.
        caption: explanation of its elements, and what it leaves out.
        alt: description of its contents for readers who cannot see it.
        views: the figure, and the same on another scale if there is one.
        png: the same figure as a PNG.
        numbers: the numbers of the figure, those of cells without room in it included.
    """

    name: str
    title: str
    caption: str
    alt: str
    views: tuple[FigureView, ...]
    png: bytes
    numbers: pd.DataFrame

    @property
    def svg(self) -> str:
        """The <svg> element of the first view."""
        return self.views[0].svg

    def write(self, folder: Path) -> None:
        """Write NAME.svg, NAME.png and NAME.csv."""
        (folder / f"{self.name}.svg").write_text(self.svg, encoding="utf-8")
        (folder / f"{self.name}.png").write_bytes(self.png)
        write_numbers(self.numbers, folder / f"{self.name}.csv")


def write_numbers(numbers: pd.DataFrame, file: Path) -> None:
    """Write a CSV file, with empty fields for missing values; Arrow takes a tenth of pandas' time."""
    mixed = [name for name in numbers if numbers[name].dtype == object]  # an axis may hold numbers and words
    plain = numbers.assign(**{str(name): numbers[name].map(str, na_action="ignore") for name in mixed})
    csv.write_csv(pa.Table.from_pandas(without_formulas(plain), preserve_index=False), file)


def render(
    figure: Figure,
    name: str,
    title: str,
    caption: str,
    alt: str,
    numbers: pd.DataFrame,
    points: Sequence[DataPoint] = (),
) -> ReportFigure:
    """Render a matplotlib figure; to be called within ``style(name)``.

    Arguments are those of ``ReportFigure``, and ``points`` of ``view``.
    """
    if (engine := figure.get_layout_engine()) is not None:  # else each file would draw the figure twice for it
        engine.execute(figure)
        figure.set_layout_engine("none")
    png = io.BytesIO()
    views = (view(figure, title, alt, points),)
    figure.savefig(png, format="png", dpi=DPI)
    return ReportFigure(name, title, caption, alt, views, png.getvalue(), numbers)


def view(figure: Figure, title: str, alt: str, points: Sequence[DataPoint] = (), scale: str = "") -> FigureView:
    """Render a matplotlib figure as SVG; arguments are those of ``ReportFigure`` and ``FigureView``.

    Args:
        figure: the figure. Groups of curves have ids from ``curve_id``, entries of the legend from ``legend_id``.
        title: of the figure.
        alt: description of its contents.
        points: points whose values the page shows.
        scale: of the y axis.
    """
    svg = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with rc_context({"svg.hashsalt": f"{rcParams['svg.hashsalt']}{scale}"}):  # ids of two views differ
        figure.savefig(svg, format="svg", metadata=metadata, facecolor="none")
    return FigureView(scale, _embeddable(svg.getvalue(), title, alt), _svg_points(figure, points))


def curve_id(curve: int, name: object) -> str:
    """Return the id of an artist of a curve; ``name`` distinguishes it from others. See ``FigureView.points``."""
    return f"curve-{curve}-{name}"


def legend_id(curve: int, name: object) -> str:
    """Return the id of an artist of a curve's entry in the legend."""
    return f"legend-{curve}-{name}"


def _svg_points(figure: Figure, points: Sequence[DataPoint]) -> list[tuple[float, float, str, int | None]]:
    """Return points in the coordinates of the SVG, whose origin is at the upper left."""
    unit, height = POINTS_PER_INCH / figure.dpi, figure.get_figheight() * POINTS_PER_INCH
    placed = []
    for point in points:
        x, y = point.ax.transData.transform((point.x, point.y))
        placed.append((round(float(x) * unit, 1), round(height - float(y) * unit, 1), point.text, point.curve))
    return placed


def _embeddable(svg: str, title: str, alt: str) -> str:
    """Return the <svg> element only, with title and description.

    Ids of curves and legend entries become data attributes, and others without a reference are removed, since an id may
    occur only once in a page. The style sheet is removed too, since it would hold for the whole page; its line joins
    become attributes of the element.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="(curve|legend)-(\d+)-[^"]*"', r'<g data-\1="\2"', svg)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r'(<image\b[^>]*?) id="[^"]*"', r"\1", svg)  # images of the same pixels have the same id
    head, _, body = svg.removeprefix("<svg").partition(">")
    element = f'<svg role="img" aria-label="{escape(alt)}" stroke-linejoin="round" stroke-linecap="butt"{head}>'
    return f"{element}<title>{escape(title)}</title>{body.strip()}\n"
