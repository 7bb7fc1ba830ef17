import numpy as np
import pytest
from matplotlib.figure import Figure

from raysc.results.plots.style import set_generation_axis, set_log_axis, style


def visible_tick_labels(low: float, high: float) -> list[str]:
    """Return the visible tick labels of a logarithmic axis over values from ``low`` to ``high``."""
    values = np.geomspace(low, high, 9)
    with style():
        figure = Figure()
        ax = figure.subplots()
        ax.plot(values)
        set_log_axis(ax, values)
        figure.draw_without_rendering()
        bottom, top = ax.get_ylim()
        ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
        return [text.get_text() for position, text in ticks if bottom <= position <= top]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.3, 7, ["0.5", "1", "2", "5"]),
        (2e-3, 30, ["0.01", "0.1", "1", "10"]),
        (1e-9, 3, ["1e-8", "1e-6", "0.0001", "0.01", "1"]),
        (1e-9, 3e7, ["1e-5", "1", "1e5"]),
        (5e-324, 1, ["1e-300", "1e-250", "1e-200", "1e-150", "1e-100", "1e-50", "1"]),
        (1e-300, 1e250, ["1e-300", "1e-200", "1e-100", "1", "1e100", "1e200"]),
    ],
    ids=["less than two decades", "each power", "every second", "every fifth", "down to the least float", "all floats"],
)
def test_a_logarithmic_axis_has_few_round_labels(low: float, high: float, expected: list[str]) -> None:
    assert visible_tick_labels(low, high) == expected


def test_generations_have_ticks_at_whole_numbers() -> None:
    ax = Figure().subplots()
    ax.plot([0, 1, 2, 3])
    set_generation_axis(ax)
    assert all(tick == round(tick) for tick in ax.get_xticks())
