"""Reports of small sweeps, and a parser of their pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from raysc.planning.resolved import resolve
from raysc.results.report.page import Report, report
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

CLAIMS = """\
claims:
  - says: replace loses to the control
    source: "somewhere, section 1"
    metric: frechet_distance
    of: {regime: replace}
    than: control
    relation: above
  - says: mixing does no harm
    metric: frechet_distance
    of: {regime: mix, lambda: 0.5}
    than: control
    relation: within
    by: 1.1
    expect: {fails: "three seeds are too few"}
"""


@dataclass
class Page(HTMLParser):
    """The contents of a page, as Python's HTML parser reads it.

    Attributes:
        tags: every tag with its attributes.
        text: all text except style sheets and scripts.
        tables: id of a table -> its rows of (number or None, text).
    """

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    tables: dict[str, list[list[tuple[float | None, str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._table, self._in_entry, self._in_style = "", False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "table":
            self._table = attributes["id"] or ""
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag == "td":
            self.tables[self._table][-1].append((None, ""))
        if tag == "data":
            self.tables[self._table][-1][-1] = (float(attributes["value"] or ""), "")
        self._in_entry |= tag == "td"
        self._in_style |= tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._in_entry &= tag != "td"
        self._in_style &= tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data
        if self._in_entry:
            number, text = self.tables[self._table][-1][-1]
            self.tables[self._table][-1][-1] = (number, text + data)


def parse_page(html: str) -> Page:
    """Parse the HTML of a report."""
    page = Page()
    page.feed(html)
    return page


ReadPage = Callable[[str], Page]


@pytest.fixture(scope="session")
def read_page() -> ReadPage:
    return parse_page


@pytest.fixture(scope="session")
def gaussian_report(make_sweep: MakeSweep, gaussian_text: str, gaussian_store: tuple[Sweep, Objects]) -> Report:
    """The report of the finished closed-form sweep, with two claims."""
    return report(resolve(make_sweep(gaussian_text + CLAIMS)), gaussian_store[1])


@pytest.fixture(scope="session")
def digits_report(digits_store: tuple[Sweep, Objects]) -> Report:
    """The report of the finished sweep of tiny trained models."""
    sweep, objects = digits_store
    return report(resolve(sweep), objects)
