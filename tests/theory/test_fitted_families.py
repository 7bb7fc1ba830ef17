"""Sweeps on logistic regression, ridge regression and mixtures: claims, broken loops, and independent loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.models.mixtures.gaussian_mixture import GaussianMixture
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic
from raysc.regimes.replace import Replace
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]

FEW = {
    "logistic_efficiency": ("seeds=20", "measure=[0, 10]"),
    "ridge_spectrum": ("seeds=3", "data.rows=5000"),
    "mixture_drift": ("seeds=5",),
}
"""Sweep file -> overrides with which it runs in a few seconds."""


@pytest.mark.parametrize("name", FEW)
def test_no_claim_fails_at_few_seeds_and_some_hold(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge(name, tmp_path, run_sweep, *FEW[name]).verdicts
    assert [says for says, verdict in verdicts.items() if verdict == "fails"] == []
    assert "holds" in verdicts.values()


def newest_rows(self: Accumulate, generation: int, rows: int, lambda_: Any) -> Recipe:
    return Recipe((Take(synthetic(generation - 1), rows),))


def real_rows(self: Replace, generation: int, rows: int, lambda_: Any) -> Recipe:
    return Recipe((Take(REAL, rows),))


BROKEN: dict[str, tuple[type, Callable[..., Recipe], tuple[str, ...]]] = {
    "logistic_efficiency": (Accumulate, newest_rows, ("accumulate: the error is below pi^2/6",)),
    "ridge_spectrum": (Accumulate, newest_rows, ("accumulate: it is 0.111",)),
    "mixture_drift": (Replace, real_rows, ("with the probability 0.8631", "the total variance is 0.9863")),
}
"""Sweep file -> regime, its broken recipe, and a part of each claim that fails."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_claim_fails_in_a_broken_loop(
    name: str, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regime, recipe, claims = BROKEN[name]
    monkeypatch.setattr(regime, "recipe", recipe)
    verdicts = judge(name, tmp_path, run_sweep, *FEW[name]).verdicts
    for claim in claims:
        assert [verdict for says, verdict in verdicts.items() if claim in says] == ["fails"], claim


def agree(values: np.ndarray, expected: np.ndarray) -> bool:
    """Return True if two means agree within four standard errors."""
    error = np.hypot(values.std() / np.sqrt(len(values)), expected.std() / np.sqrt(len(expected)))
    return bool(abs(values.mean() - expected.mean()) < 4 * error)


def test_logistic_fits_agree_with_a_loop_that_minimises_the_loss(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=200", "data.rows=60", "data.dim=2", "loop.generations=2", "measure=[2]", "claims=[]")
    table = judge("logistic_efficiency", tmp_path, run_sweep, *few, "space.regime=[accumulate]").table
    generator, errors = np.random.default_rng(8), []
    held_out = generator.standard_normal((1000, 2))
    for _ in range(300):
        x = generator.standard_normal((60, 2))
        weights, labels = np.ones(2) / np.sqrt(2), []
        for _ in range(3):
            labels.append(generator.random(60) < expit(x @ weights))
            weights = best_weights(x, np.mean(labels, axis=0), weights)
        difference = expit(held_out @ weights) - expit(held_out @ np.ones(2) / np.sqrt(2))
        errors.append(np.square(difference).mean())
    assert agree(table["test_error"].to_numpy(), np.array(errors))


def best_weights(x: np.ndarray, y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the minimum of the mean log loss of labels, or of their means over several draws."""

    def loss(weights: np.ndarray) -> float:
        odds = x @ weights
        return float((np.logaddexp(0, odds) - y * odds).mean())

    best: np.ndarray = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}).x
    return best


def test_ridge_regressions_agree_with_a_loop_of_their_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=100", "data.rows=60", "data.dim=5", "loop.generations=3", "measure=[3]", "claims=[]")
    table = judge("ridge_spectrum", tmp_path, run_sweep, *few, "space.model.ridge=[0.01]").table
    generator, scale = np.random.default_rng(9), 1 / np.arange(1, 6)
    errors: dict[str, list[float]] = {"replace": [], "accumulate": []}
    for regime, of_regime in errors.items():
        for _ in range(400):
            x, weights, labels = generator.standard_normal((60, 5)) * scale, np.ones(5), []
            for _ in range(4):
                labels.append(x @ weights + 0.5 * generator.standard_normal(60))
                y = labels[-1] if regime == "replace" else np.mean(labels, axis=0)
                penalty = np.sqrt(60 * 0.01) * np.eye(5)
                weights = np.linalg.lstsq(np.vstack([x, penalty]), np.append(y, np.zeros(5)), rcond=None)[0]
            of_regime.append(np.square(scale * (weights - 1)).sum())
    for regime, of_regime in errors.items():
        values = table[table["regime"] == regime]["test_error"].to_numpy()
        assert agree(values, np.array(of_regime)), regime


def test_mixture_weights_agree_with_multinomial_draws(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=60", "data.rows=300", "loop.generations=2", "measure=[2]", "claims=[]")
    table = judge("mixture_drift", tmp_path, run_sweep, *few, "space=[{regime: replace}]").table
    generator, weights = np.random.default_rng(10), np.full((4000, 8), 1 / 8)
    for _ in range(3):
        weights = generator.multinomial(300, weights) / 300
    assert agree(table["heterozygosity"].to_numpy(), 1 - np.square(weights).sum(axis=1))


def test_components_contract_by_the_share_of_rows_that_their_means_take() -> None:
    family, seeds = GaussianMixture(components=8), tuple(range(12))
    rows, shares = EightGaussians(rows=160, noise=0.1).train(seeds), []
    for t in range(4):
        block = MemoryBlock((t,), 0, np.asarray(rows, float))
        state = family.fit(TrainingSet((Rows(REAL, (block,)),)), Streams(seeds, t))
        rows = family.sample(state, 0, 160, Streams(seeds, t))
        traces = np.trace(state["covariances"], axis1=2, axis2=3)
        shares.append((state["weights"] * traces).sum(axis=1) / (2 * 0.1**2))
    # The means of 8 components take 8 of 160 degrees of freedom at each fit.
    assert agree(shares[-1], np.full(2, (1 - 8 / 160) ** 4))
    assert shares[-1].mean() < 0.9
