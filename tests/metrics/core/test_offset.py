"""Metrics of rows far from the origin, and of rows that are all equal.

Subtracting the offset from these rows is exact in float64, so a metric that no shift changes has the same value of the
shifted rows.
"""

import numpy as np
import pytest

from raysc import registry
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Vectors
from raysc.metrics.core.offset import offset
from raysc.settings import Component

NAMES = ("wasserstein", "sliced_wasserstein", "mmd", "frechet_distance", "feature_variance", "precision", "recall",
         "density", "coverage", "nn_train_share")  # fmt: skip
METRICS = [registry.build("metric", Component(name=name)) for name in NAMES]


def values(generated: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    count = min(len(rows) for rows in (generated, train, test))
    metrics = [metric for metric in METRICS if metric.min_rows <= count]
    measured = measure(metrics, generated[None], RealSets("points", train[None], test))
    return {name: float(value[0]) for name, value in measured.items()}


@pytest.mark.parametrize("spread", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("shift", [1e4, 1e8, 1.7e9])
@pytest.mark.parametrize("counts", [(40, 40, 40), (2, 30, 60)])
def test_values_of_rows_far_from_the_origin_are_those_of_the_shifted_rows(
    shift: float, spread: float, counts: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(0)
    sets = [shift + spread * rng.normal(0.1 * index, 1, (count, 3)) for index, count in enumerate(counts)]
    exact = values(*(rows - shift for rows in sets))
    assert values(*sets) == pytest.approx(exact, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("row", [[0.0, 0.0], [0.1, 0.7], [1.7e9 + 0.1, -3e-5]])
def test_one_repeated_row_is_at_distance_0_from_itself(row: list[float]) -> None:
    measured = values(*(np.tile(row, (count, 1)) for count in (7, 11, 13)))
    distances = {name: value for name, value in measured.items() if name.startswith(("wass", "sliced", "mmd", "frech"))}
    assert len(distances) == 7
    assert set(distances.values()) == {0.0}
    assert measured["feature_variance"] == 0
    assert measured["precision"] == measured["recall"] == measured["coverage"] == 1
    assert measured["nn_train_share"] == 0.5


def test_ordinary_rows_have_no_offset() -> None:
    rng = np.random.default_rng(1)
    assert offset(Vectors(rng.normal(5, 1, (50, 3)))).tolist() == [0, 0, 0]
    rows = rng.normal(5000, 1, (50, 3))
    assert offset(Vectors(rows)).tolist() in rows.tolist()
