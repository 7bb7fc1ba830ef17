"""docs/claims.md: its tables list the claims of the shipped sweeps as the files have them.

``python -m tests.test_claims_page`` writes the tables anew.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "claims.md"
START = "<!-- tables -->\n"


def table(file: Path) -> str:
    """Return the table of a sweep file: a row for each claim."""
    claims: list[dict[str, Any]] = YAML(typ="safe").load(file)["claims"]
    rows = [
        f"## {file.relative_to(ROOT / 'sweeps')}\n",
        "| claim | statement of the paper | expected |",
        "|---|---|---|",
    ]
    for claim in claims:
        ((expected, reason),) = (claim.get("expect") or {"holds": ""}).items()
        text = f"{expected}: {reason}" if reason else expected
        rows.append(f"| {claim['says']} | {claim.get('source', 'ours')} | {text} |")
    return "\n".join(rows) + "\n"


def listed() -> dict[str, str]:
    """Return the tables of the page by file."""
    tables = re.split(r"^(?=## )", PAGE.read_text().partition(START)[2], flags=re.MULTILINE)[1:]
    return {text.split("\n", 1)[0].removeprefix("## "): text.rstrip("\n") + "\n" for text in tables}


def files() -> list[str]:
    """Return the shipped sweep files that have claims."""
    sweeps = ROOT / "sweeps"
    return sorted(
        str(file.relative_to(sweeps))
        for file in sweeps.rglob("*.yaml")
        if re.search(r"^claims:", file.read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("name", listed())
def test_the_page_lists_the_claims_of_a_file(name: str) -> None:
    assert listed()[name] == table(ROOT / "sweeps" / name)


def test_every_file_with_claims_is_listed() -> None:
    assert sorted(listed()) == files()


if __name__ == "__main__":
    head = PAGE.read_text().partition(START)[0]
    PAGE.write_text(head + START + "\n" + "\n".join(table(ROOT / "sweeps" / name) for name in files()))
