"""Style of figures for papers: raysc's style where the user has set none, and fonts that are embedded."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib import font_manager

from raysc.errors import InputError
from raysc.results.plots.style import COLOURS, STYLE
from raysc.sweepfile.messages import did_you_mean

FAMILIES = ("serif", "sans-serif", "monospace", "cursive", "fantasy")
"""Generic families of fonts."""
LINE_WIDTH = 1.3
"""Width of a curve in points, unless the user has set one."""
TRUETYPE = 42
"""Font type of PDF and PostScript that journals accept; the default of matplotlib, 3, is refused by many."""


@contextmanager
def paper_style(font: str | None, usetex: bool) -> Iterator[None]:
    """Set the style for a block that draws and saves a figure; settings that the user has changed stay.

    Args:
        font: a generic family or the name of a font; None: the user's.
        usetex: LaTeX sets the text.

    Raises:
        InputError: there is no such font, or no LaTeX.
    """
    settings: dict[Any, Any] = {name: value for name, value in STYLE.items() if not _is_set(name)}
    settings |= {"pdf.fonttype": TRUETYPE, "ps.fonttype": TRUETYPE, "text.parse_math": True, "svg.hashsalt": "raysc"}
    if font is not None:
        _check_font(font)
        settings["font.family"] = [font]
        if font == "serif" and not _is_set("mathtext.fontset"):
            settings["mathtext.fontset"] = "dejavuserif"
    if usetex:
        if missing := [program for program in ("latex", "dvipng") if shutil.which(program) is None]:
            raise InputError(
                f"usetex: {' and '.join(missing)} is not installed; without usetex matplotlib sets the text"
            )
        settings["text.usetex"] = True
    with matplotlib.rc_context(settings):
        yield


def curve_colours() -> Sequence[str]:
    """Return the colours of curves: the user's property cycle if it is set, else raysc's palette."""
    if not _is_set("axes.prop_cycle"):
        return COLOURS
    colours: list[str] = matplotlib.rcParams["axes.prop_cycle"].by_key().get("color", [])
    return colours or COLOURS


def line_width() -> float:
    """Return the width of curves in points."""
    return float(matplotlib.rcParams["lines.linewidth"]) if _is_set("lines.linewidth") else LINE_WIDTH


def _is_set(name: str) -> bool:
    """Return True if a setting is not matplotlib's default: a style file or the user's code has set it."""
    current: Any = matplotlib.rcParams
    default: Any = matplotlib.rcParamsDefault
    return bool(current[name] != default[name])


def _check_font(font: str) -> None:
    names = {entry.name for entry in font_manager.fontManager.ttflist} | set(FAMILIES)
    if font not in names:
        raise InputError(f"font {font}: not installed{did_you_mean(font, sorted(names))}")
