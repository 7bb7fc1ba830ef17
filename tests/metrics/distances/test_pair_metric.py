import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.distances.kid import Kid
from raysc.metrics.distances.mmd import Mmd
from raysc.metrics.distances.pair_metric import PairMetric
from raysc.metrics.distances.sliced_wasserstein import SlicedWasserstein


@pytest.mark.parametrize(
    ("metric", "name", "scale", "min_rows"),
    [
        (FrechetDistance, "frechet_distance", "log", 2),
        (Kid, "kid", "linear", 2),
        (Mmd, "mmd", "linear", 2),
        (SlicedWasserstein, "sliced_wasserstein", "log", 1),
    ],
)
def test_columns_compare_with_held_out_and_with_training_rows(
    metric: type[PairMetric], name: str, scale: str, min_rows: int
) -> None:
    test, train = metric(features="pixels").columns
    assert (test.name, train.name) == (f"{name}[pixels]", f"{name}[pixels]_train")
    assert (test.reference, train.reference) == ("test", "train")
    assert {test.better, train.better} == {"lower"}
    assert {test.scale, train.scale} == {scale}
    assert metric.min_rows == min_rows
    assert metric().columns[0].name == name


def test_the_training_column_compares_each_seed_with_its_training_rows(generated: np.ndarray, real: RealSets) -> None:
    near = RealSets("points", np.concatenate([generated, generated], axis=1), real.test)
    for metric in (FrechetDistance(), Kid(), Mmd(), SlicedWasserstein()):
        values = measure([metric], generated, near)
        test, train = (values[column.name] for column in metric.columns)
        assert (train < test).all(), metric
