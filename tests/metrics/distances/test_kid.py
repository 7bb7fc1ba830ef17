from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances import kid
from raysc.metrics.distances.kid import kernel_distance


def brute_force(generated: np.ndarray, real: np.ndarray) -> float:
    def within(rows: np.ndarray) -> float:
        kernel = polynomial_kernel(rows, degree=3, coef0=1)
        return float(kernel[~np.eye(len(rows), dtype=bool)].mean())

    return within(generated) + within(real) - 2 * float(polynomial_kernel(generated, real, degree=3, coef0=1).mean())


@pytest.mark.parametrize(("m", "n", "dim"), [(20, 30, 4), (7, 5, 16), (2, 2, 1)])
def test_it_is_the_sum_over_pairs(m: int, n: int, dim: int) -> None:
    rng = np.random.default_rng(m)
    generated, real = rng.normal(size=(m, dim)) * 2 + 1, rng.normal(size=(n, dim))
    assert kernel_distance(Vectors(generated), Vectors(real)) == pytest.approx(brute_force(generated, real))


def test_it_is_that_of_clean_fid_over_all_rows() -> None:
    declare_missing_schemas()
    from cleanfid.fid import kernel_distance as clean_fid_distance

    rng = np.random.default_rng(3)
    generated, real = rng.normal(size=(60, 12)) + 0.5, rng.normal(size=(60, 12))
    # Its subset is as large as the sets, so that only the order is random.
    expected = clean_fid_distance(generated, real, num_subsets=1, max_subset_size=60)
    assert kernel_distance(Vectors(generated), Vectors(real)) == pytest.approx(expected)


def test_block_sizes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    generated, real = rng.normal(size=(41, 3)), rng.normal(size=(17, 3))
    expected = kernel_distance(Vectors(generated), Vectors(real))
    monkeypatch.setattr(kid, "BLOCK", 60)
    assert kernel_distance(Vectors(generated), Vectors(real)) == pytest.approx(expected)


def test_it_is_0_on_average_between_samples_of_one_distribution() -> None:
    rng = np.random.default_rng(1)
    values = [
        kernel_distance(Vectors(rng.normal(size=(10, 2))), Vectors(rng.normal(size=(10, 2)))) for _ in range(1500)
    ]
    standard_error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * standard_error
    # The biased estimate, which includes the diagonal, would fail.
    rows = rng.normal(size=(4000, 2))
    diagonal = (np.square(rows).sum(axis=1) / 2 + 1) ** 3
    assert diagonal.mean() / 10 > 8 * standard_error


def test_it_increases_with_the_shift_between_two_sets() -> None:
    rng = np.random.default_rng(2)
    real = Vectors(rng.normal(size=(200, 5)))
    rows = rng.normal(size=(200, 5))
    near, middle, far = (kernel_distance(Vectors(rows + shift), real) for shift in (0.0, 0.5, 1.0))
    assert near < middle < far


def exact_distance(generated: np.ndarray, real: np.ndarray) -> float:
    """Return the distance by rational numbers, without any rounding."""

    def kernel(x: list[float], y: list[float]) -> Fraction:
        product = sum((Fraction(a) * Fraction(b) for a, b in zip(x, y, strict=True)), Fraction(0))
        return (product / len(x) + 1) ** 3

    def within(rows: list[list[float]]) -> Fraction:
        pairs = [kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return sum(pairs, Fraction(0)) / len(pairs)

    x, y = generated.tolist(), real.tolist()
    cross = sum((kernel(a, b) for a in x for b in y), Fraction(0)) / (len(x) * len(y))
    return float(within(x) + within(y) - 2 * cross)


@pytest.mark.parametrize("spread", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("shift", [0.0, 1e4, 1e8, 1.7e9])
def test_rows_far_from_the_origin_lose_no_digits(shift: float, spread: float) -> None:
    rng = np.random.default_rng(4)
    generated, real = (shift + spread * rng.normal(mean, 1, (6, 3)) for mean in (0.5, 0))
    value = kernel_distance(Vectors(generated), Vectors(real))
    assert value == pytest.approx(exact_distance(generated, real), rel=1e-6)


@pytest.mark.parametrize("row", [[0.0, 0.0], [0.1, 0.7], [1.7e9, -3e-5]])
def test_one_repeated_row_is_at_distance_0_from_itself(row: list[float]) -> None:
    assert kernel_distance(Vectors(np.tile(row, (7, 1))), Vectors(np.tile(row, (5, 1)))) == 0
