"""Reports of small sweeps, and what stands on their pages."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from raysc.results.report.page import report

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
    expect: {fails: "three seeds tell little"}
"""


@dataclass
class Page(HTMLParser):
    """What a page holds, told apart by the browser's rules as Python's parser knows them.

    Attributes:
        tags: every tag with its attributes.
        text: of everything but style sheets.
        tables: id -> rows of (number or None, text).
    """

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    tables: dict[str, list[list[tuple[float | None, str]]]] = field(default_factory=dict)

    def __post_init__(self):
        super().__init__()
        self._table, self._cell, self._style = "", False, False

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append((tag, known))
        if tag == "table":
            self._table = known["id"]
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag == "td":
            self.tables[self._table][-1].append((None, ""))
        if tag == "data":
            self.tables[self._table][-1][-1] = (float(known["value"]), "")
        self._cell |= tag == "td"
        self._style |= tag == "style"

    def handle_endtag(self, tag):
        self._cell &= tag != "td"
        self._style &= tag != "style"

    def handle_data(self, data):
        if not self._style:
            self.text += data
        if self._cell:
            number, text = self.tables[self._table][-1][-1]
            self.tables[self._table][-1][-1] = (number, text + data)


def page_of(html: str) -> Page:
    page = Page()
    page.feed(html)
    return page


@pytest.fixture(scope="session")
def read_page():
    return page_of


@pytest.fixture(scope="session")
def gaussian_report(make_sweep, gaussian_text, gaussian_store):
    """Of the finished closed-form sweep, with two claims."""
    return report(make_sweep(gaussian_text + CLAIMS), gaussian_store[1])


@pytest.fixture(scope="session")
def digits_report(digits_store):
    return report(*digits_store)
