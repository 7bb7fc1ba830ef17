"""Labels: the settings of a cell as text, for titles, legends, captions and tables."""

from collections.abc import Sequence
from textwrap import fill

from raysc.planning.resolved import ResolvedCell
from raysc.results.table.number_format import number_text

MAX_LENGTH = 60
"""Characters of a label in a figure."""


def setting_texts(names: Sequence[str], values: Sequence[object], digits: int = 4) -> list[str]:
    """Return the text of each setting: ``["mix", "lambda 0.25"]``.

    Args:
        names: axes of the sweep. The regime is shown without the name of the axis.
        values: value of each axis. Axes with the value None are left out.
        digits: significant digits of floats.
    """
    texts = []
    for name, value in zip(names, values, strict=True):
        if value is not None:
            text = number_text(value, digits) if isinstance(value, float) else str(value)
            texts.append(text if name == "regime" else f"{name} {text}")
    return texts


def label(names: Sequence[str], values: Sequence[object], digits: int = 4) -> str:
    """Return the settings as one label: ``mix, lambda 0.25``. Arguments are those of ``setting_texts``."""
    return ", ".join(setting_texts(names, values, digits))


def short_label(names: Sequence[str], values: Sequence[object]) -> str:
    """Return ``label``, cut to ``MAX_LENGTH`` characters."""
    return shorten(label(names, values))


def cell_label(cell: ResolvedCell) -> str:
    """Return the label of a cell: the values of all axes of the sweep."""
    axes = cell.settings.axes
    return label(list(axes), list(axes.values()))


def shorten(text: str) -> str:
    """Cut a label to ``MAX_LENGTH`` characters, with an ellipsis at the end."""
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def wrap(text: str, width: int) -> str:
    """Break a label into lines of at most ``width`` characters, after commas; a longer setting is split."""
    bound = text.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return fill(bound, width).replace("\N{NO-BREAK SPACE}", " ")
