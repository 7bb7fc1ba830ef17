"""The shipped sweep on the weighted mean: where the error is least, how small it is, and a loop with a wrong weight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.regimes.recipe import Recipe
from raysc.regimes.weighted import Weighted
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
OPTIMUM = (np.sqrt(5) - 1) / 2
FEW = ("seeds=200",)


def test_no_claim_fails_at_fewer_seeds(run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge("weighted_mean", tmp_path, run_sweep, *FEW).verdicts
    assert set(verdicts.values()) <= {"holds", "undecided"}
    assert [verdict for says, verdict in verdicts.items() if "worse" in says].count("holds") >= 3


def test_the_least_error_is_at_the_reciprocal_golden_ratio(run_sweep: RunSweep, tmp_path: Path) -> None:
    weights = np.linspace(0.45, 0.79, 5).round(3)
    changes = (f"space.regime.weight={weights.tolist()}", "measure=[10]", "seeds=1000", "claims=[]")
    table = judge("weighted_mean", tmp_path, run_sweep, *changes).table
    errors = table.pivot(index="seed", columns="regime.weight", values="mean_error").to_numpy() / 0.1

    def least(values: np.ndarray) -> tuple[float, float]:
        """Return weight and level of the least error by a polynomial of degree 4 through the means."""
        polynomial = np.polynomial.Polynomial.fit(weights, values.mean(axis=0), 4)
        fine = np.linspace(weights[0], weights[-1], 2001)
        return float(fine[polynomial(fine).argmin()]), float(polynomial(fine).min())

    weight, level = least(errors)
    assert weight == pytest.approx(OPTIMUM, abs=0.02)
    assert level == pytest.approx(OPTIMUM, rel=0.04)


def test_claims_fail_if_real_and_synthetic_rows_exchange_their_weights(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Weighted.recipe

    def exchanged(self: Weighted, generation: int, rows: int, lambda_: Any) -> Recipe:
        return recipe(Weighted(1 - self.weight) if self.weight < 1 else self, generation, rows, lambda_)

    monkeypatch.setattr(Weighted, "recipe", exchanged)
    verdicts = judge("weighted_mean", tmp_path, run_sweep, *FEW).verdicts
    assert [verdict for says, verdict in verdicts.items() if says.startswith("at w = 0.618")] == ["fails"]
