import math

import pytest

from raysc.results.thresholds.axis_scale import AxisScale


@pytest.mark.parametrize("scale", [AxisScale(0.25, 16, True), AxisScale(0, 2, False), AxisScale(-1, 3, False)])
def test_values_and_positions_are_inverse(scale: AxisScale) -> None:
    for value in (scale.low + 1e-3, 1.0, scale.high):
        assert scale.value(scale.position(value)) == pytest.approx(value)


def test_values_to_run_are_short_and_within_the_range() -> None:
    scale = AxisScale(0.25, 16, True)
    assert scale.nearest(math.log(math.pi)) == 3.142
    assert scale.nearest(9.0) == 16
    assert scale.nearest(-9.0) == 0.25
    assert AxisScale(1, 40, True, whole=True).nearest(math.log(6.4)) == 6


def test_a_width_is_relative_on_a_logarithmic_scale() -> None:
    assert AxisScale(0.25, 16, True).distance(0.15) == pytest.approx(math.log(1.15))
    assert AxisScale(0, 2, False).distance(0.1) == pytest.approx(0.05)
