"""Precision, recall, density and coverage against the papers' definitions written as plain loops."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.metrics.core.metric import Compared, Vectors
from raysc.metrics.neighbours import manifold
from raysc.metrics.neighbours.coverage import Coverage
from raysc.metrics.neighbours.density import Density
from raysc.metrics.neighbours.precision import Precision
from raysc.metrics.neighbours.recall import Recall

FOUR = (Precision, Recall, Density, Coverage)


def compared(generated: np.ndarray, train: np.ndarray, test: np.ndarray) -> Compared:
    return Compared((Vectors(generated),), (Vectors(train),), Vectors(test))


def brute_force(generated: np.ndarray, real: np.ndarray, k: int) -> dict[str, float]:
    def squared(a, b):
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))

    def radii(rows):
        return [sorted(squared(a, b) for j, b in enumerate(rows) if j != i)[k - 1] for i, a in enumerate(rows)]

    real_radii = radii(real)
    generated_balls = list(zip(generated, radii(generated), strict=True))
    in_ball = [[squared(g, r) <= radius for r, radius in zip(real, real_radii, strict=True)] for g in generated]
    return {
        "precision": np.mean([any(balls) for balls in in_ball]),
        "recall": np.mean([any(squared(g, r) <= q for g, q in generated_balls) for r in real]),
        "density": sum(sum(balls) for balls in in_ball) / (k * len(generated)),
        "coverage": np.mean([any(balls[j] for balls in in_ball) for j in range(len(real))]),
    }


# Few distinct whole numbers: ties and duplicates in nearly every example.
sizes = st.tuples(st.integers(5, 12), st.integers(5, 12), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32))


@pytest.mark.parametrize("wide", [manifold.WIDE, 1], ids=["differences", "products"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=sizes, discrete=st.booleans())
def test_equal_the_definitions(size, discrete, wide, monkeypatch):
    monkeypatch.setattr(manifold, "WIDE", wide)
    m, n, dim, k, seed = size
    rng = np.random.default_rng(seed)
    draw = (
        (lambda rows: rng.integers(0, 4, (rows, dim)).astype(float))
        if discrete
        else (lambda r: rng.normal(size=(r, dim)))
    )
    generated, train, test = draw(m), draw(n), draw(n + 1)
    for real, ending in ((test, ""), (train, "_train")):
        expected = brute_force(generated, real, k)
        for metric in FOUR:
            column = metric(k=k).columns[1 if ending else 0].name
            assert column == metric.__name__.lower() + ("" if k == 3 else f"[k={k}]") + ending
            value = metric(k=k).measure(compared(generated, train, test))[column]
            assert value == pytest.approx([expected[metric.__name__.lower()]])


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    sets = [rng.normal(size=(rows, 4)) for rows in (31, 23, 19)]
    whole = [metric().measure(compared(*sets)) for metric in FOUR]
    monkeypatch.setattr(manifold, "BLOCK", 50)
    assert [metric().measure(compared(*sets)) for metric in FOUR] == whole


@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["near the origin", "far from it, where products lose their digits"])
def test_wide_rows_are_told_by_products_and_counted_as_by_differences(offset, monkeypatch):
    rng = np.random.default_rng(4)
    real = rng.normal(size=(60, 300)) + offset
    generated = np.concatenate([rng.normal(size=(40, 300)) + offset, real[:20], real[:20], real[:5] + 1e-9])
    exact, looked_at = [], []

    def values():
        sets = compared(generated, real, real[::-1] + 1e-10)
        nearest = manifold.nearest(generated, real).tolist()
        return [metric().measure(sets) for metric in FOUR], nearest, manifold.squared_radii(generated, 3).tolist()

    again = manifold.Distances._exact
    monkeypatch.setattr(manifold.Distances, "_exact", lambda *given: looked_at.append(1) or again(*given))
    by_products = values()
    assert looked_at, "copies are close calls"
    monkeypatch.setattr(manifold, "WIDE", 1000)
    del looked_at[:]
    exact = values()
    assert not looked_at
    assert by_products == exact


def test_a_collapsed_generator_has_precision_without_recall_or_coverage():
    rng = np.random.default_rng(1)
    real = rng.normal(size=(100, 2))
    one_point = np.repeat(real[:1], 50, axis=0)
    looked_at = compared(one_point, real, real)
    assert Precision().measure(looked_at)["precision"] == 1
    assert Recall().measure(looked_at)["recall"] == 0.01
    assert Coverage().measure(looked_at)["coverage"] < 0.2


def test_real_rows_have_density_about_one_and_coverage_about_one_minus_two_to_the_minus_k():
    rng = np.random.default_rng(2)
    looked_at = compared(*(rng.normal(size=(2000, 2)) for _ in range(3)))
    assert Density().measure(looked_at)["density"] == pytest.approx(1, abs=0.1)
    assert Coverage().measure(looked_at)["coverage"] == pytest.approx(1 - 2**-3, abs=0.03)


@pytest.mark.parametrize("metric", FOUR)
def test_k_below_one_is_refused(metric):
    with pytest.raises(InputError, match=f"{metric.__name__.lower()}: k must be at least 1, not 0"):
        metric(k=0)


def test_radii_of_real_rows_are_computed_once(monkeypatch):
    calls = []
    original = manifold.squared_radii
    monkeypatch.setattr(manifold, "squared_radii", lambda rows, k: calls.append(len(rows)) or original(rows, k))
    rng = np.random.default_rng(3)
    train, test = Vectors(rng.normal(size=(20, 2))), Vectors(rng.normal(size=(30, 2)))
    for _ in range(4):
        generation = Compared((Vectors(rng.normal(size=(10, 2))),), (train,), test)
        for metric in FOUR:
            metric().measure(generation)
    assert sorted(calls) == [10, 10, 10, 10, 20, 30]
