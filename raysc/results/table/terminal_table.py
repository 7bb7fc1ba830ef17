"""Rich tables that fit a terminal."""

from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from raysc.formatting import printable

WIDTH = 100
"""Width of a table, in characters, where the output is no terminal."""


def empty_table(title: str, columns: Sequence[str], left: Sequence[str] = ("regime",)) -> Table:
    """Return a table without rows. Names are shown literally, without Rich's markup and control characters.

    Args:
        title: title above the table; "" for none.
        columns: names of the columns.
        left: columns that are aligned to the left; the others are aligned to the right.
    """
    table = Table(title=Text(printable(title), no_wrap=True) if title else None, box=box.SIMPLE_HEAD, show_edge=False)
    table.title_justify, table.title_style = "left", ""
    table.padding = (0, 1, 0, 0)
    for name in columns:
        table.add_column(Text(printable(name)), justify="left" if name in left else "right", no_wrap=True)
    return table


def widest_table(
    build: Callable[[Sequence[str]], Table], columns: Sequence[str], width: int
) -> tuple[Table, Sequence[str]]:
    """Return the table with as many of the first columns as fit, and the columns that do not fit.

    The first column is always in the table.

    Args:
        build: makes the table of some columns.
        columns: names of the columns.
        width: width of the terminal, in characters.
    """
    console = Console(width=10**6, markup=False, emoji=False)
    for count in range(len(columns), 1, -1):
        table = build(columns[:count])
        if console.measure(table).maximum <= width:
            return table, columns[count:]
    return build(columns[:1]), columns[1:]
