"""Tables in Markdown and LaTeX."""

from collections.abc import Sequence

LATEX_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """Return a pipe table; the columns ``left`` are aligned to the left, the others to the right."""
    rule = [":--" if name in left else "--:" for name in columns]
    heading, *body = [[_markdown_cell(cell) for cell in row] for row in (columns, *rows)]
    lines = [heading, rule, *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def latex(columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """Return a tabular with booktabs' rules; the columns ``left`` are aligned to the left, the others to the right."""
    layout = "".join("l" if name in left else "r" for name in columns)
    lines = [" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in (columns, *rows)]
    body = "\n".join(lines[1:])
    return (
        "% \\usepackage{booktabs}\n"
        f"\\begin{{tabular}}{{{layout}}}\n\\toprule\n{lines[0]}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _markdown_cell(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _latex_cell(cell: str) -> str:
    return "".join(LATEX_ESCAPES.get(character, character) for character in cell.replace("\n", " "))
