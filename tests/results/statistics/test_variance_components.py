"""Components of variance: the textbook's estimates, and intervals that keep their level."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from raysc.results.statistics.crossed import CrossedDesign
from raysc.results.statistics.variance_components import (
    coefficients,
    modified_large_sample,
    summed_component,
    variance_components,
)
from raysc.seeds import PurposeSeeds, join


def design_of(*sizes: int) -> CrossedDesign:
    design = CrossedDesign.of([join(PurposeSeeds(*seeds)) for seeds in product(*map(range, sizes))])
    assert design is not None
    return design


def test_components_of_a_small_table_by_hand() -> None:
    design = design_of(3, 1, 1, 2)
    values = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 9.0])
    data, sample, both, total = variance_components(design, values)
    squares = design.mean_squares(values[:, None])
    ms_data, ms_sample, ms_both = (float(squares[effect].values[0]) for effect in design.effects)
    assert data.variance == pytest.approx((ms_data - ms_both) / 2)
    assert (ms_sample - ms_both) / 3 < 0, "a negative estimate is reported as 0"
    assert (sample.variance, sample.low) == (0, 0)
    assert sample.high > 0
    assert both.variance == pytest.approx(ms_both)
    # A single mean square has the exact interval.
    assert both.low == pytest.approx(2 * ms_both / stats.chi2.ppf(0.975, 2))
    assert both.high == pytest.approx(2 * ms_both / stats.chi2.ppf(0.025, 2))
    assert total.variance == pytest.approx((ms_data - ms_both) / 2 + (ms_sample - ms_both) / 3 + ms_both)
    assert [component.levels for component in (data, sample, both, total)] == [3, 2, 6, 6]


def test_one_purpose_has_the_sample_variance() -> None:
    values = np.random.default_rng(0).standard_normal(9)
    component, total = variance_components(design_of(9, 1, 1, 1), values)
    assert component.variance == total.variance == pytest.approx(values.var(ddof=1))


def test_sums_of_components_have_the_weights_of_their_parts() -> None:
    design = design_of(5, 1, 3, 2)
    parts = [coefficients(design, [effect]) for effect in design.effects]
    whole = coefficients(design, design.effects)
    assert {effect: sum(part[effect] for part in parts) for effect in whole} == pytest.approx(whole)
    values = np.random.default_rng(1).standard_normal(30)
    assert summed_component(design, values, design.effects) == variance_components(design, values)[-1]


def test_intervals_keep_their_level() -> None:
    design, rng, hits = design_of(8, 1, 4, 1), np.random.default_rng(2), []
    for _ in range(300):
        data, train, both = (sd * rng.standard_normal(shape) for sd, shape in ((1, (8, 1)), (0.7, (1, 4)), (1, (8, 4))))
        components = variance_components(design, (data + train + both).ravel())
        truths = (1, 0.49, 1, 2.49)
        hits.append([part.low <= truth <= part.high for part, truth in zip(components, truths, strict=True)])
    assert (np.mean(hits, axis=0) > 0.91).all()


def test_a_difference_of_mean_squares_has_limits_of_either_sign() -> None:
    low, high = modified_large_sample(np.array([1.0, -1.0]), np.array([5.0, 10.0]), 0.95)
    assert low < 0 < high
    # The lower limit is 0 where the ratio of the mean squares is at the quantile of F.
    ratio = stats.f.ppf(0.975, 5, 10)
    assert modified_large_sample(np.array([ratio, -1.0]), np.array([5.0, 10.0]), 0.95)[0] == pytest.approx(0, abs=1e-9)
