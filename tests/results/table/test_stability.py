import numpy as np
import pytest
from scipy import stats

from raysc.planning.resolved import lines
from raysc.results.statistics.averages import Mean
from raysc.results.table.stability import Stability, boundary, slopes, stability, tabulated
from raysc.results.table.table import load_table, quality_column


@pytest.fixture(scope="module")
def found(gaussian_store):
    sweep, objects = gaussian_store
    return stability(lines(sweep), load_table(sweep, objects), quality_column(sweep))


def test_every_cell_but_the_control_is_compared_with_it_seed_by_seed(found, gaussian_store):
    sweep, objects = gaussian_store
    table = load_table(sweep, objects)
    assert [one.cell for one in found] == [0, 1, 2]
    values = table.pivot(index="seed", columns=["cell", "generation"], values="frechet_distance")
    ratios = np.log(values[0] / values[3])
    last = ratios[4].to_numpy()
    assert found[0].excess.mean == pytest.approx(last.mean())
    half = stats.t.ppf(0.975, 2) * stats.sem(last)
    assert found[0].excess.high - found[0].excess.mean == pytest.approx(half)
    fits = [stats.linregress([1, 2, 3, 4], ratios.loc[seed, [1, 2, 3, 4]]).slope for seed in range(3)]
    assert found[0].slope.mean == pytest.approx(np.mean(fits))
    assert found[0].initial_quality == pytest.approx(table.loc[table["cell"] == 0, "initial_quality"].mean())


def with_slope(mean: float, low: float, high: float) -> Stability:
    return Stability(0, 0.0, 5, Mean(1.0, 0.9, 1.1, 3), Mean(mean, low, high, 3), 3, 0)


@pytest.mark.parametrize(("sign", "ends"), [(1, (0.05, 0.2)), (-1, (-0.2, -0.05))])
def test_a_half_life_is_that_of_the_ratio_whichever_way_it_goes(sign, ends):
    life, low, high = with_slope(sign * 0.1, *ends).half_life
    assert np.exp(0.1 * life) == pytest.approx(2)
    assert (low, high) == (pytest.approx(np.log(2) / 0.2), pytest.approx(np.log(2) / 0.05))


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.3), (np.nan, np.nan), (0.0, 0.2)])
def test_there_is_no_half_life_where_the_direction_is_not_known(low, high):
    assert np.isnan(with_slope(0.1, low, high).half_life).all()


def test_a_slope_needs_two_generations_after_the_first_and_all_of_them():
    values = np.array([[9.0, 1.0, 3.0, 5.0], [9.0, 1.0, np.nan, 5.0]])
    assert slopes(np.arange(4), values)[0] == pytest.approx(2)
    assert np.isnan(slopes(np.arange(4), values)[1])
    assert np.isnan(slopes(np.arange(2), values[:, :2])).all()


def test_theory_has_a_line_for_mix_alone_and_knows_it_for_gaussians_alone(gaussian_store, digits_store):
    gaussian, digits = (lines(store[0]) for store in (gaussian_store, digits_store))
    assert boundary(gaussian[0]) is None
    assert boundary(gaussian[1]).known
    assert not boundary(digits[0]).known
    assert boundary(digits[0]).lambda_ == 0.5


def test_the_table_has_the_axes_of_each_cell(found, gaussian_store):
    table = tabulated(found, lines(gaussian_store[0]))
    assert table["lambda"].tolist() == [1, 0.5, 2]
    assert table["excess"].tolist() == [one.excess.mean for one in found]
