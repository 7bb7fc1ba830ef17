import pytest

from raysc.results.report.layout import MOST_PANELS, REAL, few_of, label, layout, wrapped

SEVEN = "space=[{regime: [mix, replace, accumulate], lambda: [1, 2]}, {regime: mix, lambda: 3}]"


def cells(make_sweep, text, *overrides):
    return make_sweep(text, *overrides).cells


def test_few_curves_share_a_panel_for_each_setting_with_the_control_on_top(make_sweep, digits_text):
    plan = layout(cells(make_sweep, digits_text))
    assert [panel.title for panel in plan.panels] == ["initial.steps 2", "initial.steps 4"]
    assert [curve.label for curve in plan.curves] == ["mix, lambda 1", "replace, lambda 1", REAL.label]
    assert [list(panel.cells.values())[-1] for panel in plan.panels] == [REAL, REAL]
    assert plan.left_out == ""


def test_curves_of_one_panel_differ_in_colour_dashes_and_marker(make_sweep, gaussian_text):
    plan = layout(cells(make_sweep, gaussian_text, SEVEN))
    for look in ("colour", "dashes", "marker"):
        assert len({getattr(curve, look) for curve in plan.curves}) == 8


def test_many_lambdas_get_a_growing_shade_and_each_regime_its_own_panels(make_sweep, gaussian_text):
    space = "space={regime: [mix, replace], lambda: [0.1, 0.2, 0.3, 0.4, 0.5], data.dim: [1, 2]}"
    plan = layout(cells(make_sweep, gaussian_text, space))
    assert [panel.title for panel in plan.panels] == [
        "mix\ndata.dim 1", "replace\ndata.dim 1", "mix\ndata.dim 2", "replace\ndata.dim 2",
    ]  # fmt: skip
    assert plan.across == 2
    assert all(len(panel.cells) == 6 for panel in plan.panels), "five lambdas and the control"
    assert [curve.label for curve in plan.curves[:2]] == ["lambda 0.1", "lambda 0.2"]
    light = [sum(int(curve.colour[place : place + 2], 16) for place in (1, 3, 5)) for curve in plan.curves[:5]]
    assert light == sorted(light)


def test_numbers_of_one_regime_get_growing_shades_too_and_other_axes_may_tell_curves_apart(make_sweep, gaussian_text):
    sweep = cells(make_sweep, gaussian_text, "space={regime: mix, lambda: [3, 1, 2], data.dim: [1, 2]}")
    light = [sum(int(curve.colour[place : place + 2], 16) for place in (1, 3, 5)) for curve in layout(sweep).curves[:3]]
    assert light[1] < light[2] < light[0], "by number, not by place"
    plan = layout(sweep, by=["data.dim"])
    assert [panel.title for panel in plan.panels] == ["mix, lambda 3", "mix, lambda 1", "mix, lambda 2"]
    assert [curve.label for curve in plan.curves] == ["data.dim 1", "data.dim 2", REAL.label]


def test_too_many_settings_become_a_smaller_grid_and_the_rest_is_told(make_sweep, gaussian_text):
    space = "space={regime: replace, data.dim: [1, 2, 3, 4, 5, 6, 7], data.rows: [5, 6, 7, 8, 9, 10, 11]}"
    sweep = cells(make_sweep, gaussian_text, space)
    plan = layout(sweep)
    assert len(plan.panels) <= MOST_PANELS
    assert plan.panels[0].title == "data.dim 1, data.rows 5"
    assert plan.panels[-1].title == "data.dim 7, data.rows 11"
    assert len(plan.panels) == plan.across * plan.down
    shown = len({number for panel in plan.panels for number in panel.cells})
    assert plan.left_out.startswith(f"Drawn are {shown} of {len(sweep)} cells")


def test_settings_that_are_no_whole_grid_are_spread():
    assert few_of([(1, 1), (1, 2), (2, 3)], 2) == [(1, 1), (2, 3)]


@pytest.mark.parametrize(
    ("values", "expected"), [(("mix", 0.25), "mix, lambda 0.25"), (("real_only", None), "real_only")]
)
def test_a_label_leaves_out_what_a_cell_does_not_have(values, expected):
    assert label(["regime", "lambda"], values) == expected


def test_a_label_is_broken_between_settings():
    assert wrapped("mix, lambda 0.5, data.rows 100", 16) == "mix, lambda 0.5,\ndata.rows 100"
    assert wrapped("accumulate, data.rows 100", 22) == "accumulate,\ndata.rows 100"
