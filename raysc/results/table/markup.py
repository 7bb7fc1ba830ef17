"""Tables in Markdown and LaTeX."""

import re
from collections.abc import Collection, Sequence

LATEX_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", "∞": r"$\infty$",
}  # fmt: skip


MINUS = re.compile(r"(?<![\w.])-(?=\d)")
"""A hyphen that stands for the minus sign of a number."""
Position = tuple[int, int]
"""Row and column of a cell, from 0."""


def markdown(
    columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str], bold: Collection[Position] = ()
) -> str:
    """Return a pipe table.

    Args:
        columns: headings; a backslash begins a formula.
        rows: texts, one for each heading.
        left: headings of the columns that are aligned to the left; the others are aligned to the right.
        bold: cells in bold.
    """
    rule = [":--" if name in left else "--:" for name in columns]
    cells = [
        [f"**{_markdown_cell(cell)}**" if (i, j) in bold else _markdown_cell(cell) for j, cell in enumerate(row)]
        for i, row in enumerate(rows)
    ]
    headings = [name.replace("|", "\\|").replace("<", "&lt;") for name in columns]
    lines = [headings, rule, *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def latex(
    columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str], bold: Collection[Position] = ()
) -> str:
    """Return a tabular with booktabs' rules; arguments are those of ``markdown``, with headings in LaTeX."""
    layout = "".join("l" if name in left else "r" for name in columns)
    cells = [
        [rf"\textbf{{{latex_text(cell)}}}" if (i, j) in bold else latex_text(cell) for j, cell in enumerate(row)]
        for i, row in enumerate(rows)
    ]
    heading, *lines = [" & ".join(line) + r" \\" for line in (columns, *cells)]
    # After the end of a row, a bracket would be an argument.
    body = "\n".join(f"{{}}{line}" if line.startswith("[") else line for line in lines)
    return (
        "% \\usepackage{booktabs}\n"
        "% A table that is too wide: choose fewer columns, or wrap it in \\resizebox{\\linewidth}{!}{...} of graphicx\n"
        f"\\begin{{tabular}}{{{layout}}}\n\\toprule\n{heading}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _markdown_cell(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def latex_text(text: str) -> str:
    """Return text with LaTeX's special characters escaped, on one line."""
    escaped = "".join(LATEX_ESCAPES.get(character, character) for character in text.replace("\n", " "))
    return MINUS.sub("$-$", escaped)
