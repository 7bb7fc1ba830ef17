"""Metrics that compare the models of a cell."""

import numpy as np

from raysc.metrics.across_models.model_diversity import ModelDiversity
from raysc.metrics.across_models.model_similarity import ModelSimilarity


def rows(offsets: tuple[float, ...], seeds: int = 2) -> np.ndarray:
    """Rows of models at some offsets, (models, seeds, 40, 3), of mean 0 and variance 1 before."""
    values = np.random.default_rng(0).normal(size=(1, seeds, 40, 3))
    values = (values - values.mean(axis=2, keepdims=True)) / values.std(axis=2, keepdims=True)
    return np.asarray(values + np.array(offsets)[:, None, None, None])


def test_diversity_is_the_spread_of_the_means() -> None:
    (values,) = ModelDiversity().measure(rows((0, 0, 3))).values()
    np.testing.assert_allclose(values, [3 * 2.0] * 2)  # three dimensions; the variance of 0, 0, 3 is 2
    np.testing.assert_allclose(ModelDiversity().measure(rows((5, 5)))["model_diversity"], 0, atol=1e-20)


def test_similarity_is_the_share_of_the_variance_within_the_models() -> None:
    np.testing.assert_allclose(ModelSimilarity().measure(rows((1, 1)))["model_similarity"], 1)
    np.testing.assert_allclose(ModelSimilarity().measure(rows((0, 2)))["model_similarity"], 0.5)


def test_values_are_of_one_seed_alone_and_nan_where_rows_are() -> None:
    values = rows((0, 1))
    values[1, 1, 7] = np.nan
    for metric in (ModelDiversity(), ModelSimilarity()):
        (of_seeds,) = metric.measure(values).values()
        assert np.isnan(of_seeds).tolist() == [False, True]


def test_similarity_of_equal_rows_is_nan() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(ModelSimilarity().measure(np.ones((2, 1, 4, 3)))["model_similarity"]).all()
