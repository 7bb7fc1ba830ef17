"""Crossed designs: mean squares, the variance of a mean, and intervals that keep their level."""

from itertools import product

import numpy as np
import pytest

from raysc.results.statistics.averages import seed_mean
from raysc.results.statistics.crossed import CrossedDesign, mean_variance, replicates
from raysc.seeds import PurposeSeeds, join


def crossed(*sizes: int) -> list[int]:
    """Return the seeds of a complete design."""
    return [join(PurposeSeeds(*seeds)) for seeds in product(*map(range, sizes))]


def test_mean_squares_of_two_purposes_are_those_of_the_textbook() -> None:
    seeds = crossed(3, 1, 1, 2)
    design = CrossedDesign.of(seeds[::-1])
    assert design is not None
    assert (design.purposes, design.sizes) == (("data", "sample"), (3, 2))
    values = np.array([[1.0, 2.0], [4.0, 3.0], [5.0, 9.0]])
    squares = design.mean_squares(values.ravel()[::-1, None])
    # Sums of squares by hand: rows 1.5, 3.5, 7; columns 10/3, 14/3; mean 4.
    assert squares["data",].df == 2
    assert squares["data",].values == pytest.approx(2 * (2.5**2 + 0.5**2 + 3**2) / 2)
    assert squares["sample",].values == pytest.approx(3 * 2 * (2 / 3) ** 2)
    total = np.square(values - 4).sum()
    rest = total - 2 * squares["data",].values - squares["sample",].values
    assert squares["data", "sample"].values == pytest.approx(rest / 2)


def test_the_variance_of_the_mean_counts_every_purpose() -> None:
    design = CrossedDesign.of(crossed(6, 1, 4, 3))
    assert design is not None
    rng = np.random.default_rng(1)
    shape, columns = (6, 4, 3), 20_000
    parts = {(6, 1, 1): 1.0, (1, 4, 1): 0.5, (1, 1, 3): 0.7, (6, 4, 1): 0.4, shape: 0.3}
    values = sum(sd * rng.standard_normal((*size, columns)) for size, sd in parts.items())
    values = np.broadcast_to(values, (*shape, columns)).reshape(-1, columns)
    expected = sum(sd**2 / np.prod(size) for size, sd in parts.items())
    squares = design.mean_squares(values)
    estimate = sum((-1) ** (len(effect) + 1) * square.values for effect, square in squares.items()) / 72
    assert np.mean(estimate) == pytest.approx(expected, rel=0.03)
    assert (mean_variance(squares, 72) >= estimate * (1 - 1e-12)).all(), "it is at least what one purpose shows"


def test_intervals_over_crossed_seeds_keep_their_level() -> None:
    """An interval for independent values misses the mean in most samples."""
    seeds, rng = crossed(8, 1, 4, 1), np.random.default_rng(2)
    samples = 400
    values = rng.standard_normal((samples, 8, 1)) + rng.standard_normal((samples, 1, 4)) * 0.8
    values = (values + 0.3 * rng.standard_normal((samples, 8, 4))).reshape(samples, -1)
    hits = [[mean.low < 0 < mean.high for mean in (seed_mean(row, seeds=seeds), seed_mean(row))] for row in values]
    right, naive = np.mean(hits, axis=0)
    assert right > 0.92
    assert naive < 0.7


def test_plain_seeds_and_those_of_one_purpose_are_independent() -> None:
    values = np.random.default_rng(3).standard_normal((6, 2))
    for seeds in ([], [0, 1, 2, 3, 4, 5], crossed(6, 1, 1, 1), crossed(1, 1, 6, 1)):
        np.testing.assert_array_equal(replicates(values, seeds), values)


def test_a_missing_combination_leaves_no_interval() -> None:
    values = np.arange(6.0)
    assert replicates(values[:, None][:-1], crossed(3, 1, 1, 2)[:-1]) is None
    values[2] = np.nan
    mean = seed_mean(values, seeds=crossed(3, 1, 1, 2))
    assert mean.mean == pytest.approx(2.6)
    assert mean.seeds == 5
    assert np.isnan([mean.low, mean.high]).all()


def test_the_interval_is_around_the_mean_of_all_values() -> None:
    values = np.random.default_rng(4).normal(5, 1, (24, 3))
    independent = replicates(values, crossed(4, 1, 3, 2))
    assert independent is not None
    np.testing.assert_allclose(independent.mean(axis=0), values.mean(axis=0))
    assert len(independent) in (2, 3, 4)
    equal = replicates(np.ones((24, 1)), crossed(4, 1, 3, 2))
    assert equal is not None
    assert (equal == 1).all()
