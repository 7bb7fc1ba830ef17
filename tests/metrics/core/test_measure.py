"""All metrics together, on real digits and on points, through the registry."""

from importlib import import_module

import numpy as np
import pytest

from raysc.datasets.digits import Digits
from raysc.datasets.gaussian import Gaussian
from raysc.metrics import METRICS
from raysc.metrics.core.measure import Real, floors, measure
from raysc.metrics.core.metric import AsksData, Metric, ModelMetric


def every_metric() -> list[Metric]:
    """Every metric of rows that are numbers and that any data set can have."""
    addresses = [address.split(":") for address in METRICS.values()]
    built = [getattr(import_module(module), name)() for module, name in addresses]
    return [
        metric for metric in built if not isinstance(metric, ModelMetric | AsksData) and metric.features != "tokens"
    ]


def gaussian_real(seeds: tuple[int, ...]) -> Real:
    data = Gaussian(dim=3, rows=60)
    return Real(data.kind, data.train(seeds), data.test()[:50])


@pytest.fixture(scope="module")
def digits_real(classifier) -> Real:
    return Real("images", Digits().train([0]), Digits().test(), {"classifier": classifier})


def test_every_registered_metric_gives_the_columns_that_it_declares_one_value_a_seed():
    real = gaussian_real((0, 1, 2))
    rows = Gaussian(dim=3, rows=60).fresh((0, 1, 2), 1, 40)
    for metric in every_metric():
        values = measure([metric], rows, real)
        assert list(values) == [column.name for column in metric.columns]
        assert metric.columns[0].name in METRICS
        for value in values.values():
            assert value.shape == (3,)
            assert value.dtype == np.float64
            assert np.isfinite(value).all()


def test_a_seeds_values_do_not_depend_on_the_pack():
    rows = Gaussian(dim=3).fresh((0, 1, 2), 1, 40)
    together = measure(every_metric(), rows, gaussian_real((0, 1, 2)))
    alone = measure(every_metric(), rows[1:2], gaussian_real((1,)))
    assert {name: value[1] for name, value in together.items()} == {name: value[0] for name, value in alone.items()}


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_a_diverged_seed_gives_nan_and_the_others_their_values(bad):
    real = gaussian_real((0, 1, 2))
    rows = Gaussian(dim=3).fresh((0, 1, 2), 1, 40)
    sound = measure(every_metric(), rows, real)
    rows[1, 7, 2] = bad
    values = measure(every_metric(), rows, real)
    for name, value in values.items():
        assert np.isnan(value[1]), name
        np.testing.assert_array_equal(value[[0, 2]], sound[name][[0, 2]])


def test_a_far_but_finite_seed_never_crashes():
    rows = Gaussian(dim=3).fresh((0, 1), 1, 40) * 1e120
    values = measure(every_metric(), rows, gaussian_real((0, 1)))
    assert (values["precision"] == 0).all()
    assert (values["frechet_distance"] > 1e200).all()


def test_features_that_are_not_the_default_stand_in_the_column(digits_real):
    from raysc.metrics.distances.frechet_distance import FrechetDistance
    from raysc.metrics.neighbours.precision import Precision

    metrics = [FrechetDistance(), FrechetDistance(features="pixels"), Precision(features="pixels", k=5)]
    values = measure(metrics, digits_real.train[:, :200], digits_real)
    assert list(values) == [
        "frechet_distance",
        "frechet_distance_train",
        "frechet_distance[pixels]",
        "frechet_distance[pixels]_train",
        "precision[pixels,k=5]",
        "precision[pixels,k=5]_train",
    ]


def test_damage_to_digits_is_seen(digits_real):
    rng = np.random.default_rng(0)
    train = digits_real.train[0].astype(np.float64)
    noisy = [np.clip(np.rint(train + rng.normal(0, sd, train.shape)), 0, 255).astype(np.uint8) for sd in (30, 90)]
    shrunk = np.rint((train + 2 * train.mean(axis=0)) / 3).astype(np.uint8)
    real, *damaged = (
        measure(every_metric(), rows[None], digits_real) for rows in (digits_real.train[0], *noisy, shrunk)
    )
    little, much, washed_out = damaged
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


def test_floors_put_real_rows_in_the_place_of_generated_ones(digits_real):
    found = floors(every_metric(), 500, digits_real)
    columns = {column.name: column for metric in every_metric() for column in metric.columns}
    assert set(found) == {f"{name}_floor" for name, column in columns.items() if column.against != "neither"}
    train_rows = measure(every_metric(), digits_real.train[:, :500], digits_real)
    test_rows = measure(every_metric(), digits_real.test[None], digits_real)
    for name, column in columns.items():
        if column.against != "neither":
            stand_in, rows = (train_rows, 500) if column.against == "test" else (test_rows, 360)
            np.testing.assert_array_equal(found[f"{name}_floor"].values, stand_in[name])
            assert found[f"{name}_floor"].rows == rows
    assert found["exact_duplicates_floor"].values == [0]
    assert 0 < found["frechet_distance_floor"].values[0] < 5


def test_floors_of_a_distribution_are_each_seeds_own():
    real = gaussian_real((0, 1))
    floor = floors(every_metric(), 1000, real)
    assert floor["frechet_distance_floor"].rows == 60
    assert floor["frechet_distance_train_floor"].rows == 50
    for ending in ("", "_train"):
        values = floor[f"frechet_distance{ending}_floor"].values
        assert values.shape == (2,)
        assert values[0] != values[1]


def test_more_rows_of_generations_share_what_was_derived_of_the_real_rows(digits_real):
    features = digits_real.features("classifier", digits_real.train[:, :20])
    first = digits_real.compared("classifier", features[:, :10])
    second = digits_real.compared("classifier", features[:, 10:20])
    assert first.test is second.test
    assert first.train[0] is second.train[0]


def test_features_that_others_computed_are_taken_and_no_rows_are_looked_at(digits_real):
    features = digits_real.features("classifier", digits_real.train[:, :100])
    elsewhere = Real("images", digits_real.train, digits_real.test)
    elsewhere.known["classifier"] = digits_real.known["classifier"]
    metrics = [metric for metric in every_metric() if metric.features is None]
    found = measure(metrics, None, elsewhere, None, {"classifier": features}.get)
    assert found == measure(metrics, digits_real.train[:, :100], digits_real)


def test_seeds_that_go_on_keep_their_own_features(digits_real):
    rows = digits_real.train[0, :300].reshape(3, 100, *digits_real.train.shape[2:])
    real = Real("images", rows, digits_real.test, digits_real.extractors)
    real.compared("classifier", np.zeros((3, 1, 64)))
    some = real.of(np.array([True, False, True]), rows[[0, 2]])
    assert some.known["classifier"].train == (real.known["classifier"].train[0], real.known["classifier"].train[2])
    assert some.known["classifier"].test is real.known["classifier"].test
