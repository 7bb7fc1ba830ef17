import numpy as np
import pytest
from scipy.spatial.distance import cdist

from raysc.metrics.neighbours import nearest


def draw(seed: int, *sizes: int, dim: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(size, dim)) for size in sizes]


@pytest.mark.parametrize("product_dim", [nearest.PRODUCT_DIM, 1], ids=["differences", "products"])
def test_distances_are_those_of_sorted_differences(product_dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "PRODUCT_DIM", product_dim)
    x, y = draw(0, 20, 30)
    squares = np.sort(np.square(x[:, None] - y).sum(axis=2), axis=1)
    np.testing.assert_allclose(nearest.nearest_distances(x, y), squares[:, 0])
    within = np.sort(np.square(x[:, None] - x).sum(axis=2), axis=1)
    np.testing.assert_allclose(nearest.squared_radii(x, 3), within[:, 3])


def test_block_sizes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for dim in (4, nearest.PRODUCT_DIM):
        x, y = draw(1, 31, 23, dim=dim)
        expected = nearest.nearest_distances(x, y)
        with monkeypatch.context() as patch:
            patch.setattr(nearest, "BLOCK", 50)
            patch.setattr(nearest, "MIN_QUERIES", 1)
            assert len(list(nearest.distance_blocks(x, y))) > 1
            np.testing.assert_array_equal(nearest.nearest_distances(x, y), expected)


def test_equal_rows_are_at_distance_0_in_high_dimension() -> None:
    (x,) = draw(2, 10, dim=300)
    np.testing.assert_array_equal(nearest.nearest_distances(x + 1e6, x + 1e6), np.zeros(10))


def test_rows_far_from_the_origin_have_a_small_error_bound_and_exact_distances() -> None:
    x, y = draw(4, 20, 30, dim=150)
    x, y = x + 1.7e9, y + 1.7e9
    (block,) = (distances for _, distances in nearest.distance_blocks(x, y))
    assert block.error.max() < 1e-6 * block.squares.min()
    np.testing.assert_array_equal(block.kth_smallest(2), np.sort(cdist(x, y, "sqeuclidean"), axis=1)[:, 2])
