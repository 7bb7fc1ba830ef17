import pytest

from raysc.estimates.cost_features import CostSettings, cost_settings, varying_settings
from raysc.planning.resolved import resolve
from tests.conftest import MakeSweep


def test_numbers_have_three_knots_and_are_interpolated_between_them() -> None:
    (setting,) = varying_settings([{"data.rows": rows} for rows in (1.0, 10.0, 100.0, 1000.0, 10000.0)])
    assert setting.is_size
    assert setting.knots == (1.0, 100.0, 10000.0)
    assert setting.features({"data.rows": 10.0}) == pytest.approx([0.5, 0.5, 0.0]), "halfway on a log scale"
    assert setting.distance({"data.rows": 10.0}, 10000.0) == 3 / 4


def test_numbers_from_0_have_no_log_scale() -> None:
    (setting,) = varying_settings([{"lambda": value} for value in (0.0, 1.0, 4.0)])
    assert not setting.is_size
    assert setting.features({"lambda": 2.5}) == [0.0, 0.5, 0.5]


def test_a_setting_with_strings_and_numbers_is_categorical() -> None:
    cells: list[CostSettings] = [{"model.bandwidth": value} for value in (0.5, "scott", 2.0)]
    (setting,) = varying_settings(cells)
    assert setting.knots == (0.5, 2.0, "scott")
    assert [setting.features(settings) for settings in cells] == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]


def test_a_cell_without_a_setting_counts_as_the_middle() -> None:
    cells: list[CostSettings] = [{"regime.width": 1.0}, {"regime.width": 2.0}, {"regime.width": 3.0}, {}]
    (setting,) = varying_settings(cells)
    assert setting.features({}) == setting.features({"regime.width": 2.0})
    assert setting.distance({}, 2.0) == 0


def test_of_settings_that_vary_together_the_first_remains_and_constants_do_not() -> None:
    cells: list[CostSettings] = [{"data.count": rows, "data.rows": 2 * rows, "data": "moons"} for rows in (1.0, 2.0)]
    assert [setting.name for setting in varying_settings(cells)] == ["data.count"]


def test_cost_settings_are_the_axes_and_the_sizes_of_the_data(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cell = resolve(make_sweep(gaussian_text)).cells[1]
    other_axes = {
        name: value
        for name, value in cell.settings.axes.items()
        if name not in ("regime", "lambda") and value is not None
    }
    assert cost_settings(cell) == {
        "data.count": 20.0,
        "data.values": 2.0,
        "sample.rows": 20.0,
        "regime": "mix",
        "lambda": 0.5,
        **other_axes,
    }
