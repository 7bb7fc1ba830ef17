"""All metrics together, on real digits and on points, through the registry."""

from importlib import import_module

import numpy as np
import pytest

from raysc.datasets.images.digits import Digits
from raysc.datasets.points.gaussian import Gaussian
from raysc.metrics import METRICS
from raysc.metrics.core.classifier import Classifier
from raysc.metrics.core.measure import RealSets, floors, measure
from raysc.metrics.core.metric import AcrossMetric, ForkMetric, Metric, ModelMetric, SupportsDataRequirements
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.neighbours.precision import Precision


def number_metrics() -> list[Metric]:
    """Return every metric of rows that are numbers, without requirements of the data set."""
    addresses = [address.split(":") for address in METRICS.values()]
    metrics = [getattr(import_module(module), name)() for module, name in addresses]
    return [
        metric
        for metric in metrics
        if not isinstance(metric, AcrossMetric | ForkMetric | ModelMetric | SupportsDataRequirements)
        and metric.features != "tokens"
    ]


def gaussian_real(seeds: tuple[int, ...]) -> RealSets:
    data = Gaussian(dim=3, rows=60)
    return RealSets(data.kind, data.train(seeds), data.test()[:50])


@pytest.fixture(scope="module")
def digits_real(classifier: Classifier) -> RealSets:
    return RealSets("images", Digits().train([0]), Digits().test(), {"classifier": classifier})


def test_every_metric_gives_the_columns_that_it_declares_with_a_value_per_seed() -> None:
    real = gaussian_real((0, 1, 2))
    rows = Gaussian(dim=3, rows=60).fresh((0, 1, 2), 1, 40)
    for metric in number_metrics():
        values = measure([metric], rows, real)
        assert list(values) == [column.name for column in metric.columns]
        assert metric.columns[0].name in METRICS
        for value in values.values():
            assert value.shape == (3,)
            assert value.dtype == np.float64
            assert np.isfinite(value).all()


def test_a_seeds_values_do_not_depend_on_the_pack() -> None:
    rows = Gaussian(dim=3).fresh((0, 1, 2), 1, 40)
    packed = measure(number_metrics(), rows, gaussian_real((0, 1, 2)))
    single = measure(number_metrics(), rows[1:2], gaussian_real((1,)))
    assert {name: value[1] for name, value in packed.items()} == {name: value[0] for name, value in single.items()}


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_a_diverged_seed_gives_nan_and_leaves_the_other_values(bad: float) -> None:
    real = gaussian_real((0, 1, 2))
    rows = Gaussian(dim=3).fresh((0, 1, 2), 1, 40)
    expected = measure(number_metrics(), rows, real)
    rows[1, 7, 2] = bad
    values = measure(number_metrics(), rows, real)
    for name, value in values.items():
        assert np.isnan(value[1]), name
        np.testing.assert_array_equal(value[[0, 2]], expected[name][[0, 2]])


def test_a_far_but_finite_seed_raises_no_error() -> None:
    rows = Gaussian(dim=3).fresh((0, 1), 1, 40) * 1e120
    values = measure(number_metrics(), rows, gaussian_real((0, 1)))
    assert (values["precision"] == 0).all()
    assert (values["frechet_distance"] > 1e200).all()


def test_settings_that_differ_from_the_default_are_in_the_column(digits_real: RealSets) -> None:
    metrics: list[Metric] = [FrechetDistance(), FrechetDistance(features="pixels"), Precision(features="pixels", k=5)]
    values = measure(metrics, digits_real.train[:, :200], digits_real)
    assert list(values) == [
        "frechet_distance",
        "frechet_distance_train",
        "frechet_distance[pixels]",
        "frechet_distance[pixels]_train",
        "precision[pixels,k=5]",
        "precision[pixels,k=5]_train",
    ]


def test_damage_to_digits_worsens_the_metrics(digits_real: RealSets) -> None:
    rng = np.random.default_rng(0)
    train = digits_real.train[0].astype(np.float64)
    noisy = [np.clip(np.rint(train + rng.normal(0, sd, train.shape)), 0, 255).astype(np.uint8) for sd in (30, 90)]
    shrunk = np.rint((train + 2 * train.mean(axis=0)) / 3).astype(np.uint8)
    real, little, much, washed_out = (
        measure(number_metrics(), rows[None], digits_real) for rows in (digits_real.train[0], *noisy, shrunk)
    )
    for worse, better in ((little, real), (much, little), (washed_out, little)):
        assert worse["frechet_distance"] > better["frechet_distance"]
        assert worse["kid"] > better["kid"]
        assert worse["precision"] < better["precision"]
        assert worse["density"] < better["density"]
    assert washed_out["recall"] < 0.5 * real["recall"]
    assert washed_out["coverage"] < 0.5 * real["coverage"]
    assert washed_out["feature_variance"] < 0.5 * real["feature_variance"]
    assert real["exact_duplicates"] == 1
    assert much["exact_duplicates"] == 0


def test_floors_put_real_rows_in_the_place_of_generated_rows(digits_real: RealSets) -> None:
    result = floors(number_metrics(), 500, digits_real)
    columns = {column.name: column for metric in number_metrics() for column in metric.columns}
    assert set(result) == {f"{name}_floor" for name, column in columns.items() if column.reference != "none"}
    train_rows = measure(number_metrics(), digits_real.train[:, :500], digits_real)
    test_rows = measure(number_metrics(), digits_real.test[None], digits_real)
    for name, column in columns.items():
        if column.reference != "none":
            values, rows = (train_rows, 500) if column.reference == "test" else (test_rows, 360)
            np.testing.assert_array_equal(result[f"{name}_floor"].values, values[name])
            assert result[f"{name}_floor"].rows == rows
    assert result["exact_duplicates_floor"].values == [0]
    assert 0 < result["frechet_distance_floor"].values[0] < 5


def test_each_seed_of_a_distribution_has_a_floor() -> None:
    result = floors(number_metrics(), 1000, gaussian_real((0, 1)))
    assert result["frechet_distance_floor"].rows == 60
    assert result["frechet_distance_train_floor"].rows == 50
    for ending in ("", "_train"):
        values = result[f"frechet_distance{ending}_floor"].values
        assert values.shape == (2,)
        assert values[0] != values[1]


def test_generations_share_the_cached_values_of_the_real_rows(digits_real: RealSets) -> None:
    features = digits_real.features("classifier", digits_real.train[:, :20])
    first = digits_real.feature_sets("classifier", features[:, :10])
    second = digits_real.feature_sets("classifier", features[:, 10:20])
    assert first.test is second.test
    assert first.train[0] is second.train[0]


def test_features_of_other_processes_are_used_without_the_rows(digits_real: RealSets) -> None:
    features = {"classifier": digits_real.features("classifier", digits_real.train[:, :100])}
    digits_real.feature_sets("classifier", features["classifier"])
    remote = RealSets("images", digits_real.train, digits_real.test)
    remote.feature_cache["classifier"] = digits_real.feature_cache["classifier"]
    metrics = [metric for metric in number_metrics() if metric.features is None]
    values = measure(metrics, None, remote, None, lambda extractor: features[extractor])
    assert values == measure(metrics, digits_real.train[:, :100], digits_real)


def test_a_subset_of_the_seeds_keeps_its_features(digits_real: RealSets) -> None:
    rows = digits_real.train[0, :300].reshape(3, 100, *digits_real.train.shape[2:])
    real = RealSets("images", rows, digits_real.test, digits_real.extractors)
    real.feature_sets("classifier", np.zeros((3, 1, 64)))
    cached = real.feature_cache["classifier"]
    subset = real.select(np.array([True, False, True]), rows[[0, 2]])
    assert subset.feature_cache["classifier"].train == (cached.train[0], cached.train[2])
    assert subset.feature_cache["classifier"].test is cached.test
