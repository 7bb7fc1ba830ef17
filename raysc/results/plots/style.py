"""Style of all figures: matplotlib settings, a palette for readers with colour vision deficiency, and axes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
"""The palette of Okabe and Ito and a wine red, without yellow, which is faint on paper, and black, the control's."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (6, 1.5)), (0, (3, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (2, 1)), (0, (8, 2, 2, 2)), (0, (1, 0.8)))
"""Line styles; with the markers they distinguish curves without colour."""
CONTROL = "black"
"""Colour of the control."""
FLOOR = "0.45"
"""Colour of the floor of a metric."""
SEQUENTIAL = "viridis"
"""Colour map for ordered numbers such as lambda: lightness increases, also for colour vision deficiency."""
DIVERGING = "PuOr_r"
"""Colour map for a quantity with a neutral value: purple is better, white is neutral, orange is worse."""
MAX_TICKS = 7
"""Maximal number of ticks on a logarithmic axis."""
STRIDES = (1, 2, 5, 10, 20, 50, 100)
"""Distances between ticks on a logarithmic axis, in decades."""


STYLE: dict[Any, Any] = {
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
    "image.composite_image": False,  # each image in an SVG has its pixels
}
"""Settings of matplotlib for all figures."""


@contextmanager
def style(salt: str = "raysc") -> Iterator[None]:
    """Set matplotlib's style for a block that draws and saves a figure.

    Labels are shown literally, ``$`` included. Text in an SVG remains text.

    Args:
        salt: salt of the ids in an SVG. Figures on one page need different salts.
    """
    # Else matplotlib parses a `$` in a name as a formula, and may fail.
    literal: dict[Any, Any] = {"text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": salt}
    transparent: dict[Any, Any] = {"axes.facecolor": "none"}  # the background is that of the page, light or dark
    with matplotlib.rc_context({**STYLE, **literal, **transparent}):
        yield


def set_log_axis(ax: Axes, values: np.ndarray) -> None:
    """Make the y axis logarithmic, with tick labels in plain numbers. Call it after everything is drawn.

    Args:
        ax: the subplot.
        values: finite values > 0 on the axis, any shape.
    """
    ax.set_yscale("log")
    if values.size and np.ptp(np.log10(values)) >= 2:
        exponents = _exponents(*np.log10(ax.get_ylim()))
        ax.yaxis.set_major_locator(FixedLocator((10.0**exponents).tolist()))
        ax.yaxis.set_major_formatter(FixedFormatter([_power_text(exponent) for exponent in exponents]))
    else:
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=MAX_TICKS))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())  # minor ticks take most of the time of a figure with many panels


def _exponents(low: float, high: float) -> np.ndarray:
    """Return round exponents of ten between two: every one, or every second, fifth, ...; float64 spans 632 decades."""
    stride = next(stride for stride in STRIDES if (high - low) / stride < MAX_TICKS)
    return np.arange(np.ceil(low / stride), np.floor(high / stride) + 1) * stride


def _power_text(exponent: float) -> str:
    """Return ten to an exponent: ``0.01``, ``1e-8``."""
    return f"{10.0**exponent:g}" if -5 < exponent < 5 else f"1e{exponent:.0f}"


def set_generation_axis(ax: Axes) -> None:
    """Give the x axis at most five ticks, at whole numbers."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
