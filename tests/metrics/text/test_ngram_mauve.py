import numpy as np
import pytest

from raysc.datasets.text.stories import Stories
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.text.ngram_mauve import BUCKETS, NgramMauve, frontier_area, text_features
from raysc.pool.tokens import PAD


def test_equal_histograms_have_1_and_disjoint_ones_nearly_0() -> None:
    p = np.array([0.25, 0.5, 0.25, 0.0])
    assert frontier_area(p, p) == pytest.approx(1)
    assert frontier_area(p, np.array([0, 0, 0, 1.0])) < 0.01
    assert frontier_area(p, np.array([0.5, 0.25, 0.25, 0.0])) == pytest.approx(
        frontier_area(np.array([0.5, 0.25, 0.25, 0.0]), p)
    )


def test_the_area_is_that_of_the_frontier() -> None:
    # Integral of y dx along x = exp(-c KL(Q|R_w)), y = exp(-c KL(P|R_w)), with 2,000 mixtures.
    p, q, x, y = np.array([0.7, 0.3]), np.array([0.4, 0.6]), [1.0], [0.0]
    for w in np.linspace(0, 1, 2001):
        mixture = w * p + (1 - w) * q
        x.append(np.exp(-5 * (q * np.log(q / mixture)).sum()))
        y.append(np.exp(-5 * (p * np.log(p / mixture)).sum()))
    area = -np.trapezoid([*y, 1.0], [*x, 0.0])
    assert frontier_area(p, q) == pytest.approx(area, abs=2e-3)


def test_texts_fewer_than_clusters_have_the_area_of_their_proportions() -> None:
    """Of two distinct texts one is generated alone, in four clusters: P = (1/2, 1/2) and Q = (1, 0)."""
    rows = np.full((40, 3), PAD, np.int32)
    rows[:, 0] = np.arange(40) % 2
    real, copies = RealSets("text", rows[None], rows), np.full((1, 40, 3), PAD, np.int32)
    copies[..., 0] = 0
    expected = frontier_area(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert measure([NgramMauve()], copies, real)["ngram_mauve"][0] == pytest.approx(expected)
    assert measure([NgramMauve()], rows[None], real)["ngram_mauve"][0] == pytest.approx(1)


def test_features_count_unigrams_and_bigrams() -> None:
    rows = np.array([[1, 2, 1, PAD], [1, 2, 1, PAD], [3, PAD, PAD, PAD]], np.int32)
    features = text_features(rows)
    assert features.shape == (3, BUCKETS)
    np.testing.assert_array_equal(features[0], features[1])
    np.testing.assert_allclose(np.square(features).sum(axis=1), 1)
    assert sorted(np.square(features[0][features[0] > 0]).round(9)) == [0.2, 0.2, 0.2, 0.4]
    assert (features[2] > 0).sum() == 1


def test_new_rows_of_the_data_are_nearer_than_repeated_ones() -> None:
    data = Stories(rows=200)
    real = RealSets("text", data.train((0,)), data.test()[:200])
    fresh, collapsed = data.fresh((0,), 1, 200), np.repeat(data.fresh((0,), 1, 10), 20, axis=1)
    values = [measure([NgramMauve()], rows, real)["ngram_mauve"][0] for rows in (fresh, collapsed)]
    assert values[0] > 0.7
    assert values[1] < 0.5 * values[0]
    assert measure([NgramMauve()], fresh, real)["ngram_mauve"][0] == values[0]
