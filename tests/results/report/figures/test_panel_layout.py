from raysc.results.report.figures.curve_styles import CONTROL_STYLE, CurveStyle
from raysc.results.report.figures.panel_layout import MAX_PANELS, panel_layout
from tests.conftest import MakeSweep

SEVEN_CURVES = "space=[{regime: [mix, replace, accumulate], lambda: [1, 2]}, {regime: mix, lambda: 3}]"


def lightness(curve: CurveStyle) -> int:
    """Return the sum of red, green and blue."""
    return sum(int(curve.colour[index : index + 2], 16) for index in (1, 3, 5))


def test_few_curves_share_a_panel_per_setting_with_the_control_on_top(make_sweep: MakeSweep, digits_text: str) -> None:
    layout = panel_layout(make_sweep(digits_text).cells)
    assert [panel.title for panel in layout.panels] == ["initial.steps 2", "initial.steps 4"]
    assert [curve.label for curve in layout.curves] == ["mix, lambda 1", "replace, lambda 1", CONTROL_STYLE.label]
    assert [list(panel.cells.values())[-1] for panel in layout.panels] == [CONTROL_STYLE, CONTROL_STYLE]
    assert layout.left_out == ""


def test_curves_of_one_panel_differ_in_colour_dashes_and_marker(make_sweep: MakeSweep, gaussian_text: str) -> None:
    layout = panel_layout(make_sweep(gaussian_text, SEVEN_CURVES).cells)
    assert len({curve.colour for curve in layout.curves}) == 8
    assert len({(curve.dashes, curve.marker) for curve in layout.curves}) == 8


def test_with_many_lambdas_each_regime_has_its_panels_and_each_lambda_a_shade(
    make_sweep: MakeSweep, gaussian_text: str
) -> None:
    space = "space={regime: [mix, replace], lambda: [0.1, 0.2, 0.3, 0.4, 0.5], data.dim: [1, 2]}"
    layout = panel_layout(make_sweep(gaussian_text, space).cells)
    assert [panel.title for panel in layout.panels] == [
        "mix\ndata.dim 1", "replace\ndata.dim 1", "mix\ndata.dim 2", "replace\ndata.dim 2",
    ]  # fmt: skip
    assert layout.columns == 2
    assert all(len(panel.cells) == 6 for panel in layout.panels), "five lambdas and the control"
    assert [curve.label for curve in layout.curves[:2]] == ["lambda 0.1", "lambda 0.2"]
    shades = [lightness(curve) for curve in layout.curves[:5]]
    assert shades == sorted(shades)


def test_shades_follow_the_numbers_not_their_order(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cells = make_sweep(gaussian_text, "space={regime: mix, lambda: [3, 1, 2], data.dim: [1, 2]}").cells
    shades = [lightness(curve) for curve in panel_layout(cells).curves[:3]]
    assert shades[1] < shades[2] < shades[0]


def test_given_axes_distinguish_curves_instead(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cells = make_sweep(gaussian_text, "space={regime: mix, lambda: [3, 1, 2], data.dim: [1, 2]}").cells
    layout = panel_layout(cells, by=["data.dim"])
    assert [panel.title for panel in layout.panels] == ["mix, lambda 3", "mix, lambda 1", "mix, lambda 2"]
    assert [curve.label for curve in layout.curves] == ["data.dim 1", "data.dim 2", CONTROL_STYLE.label]


def test_too_many_settings_become_a_smaller_grid_and_the_caption_says_so(
    make_sweep: MakeSweep, gaussian_text: str
) -> None:
    space = "space={regime: replace, data.dim: [1, 2, 3, 4, 5, 6, 7], data.rows: [5, 6, 7, 8, 9, 10, 11]}"
    cells = make_sweep(gaussian_text, space).cells
    layout = panel_layout(cells)
    assert len(layout.panels) <= MAX_PANELS
    assert layout.panels[0].title == "data.dim 1, data.rows 5"
    assert layout.panels[-1].title == "data.dim 7, data.rows 11"
    assert len(layout.panels) == layout.columns * layout.rows
    shown = len({number for panel in layout.panels for number in panel.cells})
    assert layout.left_out.startswith(f"The figure shows {shown} of {len(cells)} cells")
