import numpy as np
import pytest
from matplotlib.figure import Figure

from raysc.results.plots.style import log_axis, style


def labels(low, high):
    """The labels in view of a logarithmic axis over some values."""
    values = np.geomspace(low, high, 9)
    with style():
        panel = Figure().subplots()
        panel.plot(values)
        log_axis(panel, values)
        panel.figure.canvas.draw()
        bottom, top = panel.get_ylim()
        ticks = zip(panel.get_yticks(), panel.get_yticklabels(), strict=True)
        return [text.get_text() for place, text in ticks if bottom <= place <= top]


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
def test_a_logarithmic_axis_has_few_round_labels(low, high, expected):
    assert labels(low, high) == expected
