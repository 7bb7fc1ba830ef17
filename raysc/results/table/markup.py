"""Tables for papers and issues: Markdown and LaTeX."""

from collections.abc import Sequence

SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """A pipe table; words of the columns ``left`` at the left, numbers at the right."""
    rule = [":--" if name in left else "--:" for name in columns]
    told = [[_plain(cell) for cell in row] for row in (columns, *rows)]
    lines = [told[0], rule, *told[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def latex(columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """A tabular with booktabs' rules; put it into a table of yours."""
    layout = "".join("l" if name in left else "r" for name in columns)
    lines = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in (columns, *rows)]
    body = "\n".join(lines[1:])
    return (
        "% \\usepackage{booktabs}\n"
        f"\\begin{{tabular}}{{{layout}}}\n\\toprule\n{lines[0]}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _plain(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _escaped(cell: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in cell.replace("\n", " "))
