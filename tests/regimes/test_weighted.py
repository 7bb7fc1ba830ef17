"""Weighted real and newest rows, compared with the theorem of He, Xu and Cheng 2025."""

from fractions import Fraction

import numpy as np
import pytest

from raysc.datasets.points.gaussian import Gaussian as Normal
from raysc.errors import InputError
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Rules, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, fresh, synthetic
from raysc.regimes.weighted import Weighted
from raysc.settings import CellSettings, Component, Initial, Sample, Train

SEEDS = tuple(range(3000))
N = 25
LAST = 6
OPTIMUM = (5**0.5 - 1) / 2


def squared_errors(regime: Weighted) -> np.ndarray:
    """Return the squared errors of the mean, one dimension, (generations, seeds)."""
    data, block_store = Normal(dim=1, rows=N), MemoryBlockStore()
    cell = CellSettings(
        data=Component(name="gaussian"), model=Component(name="gaussian"), regime=Component(name="weighted"),
        lambda_=1.0, initial=Initial(), train=Train(), sample=Sample(), loop_train=Train(), loop_sample=Sample(),
        start="previous", budget=None, axes={},
    )  # fmt: skip
    crew = ClosedFormRank(Gaussian(), SEEDS)

    def new_rows(generation: int, first: int, count: int) -> Rows:
        rows = data.fresh(SEEDS, generation, count)
        return Rows(fresh(generation), (MemoryBlock(fresh(generation), 0, rows),))

    sources = {REAL: Rows(REAL, (MemoryBlock(REAL, 0, data.train(SEEDS)),))}
    loop = self_consuming_loop(
        Rules(cell, regime, N), crew, sources, SEEDS, range(LAST + 1), new_rows, lambda t: block_store
    )  # fmt: skip
    return np.stack([np.square(crew.state["mean"][:, 0]) for _ in loop])


def expected(weight: float) -> np.ndarray:
    """Return the expected squared errors by generation: fitted variance and squared error add up to 1."""
    errors = [1 / N]
    for _ in range(LAST):
        errors.append((weight**2 + (1 - weight) ** 2 * (1 - errors[-1])) / N + (1 - weight) ** 2 * errors[-1])
    return np.array(errors)


def agrees(errors: np.ndarray, theory: np.ndarray) -> bool:
    standard_errors = errors.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
    return bool((np.abs(errors.mean(axis=1) - theory) < 4 * standard_errors).all())


@pytest.mark.slow
def test_the_error_of_the_mean_is_that_of_the_theorem_and_least_at_the_golden_ratio() -> None:
    errors = {weight: squared_errors(Weighted(weight)) for weight in (0.4, OPTIMUM, 0.85)}
    assert all(agrees(errors[weight], expected(weight)) for weight in errors)
    for weight in (0.4, 0.85):
        excess = errors[weight][-1] - errors[OPTIMUM][-1]
        assert excess.mean() > 2 * excess.std() / np.sqrt(len(SEEDS))
    # A loop with the weights of real and synthetic rows exchanged disagrees.
    assert not agrees(errors[0.4], expected(0.6))
    assert not agrees(errors[0.85], expected(0.15))


def test_the_recursion_settles_at_the_limit_of_the_theorem() -> None:
    grid = np.linspace(0.3, 1, 701)
    limit = (2 * grid**2 - 2 * grid + 1) / (2 * grid - grid**2)
    assert abs(grid[limit.argmin()] - OPTIMUM) < 1e-3
    assert abs(limit.min() - OPTIMUM) < 1e-5
    assert abs(expected(OPTIMUM)[-1] * N - OPTIMUM) < 0.02


def test_it_takes_new_real_rows_and_the_newest_with_their_weights() -> None:
    real, newest = Weighted(0.75).recipe(3, 10, Fraction(1, 2)).takes
    assert (real.source, real.count, real.weight) == (fresh(3), 10, 0.75)
    assert (newest.source, newest.count, newest.weight) == (synthetic(2), 5, 0.25)
    assert [take.source for take in Weighted(1.0).recipe(3, 10, Fraction(1)).takes] == [fresh(3)]
    for weight in (0.0, 1.1, float("nan")):
        with pytest.raises(InputError, match="weight must be above 0 and at most 1"):
            Weighted(weight)
