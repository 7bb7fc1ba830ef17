import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.planning.resolved import resolve
from raysc.results.statistics.averages import Mean, seed_mean
from raysc.results.table.columns import quality_column
from raysc.results.table.stability import (
    SUFFICIENT,
    Stability,
    StabilityBoundary,
    cell_stabilities,
    slopes,
    stability_boundary,
    stability_frame,
)
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

Store = tuple[Sweep, Objects]


@pytest.fixture
def stabilities(gaussian_store: Store, gaussian_table: pd.DataFrame) -> list[Stability]:
    sweep, _ = gaussian_store
    return cell_stabilities(resolve(sweep).cells, gaussian_table, quality_column(sweep))


def test_every_cell_is_compared_with_its_control_seed_by_seed(
    stabilities: list[Stability], gaussian_table: pd.DataFrame
) -> None:
    assert [stability.number for stability in stabilities] == [0, 1, 2]
    values = gaussian_table.pivot(index="seed", columns=["cell", "generation"], values="frechet_distance")
    ratios = pd.DataFrame(np.log(values[0] / values[3]))
    last = ratios[4].to_numpy()
    replace = stabilities[0]
    assert replace.excess.mean == pytest.approx(last.mean())
    assert (replace.excess.low, replace.excess.high) == (seed_mean(last).low, seed_mean(last).high)
    fits = [stats.linregress([1, 2, 3, 4], ratios.loc[seed, [1, 2, 3, 4]]).slope for seed in range(3)]
    assert replace.slope.mean == pytest.approx(np.mean(fits))
    initial_quality = gaussian_table.loc[gaussian_table["cell"] == 0, "initial_quality"].mean()
    assert replace.initial_quality == pytest.approx(initial_quality)


def test_a_seed_whose_excess_becomes_infinite_has_an_infinite_slope() -> None:
    inf = np.inf
    values = np.array([[9, 1, 2, 3], [9, 1, inf, inf], [9, inf, 1, 1], [9, -inf, inf, inf], [9, inf, inf, inf]])
    np.testing.assert_allclose(slopes(np.array([0, 1, 5, 9]), values), [0.25, inf, -inf, inf, np.nan])


def with_slope(mean: float, low: float, high: float) -> Stability:
    return Stability(0, 0.0, 5, Mean(1.0, 0.9, 1.1, 3), Mean(mean, low, high, 3), 3, 0)


@pytest.mark.parametrize(("sign", "limits"), [(1, (0.05, 0.2)), (-1, (-0.2, -0.05))])
def test_half_life_is_that_of_the_ratio_for_either_sign_of_the_slope(sign: int, limits: tuple[float, float]) -> None:
    half_life, low, high = with_slope(sign * 0.1, *limits).half_life
    assert np.exp(0.1 * half_life) == pytest.approx(2)
    assert (low, high) == pytest.approx((np.log(2) / 0.2, np.log(2) / 0.05))


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.3), (np.nan, np.nan), (0.0, 0.2)])
def test_there_is_no_half_life_if_the_direction_is_not_known(low: float, high: float) -> None:
    assert np.isnan(with_slope(0.1, low, high).half_life).all()


def test_a_slope_needs_two_generations_after_generation_0_and_no_missing_one() -> None:
    values = np.array([[9.0, 1.0, 3.0, 5.0], [9.0, 1.0, np.nan, 5.0]])
    assert slopes(np.arange(4), values)[0] == pytest.approx(2)
    assert np.isnan(slopes(np.arange(4), values)[1])
    assert np.isnan(slopes(np.arange(2), values[:, :2])).all()


def test_only_mix_has_a_stability_boundary_and_gaussians_are_stable_for_every_lambda(
    gaussian_store: Store, digits_store: Store
) -> None:
    (replace, mix, *_), (digits_mix, *_) = (resolve(store[0]).cells for store in (gaussian_store, digits_store))
    assert stability_boundary(replace) is None
    assert stability_boundary(mix) == StabilityBoundary(np.inf, exact=True)
    assert stability_boundary(digits_mix) == SUFFICIENT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["sample.covariance_scale=1.5"], StabilityBoundary(2.0, exact=True)),
        (["loop.sample.temperature=2"], StabilityBoundary(1 / 3, exact=True)),
        (["sample.covariance_scale=0.9"], StabilityBoundary(np.inf, exact=True)),
        (["loop.sample.guide={weight: 0.5}"], None),
        (["model={name: kde, bandwidth: 0.5}"], SUFFICIENT),
        (["model={name: kde, bandwidth: 0.5}", "sample.temperature=0.9"], None),
    ],
)
def test_biased_samples_move_the_boundary_of_a_gaussian(
    changes: list[str], expected: StabilityBoundary | None, make_sweep: MakeSweep
) -> None:
    text = "{name: b, data: gaussian, model: gaussian, loop: {generations: 3}, space: {regime: mix, lambda: 1.0}}"
    cell, *_ = resolve(make_sweep(text, "metrics=[mean_error]", *changes)).cells
    assert stability_boundary(cell) == expected


def test_continuations_of_real_prompts_have_no_boundary(make_sweep: MakeSweep) -> None:
    text = (
        "{name: b, data: {name: stories, rows: 20, length: 24}, model: {name: causal_lm, width: 8, heads: 2}, "
        "initial: {steps: 1}, loop: {generations: 1, budget: {steps: 1}}, train: {batch: 2}, "
        "space: {regime: mix, lambda: 1.0}, metrics: [exact_duplicates]}"
    )
    for changes, expected in ((), SUFFICIENT), (("sample.prompt_tokens=3",), None):
        cell, *_ = resolve(make_sweep(text, *changes)).cells
        assert stability_boundary(cell) == expected


def test_the_frame_has_the_axes_of_each_cell(stabilities: list[Stability], gaussian_store: Store) -> None:
    frame = stability_frame(stabilities, resolve(gaussian_store[0]).cells)
    assert frame["lambda"].tolist() == [1, 0.5, 2]
    assert frame["excess"].tolist() == [stability.excess.mean for stability in stabilities]
