"""A figure as the page and a paper want it: SVG, PNG and the numbers that it draws."""

import io
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure as Drawing
from pyarrow import csv

DPI = 150
"""Of the PNG: a figure of 7 inches is 1050 pixels wide. Print uses the SVG."""


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: of its files, without suffix.
        title: a few words.
        caption: how to read it, and what it leaves out.
        alt: what it shows, for somebody who cannot see it.
        svg: an <svg> element; safe to be put into a page.
        png: the same as pixels.
        numbers: what is drawn, and what would have been drawn if there were room.
    """

    name: str
    title: str
    caption: str
    alt: str
    svg: str
    png: bytes
    numbers: pd.DataFrame

    def write(self, folder: Path) -> None:
        """NAME.svg, NAME.png and NAME.csv."""
        (folder / f"{self.name}.svg").write_text(self.svg, encoding="utf-8")
        (folder / f"{self.name}.png").write_bytes(self.png)
        write_numbers(self.numbers, folder / f"{self.name}.csv")


def write_numbers(numbers: pd.DataFrame, file: Path) -> None:
    """A CSV file, empty where there is nothing; by Arrow, which takes a tenth of the time."""
    mixed = [name for name in numbers if numbers[name].dtype == object]  # an axis may hold numbers and words
    plain = numbers.assign(**{str(name): numbers[name].map(str, na_action="ignore") for name in mixed})
    csv.write_csv(pa.Table.from_pandas(plain, preserve_index=False), file)


def finish(drawing: Drawing, name: str, title: str, caption: str, alt: str, numbers: pd.DataFrame) -> Figure:
    """Render a drawing; call it within ``style(name)``."""
    text, pixels = io.StringIO(), io.BytesIO()
    drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawing.set_layout_engine("none")  # what was laid out for the one is so for the other
    drawing.savefig(pixels, format="png", dpi=DPI)
    return Figure(name, title, caption, alt, _embeddable(text.getvalue(), title, alt), pixels.getvalue(), numbers)


def _embeddable(svg: str, title: str, alt: str) -> str:
    """The <svg> element alone, named and described; without ids that no reference uses, which a page may hold once.

    The stylesheet that matplotlib writes would hold for the whole page; it says how lines join, which is said on the
    element instead.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    named = f'<svg role="img" aria-label="{escape(alt)}" stroke-linejoin="round" stroke-linecap="butt"'
    head, _, rest = svg.removeprefix("<svg").partition(">")
    return f"{named}{head}><title>{escape(title)}</title>{rest.strip()}\n"
