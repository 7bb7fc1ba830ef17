"""Rendering of a figure: SVG for the page, PNG, and the numbers behind it as CSV."""

import io
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from pyarrow import csv

from raysc.results.table.csv_text import without_formulas

DPI = 150
"""Dots per inch of the PNG: a figure of 7 inches is 1050 pixels wide."""


@dataclass(frozen=True)
class ReportFigure:
    """One rendered figure of the report.

    Attributes:
        name: name of its files, without suffix.
        title: its title, a few words.
        caption: explanation of its elements, and what it leaves out.
        alt: description of its contents for readers who cannot see it.
        svg: an <svg> element that can be embedded into a page.
        png: the same figure as a PNG.
        numbers: the numbers of the figure, those of cells without room in it included.
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: str
    png: bytes
    numbers: pd.DataFrame

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


def render(figure: Figure, name: str, title: str, caption: str, alt: str, numbers: pd.DataFrame) -> ReportFigure:
    """Render a matplotlib figure; to be called within ``style(name)``. Arguments are those of ``ReportFigure``."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    figure.set_layout_engine("none")  # the SVG's layout holds for the PNG too
    figure.savefig(png, format="png", dpi=DPI)
    return ReportFigure(name, title, caption, alt, _embeddable(svg.getvalue(), title, alt), png.getvalue(), numbers)


def _embeddable(svg: str, title: str, alt: str) -> str:
    """Return the <svg> element only, with title and description.

    Ids without a reference are removed, since an id may occur only once in a page. The style sheet is removed too,
    since it would hold for the whole page; its line joins become attributes of the element.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    head, _, body = svg.removeprefix("<svg").partition(">")
    element = f'<svg role="img" aria-label="{escape(alt)}" stroke-linejoin="round" stroke-linecap="butt"{head}>'
    return f"{element}<title>{escape(title)}</title>{body.strip()}\n"
