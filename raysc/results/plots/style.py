"""How every picture looks: what all have in common, and colours that colour-blind readers can tell apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
"""Okabe and Ito's palette without black, the control's, and yellow, which is faint on paper; with a wine red."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (6, 1.5)), (0, (3, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (2, 1)), (0, (8, 2, 2, 2)), (0, (1, 0.8)))
"""With the colours, so that a curve can be told by more than its colour."""
CONTROL = "black"
FLOOR = "0.45"
SEQUENCE = "viridis"
"""For an axis of numbers, such as lambda: growing in lightness, for every kind of colour vision."""
DIVERGING = "PuOr_r"
"""For a quantity with a middle: purple is better, orange is worse, white is neither."""
TICKS = 7
"""On a logarithmic axis, at most."""
STRIDES = (1, 2, 5, 10, 20, 50, 100)


@contextmanager
def style(salt: str = "raysc") -> Iterator[None]:
    """Draw and save within this: labels are shown as they are, ``$`` too, and text stays text in an SVG.

    Args:
        salt: tells the ids of one SVG from those of another on the same page.
    """
    settings: Any = {
        "text.parse_math": False,  # else a `$` in a name would be read as a formula, or as a broken one
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "grid.linewidth": 0.6,
    }
    with matplotlib.rc_context(settings):
        yield


def log_axis(panel: Axes, values: np.ndarray) -> None:
    """A logarithmic y axis with plain numbers, for finite values > 0 (any shape); call it when all is drawn."""
    panel.set_yscale("log")
    if values.size and np.ptp(np.log10(values)) >= 2:
        exponents = _exponents(*np.log10(panel.get_ylim()))
        panel.yaxis.set_major_locator(FixedLocator((10.0**exponents).tolist()))
        panel.yaxis.set_major_formatter(FixedFormatter([_power(exponent) for exponent in exponents]))
    else:
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=TICKS))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_locator(NullLocator())  # most of the time of a picture of many panels


def _exponents(low: float, high: float) -> np.ndarray:
    """Round exponents of ten: every one, or every second, fifth, tenth, ..., since float64 spans 632 of them."""
    stride = next(stride for stride in STRIDES if (high - low) / stride < TICKS)
    return np.arange(np.ceil(low / stride), np.floor(high / stride) + 1) * stride


def _power(exponent: float) -> str:
    return f"{10.0**exponent:g}" if -5 < exponent < 5 else f"1e{exponent:.0f}"


def generations_axis(panel: Axes) -> None:
    """An x axis of whole numbers."""
    panel.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
