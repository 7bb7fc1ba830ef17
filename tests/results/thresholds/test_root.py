import math

import numpy as np
import pytest

from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.root import fit_root
from tests.results.thresholds.oracle import Oracle

SCALE = AxisScale(0.0, 2.0, logarithmic=False)


def test_without_noise_the_root_of_a_line_is_exact() -> None:
    oracle = Oracle(lambda value: 0.03 * (value - 0.7), noise=0.0)
    root = fit_root([oracle.probe(value, range(4)) for value in (0.5, 1.0)], SCALE, 0.3, 1.0)
    assert root is not None
    assert SCALE.value(root.position) == pytest.approx(0.7, abs=1e-4)
    low, high = root.interval(0.95)
    assert low == pytest.approx(high)


def test_probes_far_away_do_not_bend_the_line() -> None:
    oracle = Oracle(lambda value: math.expm1(3 * (value - 0.7)), noise=0.0)
    near, far = ([oracle.probe(value, range(4)) for value in values] for values in ((0.68, 0.72), (0.0, 2.0)))
    root, alone = fit_root([*near, *far], SCALE, 0.35, 0.2), fit_root(near, SCALE, 0.35, 0.2)
    assert root is not None
    assert alone is not None
    assert root.position == alone.position
    assert SCALE.value(root.position) == pytest.approx(0.7, abs=1e-3)


def test_a_flat_curve_has_no_root() -> None:
    oracle = Oracle(lambda value: 0.0, noise=1.0)
    assert fit_root([oracle.probe(value, range(20)) for value in (0.5, 1.0)], SCALE, 0.3, 1.0) is None


def test_more_probes_of_the_same_seeds_do_not_narrow_the_interval_like_more_seeds() -> None:
    oracle = Oracle(lambda value: value - 1, noise=0.1, shared=1.0)

    def width(values: tuple[float, ...], seeds: int) -> float:
        root = fit_root([oracle.probe(value, range(seeds)) for value in values], SCALE, 0.5, 1.0)
        assert root is not None
        low, high = root.interval(0.95)
        return high - low

    assert width((0.8, 0.9, 1.0, 1.1, 1.2), 10) == pytest.approx(width((0.8, 1.2), 10), rel=0.05)
    assert width((0.8, 1.2), 160) < 0.4 * width((0.8, 1.2), 10)


def test_intervals_hold_the_root() -> None:
    held = 0
    for repetition in range(400):
        oracle = Oracle(lambda value: value - 1, noise=0.1, repetition=repetition)
        probes = [oracle.probe(0.8, range(6)), oracle.probe(1.2, range(6)), oracle.probe(1.02, range(6, 18))]
        root = fit_root(probes, SCALE, 0.5, 1.0)
        assert root is not None
        low, high = root.interval(0.95)
        held += low <= 0.5 <= high
    assert abs(held / 400 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)
