"""Precision, recall, density and coverage against the papers' definitions as plain loops."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.neighbours import manifold, nearest
from raysc.metrics.neighbours.coverage import Coverage
from raysc.metrics.neighbours.density import Density
from raysc.metrics.neighbours.manifold import Balls, ManifoldMetric
from raysc.metrics.neighbours.precision import Precision
from raysc.metrics.neighbours.recall import Recall

METRICS: tuple[type[ManifoldMetric], ...] = (Precision, Recall, Density, Coverage)


def feature_sets(generated: np.ndarray, train: np.ndarray, test: np.ndarray) -> FeatureSets:
    return FeatureSets((Vectors(generated),), (Vectors(train),), Vectors(test))


def brute_force(generated: np.ndarray, real: np.ndarray, k: int, balls: Balls) -> dict[str, float]:
    def inside(square: float, radius: float) -> bool:
        return square <= radius if balls == "closed" else square < radius

    def squared(a: np.ndarray, b: np.ndarray) -> float:
        return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))

    def radii(rows: np.ndarray) -> list[float]:
        return [sorted(squared(a, b) for j, b in enumerate(rows) if j != i)[k - 1] for i, a in enumerate(rows)]

    real_radii = radii(real)
    generated_balls = list(zip(generated, radii(generated), strict=True))
    in_ball = [[inside(squared(g, r), radius) for r, radius in zip(real, real_radii, strict=True)] for g in generated]
    return {
        "precision": float(np.mean([any(balls) for balls in in_ball])),
        "recall": float(np.mean([any(inside(squared(g, r), q) for g, q in generated_balls) for r in real])),
        "density": sum(sum(balls) for balls in in_ball) / (k * len(generated)),
        "coverage": float(np.mean([any(balls[j] for balls in in_ball) for j in range(len(real))])),
    }


# Few distinct integers: ties and duplicates in nearly every example.
sizes = st.tuples(st.integers(5, 12), st.integers(5, 12), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32))


@pytest.mark.parametrize("product_dim", [nearest.PRODUCT_DIM, 1], ids=["differences", "products"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=sizes, discrete=st.booleans(), balls=st.sampled_from(["closed", "open"]))
def test_values_are_those_of_the_definitions(
    size: tuple[int, int, int, int, int],
    discrete: bool,
    balls: Balls,
    product_dim: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nearest, "PRODUCT_DIM", product_dim)
    m, n, dim, k, seed = size
    rng = np.random.default_rng(seed)

    def draw(rows: int) -> np.ndarray:
        return rng.integers(0, 4, (rows, dim)).astype(float) if discrete else rng.normal(size=(rows, dim))

    generated, train, test = draw(m), draw(n), draw(n + 1)
    for real, ending in ((test, ""), (train, "_train")):
        expected = brute_force(generated, real, k, balls)
        for metric in METRICS:
            column = metric(k=k, balls=balls).columns[1 if ending else 0].name
            changed = ([] if k == 3 else [f"k={k}"]) + ([] if balls == "closed" else ["open"])
            assert column == metric.__name__.lower() + (f"[{','.join(changed)}]" if changed else "") + ending
            value = metric(k=k, balls=balls).measure(feature_sets(generated, train, test))[column]
            assert value == pytest.approx([expected[metric.__name__.lower()]])


def test_block_sizes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sets = [rng.normal(size=(rows, 4)) for rows in (31, 23, 19)]
    expected = [metric().measure(feature_sets(*sets)) for metric in METRICS]
    monkeypatch.setattr(nearest, "BLOCK", 50)
    assert [metric().measure(feature_sets(*sets)) for metric in METRICS] == expected


@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["near the origin", "far from it, where products lose their digits"])
def test_in_high_dimension_products_decide_as_differences_do(offset: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    real = rng.normal(size=(60, 300)) + offset
    generated = np.concatenate([rng.normal(size=(40, 300)) + offset, real[:20], real[:20], real[:5] + 1e-9])
    exact_calls: list[int] = []

    def values() -> tuple[list[object], list[float], list[float]]:
        sets = feature_sets(generated, real, real[::-1] + 1e-10)
        distances = nearest.nearest_distances(generated, real).tolist()
        return [metric().measure(sets) for metric in METRICS], distances, nearest.squared_radii(generated, 3).tolist()

    exact = nearest.DistanceBlock._exact

    def counted(block: nearest.DistanceBlock, query: int, candidates: np.ndarray) -> np.ndarray:
        exact_calls.append(query)
        return exact(block, query, candidates)

    monkeypatch.setattr(nearest.DistanceBlock, "_exact", counted)
    by_products = values()
    assert exact_calls, "copies are close calls"
    monkeypatch.setattr(nearest, "PRODUCT_DIM", 1000)
    exact_calls.clear()
    by_differences = values()
    assert not exact_calls
    assert by_products == by_differences


def test_ties_of_whole_numbers_are_decided_by_products_as_by_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    generated, train, test = (rng.integers(0, 2, (rows, nearest.PRODUCT_DIM)).astype(float) for rows in (50, 60, 40))
    sets = feature_sets(np.concatenate([generated, train[:10]]), train, test)
    by_products = [metric(balls=balls).measure(sets) for metric in METRICS for balls in ("closed", "open")]
    monkeypatch.setattr(nearest, "PRODUCT_DIM", 1000)
    sets = feature_sets(np.concatenate([generated, train[:10]]), train, test)
    assert by_products == [metric(balls=balls).measure(sets) for metric in METRICS for balls in ("closed", "open")]


@pytest.mark.parametrize("metric", METRICS)
def test_k_below_one_is_refused(metric: type[ManifoldMetric]) -> None:
    with pytest.raises(InputError, match=f"{metric.__name__.lower()}: k must be at least 1, not 0"):
        metric(k=0)


def test_radii_of_real_rows_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    def counted(rows: np.ndarray, k: int) -> np.ndarray:
        counts.append(len(rows))
        return nearest.squared_radii(rows, k)

    monkeypatch.setattr(manifold, "squared_radii", counted)
    rng = np.random.default_rng(3)
    train, test = Vectors(rng.normal(size=(20, 2))), Vectors(rng.normal(size=(30, 2)))
    for _ in range(4):
        generation = FeatureSets((Vectors(rng.normal(size=(10, 2))),), (train,), test)
        for metric in METRICS:
            metric().measure(generation)
    assert sorted(counts) == [10, 10, 10, 10, 20, 30]
