"""The ledger docs/fidelity.md: each setting of each sweep at paper scale stands in it, with the value of the file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / "docs" / "fidelity.md"
SECTIONS = ("data", "model", "initial", "loop", "train", "sample", "space", "seeds", "metrics")
"""The keys of a sweep file whose settings stand in the ledger."""
KNOWN_FROM = {"released code", "paper", "derived", "unknown"}
HEADER = ["setting", "paper", "known from", "ours", "equal, or why not"]


class Row(NamedTuple):
    """A row of a table; its fields are the columns."""

    setting: str
    paper: str
    known_from: str
    ours: str
    equal: str


def tables() -> dict[str, list[Row]]:
    """Return the rows of the table under each heading that names a sweep file."""
    sections = re.split(r"^## ", LEDGER.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        title: list(table_rows(text))
        for title, _, text in (section.partition("\n") for section in sections)
        if title.startswith("sweeps/")
    }


def table_rows(text: str) -> Iterator[Row]:
    """Yield the rows of the only table of a section."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert cells[0] == HEADER
    assert all(set(cell) == {"-"} for cell in cells[1])
    for row in cells[2:]:
        assert len(row) == len(HEADER), row
        yield Row(*row)


def value(cell: str) -> Any:
    """Return the value that a cell holds as YAML."""
    return YAML(typ="safe").load(cell.strip("`"))


def settings(mapping: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of the settings below a mapping; entries of ``space`` are numbered from 0."""
    if path == "space" and isinstance(mapping, list):
        mapping = dict(enumerate(mapping))
    if not isinstance(mapping, dict):
        yield path, mapping
        return
    for key, entry in mapping.items():
        yield from settings(entry, f"{path}.{key}" if path else str(key))


def file_settings(file: str) -> dict[str, Any]:
    """Return the settings of a sweep file by dotted path."""
    content = YAML(typ="safe").load((ROOT / file).read_text(encoding="utf-8"))
    return dict(settings({key: content[key] for key in SECTIONS if key in content}))


TABLES = tables()


def test_each_sweep_at_paper_scale_has_a_table() -> None:
    files = {
        file.relative_to(ROOT).as_posix()
        for paper in ("bertrand2023", "kazdan2024")
        for file in (ROOT / "sweeps" / paper).glob("*.yaml")
        if not file.stem.endswith(("_small", "_digits", "_threshold"))
    }
    assert set(TABLES) == files


@pytest.mark.parametrize("file", TABLES)
def test_the_table_has_the_settings_of_the_file_and_their_values(file: str) -> None:
    expected = file_settings(file)
    assert [row.setting for row in TABLES[file]] == list(expected), "in the order of the file"
    assert {row.setting: value(row.ours) for row in TABLES[file]} == expected


@pytest.mark.parametrize("file", TABLES)
def test_each_row_says_where_the_papers_value_is_known_from_and_why_ours_differs(file: str) -> None:
    for row in TABLES[file]:
        assert row.known_from in KNOWN_FROM, row
        assert row.equal, row
        assert (row.paper == "unknown") == (row.known_from == "unknown"), row
        assert (row.equal == "equal") == (row.paper == row.ours), row


@pytest.mark.parametrize("file", TABLES)
def test_a_row_that_points_at_another_file_has_its_value(file: str) -> None:
    for row in TABLES[file]:
        if match := re.match(r"as in (\w+\.yaml)", row.equal):
            other = f"{file.rpartition('/')[0]}/{match[1]}"
            assert row.ours in [entry.ours for entry in TABLES[other] if entry.setting == row.setting], row
