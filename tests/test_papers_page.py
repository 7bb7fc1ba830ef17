"""docs/papers.md: its table lists the papers of self-consuming loops with what the code has of each.

``python -m tests.test_papers_page`` writes the table anew; the last column, what was found here, is kept.
"""

from pathlib import Path

from raysc.cli.shipped import shipped
from raysc.reference.papers import Citing, papers

PAGE = Path(__file__).parent.parent / "docs" / "papers.md"
START = "<!-- table -->\n"
FIRST_YEAR = 2023
"""Year of the first papers on self-consuming loops; older ones brought metrics and models."""
RULES = ("regime", "curation", "model", "data", "metric")


def rows() -> dict[str, list[str]]:
    """Map each paper on loops to its rules and its sweep files, as texts."""
    return {
        paper: [_rules(citing), _files(citing.get("sweep", []))]
        for paper, citing in papers(shipped()).items()
        if int(paper[-4:]) >= FIRST_YEAR and {"regime", "curation", "sweep"} & set(citing)
    }


def _rules(citing: Citing) -> str:
    texts = [f"{kind} {', '.join(citing[kind])}" for kind in RULES if kind in citing]
    return "; ".join(texts) or "settings of the file"


def _files(names: list[str]) -> str:
    """Return the files; a folder stands for all of its files."""
    folders = {name.partition("/")[0] for name in names if "/" in name}
    whole = {folder for folder in folders if {name for name in shipped() if name.startswith(f"{folder}/")} <= {*names}}
    listed = [f"{folder}/*" for folder in sorted(whole)]
    listed += [name for name in names if name.partition("/")[0] not in whole]
    return ", ".join(listed) or "none yet"


def listed() -> dict[str, list[str]]:
    """Return the cells of each row of the page, by paper."""
    lines = PAGE.read_text(encoding="utf-8").partition(START)[2].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {paper: rest for paper, *rest in cells}


def test_the_page_has_every_paper_with_its_rules_and_files() -> None:
    assert {paper: cells[:2] for paper, cells in listed().items()} == rows(), "python -m tests.test_papers_page"


def test_every_paper_with_a_sweep_file_has_a_finding() -> None:
    assert [paper for paper, (_, files, found) in listed().items() if files != "none yet" and not found] == []


if __name__ == "__main__":
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(START)
    findings = {paper: cells[2] for paper, cells in listed().items()}
    table = ["| paper | rule | sweep files | what was found here |", "|---|---|---|---|"]
    table += [f"| {paper} | {' | '.join(cells)} | {findings.get(paper, '')} |" for paper, cells in rows().items()]
    PAGE.write_text(head + START + "\n".join(table) + "\n", encoding="utf-8")
