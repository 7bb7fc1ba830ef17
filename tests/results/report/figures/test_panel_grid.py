import pytest
from matplotlib.lines import Line2D

from raysc.results.plots.style import style
from raysc.results.report.figures.curve_styles import CONTROL_STYLE
from raysc.results.report.figures.panel_grid import legend_entries, panel_grid
from raysc.results.report.figures.panel_layout import Panel, PanelLayout

LAYOUT = PanelLayout(tuple(Panel(f"panel {number}", {}) for number in range(5)), 3, (CONTROL_STYLE,), "")


def test_a_legend_entry_has_the_style_of_its_curve() -> None:
    ((label, handle),) = legend_entries([CONTROL_STYLE])
    assert label == "control: real rows only"
    assert isinstance(handle, Line2D)
    assert handle.get_color() == CONTROL_STYLE.colour


@pytest.mark.parametrize("share_y", [True, False])
def test_each_panel_has_a_subplot_and_the_lowest_ones_have_labels(share_y: bool) -> None:
    with style():
        figure, subplots = panel_grid(LAYOUT, legend_entries(LAYOUT.curves), share_y)
    assert [ax.get_title() for ax in subplots] == [panel.title for panel in LAYOUT.panels]
    assert [ax.get_xlabel() for ax in subplots] == ["", "", "generation", "generation", "generation"]
    subplots[0].set_ylim(3, 4)
    assert (subplots[4].get_ylim() == (3, 4)) is share_y
    assert len(figure.legends) == 1
