import pytest

from raysc.estimates.cost_features import axes_of, settings
from raysc.planning.resolved import lines


def test_numbers_have_three_knots_and_costs_between_two_have_some_of_both():
    (axis,) = axes_of([{"data.rows": rows} for rows in (1.0, 10.0, 100.0, 1000.0, 10000.0)])
    assert axis.size
    assert axis.knots == (1.0, 100.0, 10000.0)
    assert axis.features({"data.rows": 10.0}) == pytest.approx([0.5, 0.5, 0.0]), "halfway on a log scale"
    assert axis.between({"data.rows": 10.0}, 10000.0) == 3 / 4


def test_numbers_from_0_have_no_log_scale():
    (axis,) = axes_of([{"lambda": value} for value in (0.0, 1.0, 4.0)])
    assert not axis.size
    assert axis.features({"lambda": 2.5}) == [0.0, 0.5, 0.5]


def test_words_and_numbers_are_all_words():
    cells = [{"model.bandwidth": value} for value in (0.5, "scott", 2.0)]
    (axis,) = axes_of(cells)
    assert axis.knots == (0.5, 2.0, "scott")
    assert [axis.features(own) for own in cells] == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]


def test_a_cell_without_a_setting_is_as_one_in_the_middle():
    cells = [{"regime.width": 1.0}, {"regime.width": 2.0}, {"regime.width": 3.0}, {}]
    (axis,) = axes_of(cells)
    assert axis.features({}) == axis.features({"regime.width": 2.0})
    assert axis.between({}, 2.0) == 0


def test_axes_that_go_together_are_one_and_constants_none():
    cells = [{"data.count": rows, "data.rows": 2 * rows, "data": "moons"} for rows in (1.0, 2.0)]
    assert [axis.name for axis in axes_of(cells)] == ["data.count"]


def test_settings_of_a_cell_are_its_axes_and_the_sizes_of_its_data(make_sweep, gaussian_text):
    line = lines(make_sweep(gaussian_text))[1]
    assert settings(line) == {
        "data.count": 20.0,
        "data.values": 2.0,
        "sample.rows": 20.0,
        "regime": "mix",
        "lambda": 0.5,
    } | {
        name: value for name, value in line.cell.axes.items() if name not in ("regime", "lambda") and value is not None
    }
