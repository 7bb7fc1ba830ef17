import numpy as np
import pytest

from raysc.results.statistics.quantiles import quantiles

INF = np.inf


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, INF], [1.0, 2.0, INF]),
        ([INF, INF, INF], [INF, INF, INF]),
        ([-INF, 1.0, 2.0, INF], [-INF, 1.5, INF]),
        ([-INF, INF], [-INF, np.nan, INF]),
        ([1.0, INF], [1.0, INF, INF]),
        ([np.nan, INF], [INF, INF, INF]),
        ([np.nan], [np.nan, np.nan, np.nan]),
    ],
)
def test_infinite_values_count_by_their_order(values: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(quantiles(np.array(values), (0, 0.5, 1)), expected)


def test_quantiles_of_finite_values_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=31)
    np.testing.assert_array_equal(quantiles(values, (0.05, 0.5, 0.95)), np.quantile(values, (0.05, 0.5, 0.95)))
