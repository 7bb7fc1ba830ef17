"""Shipped theory sweeps: claims at few seeds, claims of loops that are broken on purpose, and independent loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.models.closed_form.uniform_with_spike import UniformWithSpike
from raysc.models.family import Arrays
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.recipe import Recipe, Take, synthetic
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]

FEW = {
    "asymptotic_efficiency": ("seeds=60", "loop.generations=20", "measure=[0, 1, 10, 20]"),
    "consistency_over_time": ("seeds=12", "loop.generations=200", "measure=[0, 50, 100, 150, 200]"),
    "immediate_collapse": ("seeds=40", "space.data.rows=[100, 1000, 10000, 100000]"),
    "fresh_share": ("seeds=300",),
    "gaussian_collapse_rate": ("seeds=200",),
    "forgotten_outcomes": ("seeds=12", "loop.generations=150"),
}
"""Sweep file -> overrides with which it runs in a few seconds."""


@pytest.mark.parametrize("name", FEW)
def test_no_claim_fails_at_few_seeds_and_some_hold(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge(name, tmp_path, run_sweep, *FEW[name]).verdicts
    assert [says for says, verdict in verdicts.items() if verdict == "fails"] == []
    assert "holds" in verdicts.values() or name in ("consistency_over_time", "fresh_share")


def newest_only(self: Accumulate, generation: int, rows: int, lambda_: Any) -> Recipe:
    """Return the recipe of a loop that forgets the rows between the real and the newest ones, and the real ones."""
    return Recipe((Take(synthetic(generation - 1), rows),))


def sample_below_one(self: UniformWithSpike, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
    rows: np.ndarray = original_sample(self, state, first, count, streams)
    return np.where(rows > 1, rows - 1, rows)


original_sample = UniformWithSpike.sample

BROKEN: dict[str, tuple[object, str, object, str]] = {
    "asymptotic_efficiency": (Accumulate, "recipe", newest_only, "accumulate: the error of the mean is at most"),
    "consistency_over_time": (Accumulate, "recipe", newest_only, "the error does not grow"),
    "immediate_collapse": (UniformWithSpike, "sample", sample_below_one, "for a third of the seeds"),
}
"""Sweep file -> class, method, its broken version, and part of the claim that fails."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_claim_fails_in_a_broken_loop(
    name: str, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component, method, broken, claim = BROKEN[name]
    monkeypatch.setattr(component, method, broken)
    verdicts = judge(name, tmp_path, run_sweep, *FEW[name]).verdicts
    assert [verdict for says, verdict in verdicts.items() if claim in says] == ["fails"]


@pytest.mark.parametrize(
    ("name", "overrides", "claim"),
    [
        ("fresh_share", ("space.regime.fresh=[false]",), "a share of 0.5 of new real rows: the error settles"),
        ("gaussian_collapse_rate", ("model.ddof=1",), "n = 40: a typical run loses"),
        ("forgotten_outcomes", ("space.lambda=[2]",), "an outcome with 10 rows"),
    ],
)
def test_a_claim_fails_in_another_loop(
    name: str, overrides: tuple[str, ...], claim: str, run_sweep: RunSweep, tmp_path: Path
) -> None:
    verdicts = judge(name, tmp_path, run_sweep, *FEW[name], *overrides).verdicts
    assert [verdict for says, verdict in verdicts.items() if claim in says] == ["fails"]


def agree(values: np.ndarray, expected: np.ndarray) -> bool:
    """Return True if two means agree within four standard errors."""
    error = np.hypot(values.std() / np.sqrt(len(values)), expected.std() / np.sqrt(len(expected)))
    return bool(abs(values.mean() - expected.mean()) < 4 * error)


def test_exponentials_under_accumulate_agree_with_a_loop_of_their_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    cell = "space=[{data: [{name: exponential, rows: 20}], model: exponential, regime: accumulate}]"
    few = ("seeds=400", "loop.generations=8", "measure=[8]", "claims=[]")
    values = judge("asymptotic_efficiency", tmp_path, run_sweep, cell, *few).table["mean_error"].to_numpy()
    generator = np.random.default_rng(3)
    rows = generator.exponential(size=(4000, 20))
    for _ in range(8):
        rows = np.hstack([rows, generator.exponential(rows.mean(axis=1, keepdims=True), (4000, 20))])
    assert agree(values, np.square(rows.mean(axis=1) - 1))


def test_a_fresh_share_agrees_with_a_loop_of_its_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=1000", "loop.generations=5", "measure=[5]", "space.regime.real=[0.2]", "claims=[]")
    table = judge("fresh_share", tmp_path, run_sweep, *few).table
    generator = np.random.default_rng(4)
    p = generator.binomial(30, 0.3, 20_000) / 30
    for _ in range(5):
        p = (generator.binomial(6, 0.3, 20_000) + generator.binomial(24, p)) / 30
    assert agree(table["l2_error"].to_numpy(), 2 * np.square(p - 0.3))


def test_the_deviation_of_a_gaussian_agrees_with_a_loop_of_its_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=1000", "loop.generations=4", "measure=[4]", "space.data.rows=[10]", "claims=[]")
    table = judge("gaussian_collapse_rate", tmp_path, run_sweep, *few).table
    generator = np.random.default_rng(5)
    deviation = np.ones((20_000, 1))
    for _ in range(5):
        deviation = (deviation * generator.normal(size=(20_000, 10))).std(axis=1, keepdims=True)
    assert agree(table["std_ratio"].to_numpy(), deviation[:, 0])


def test_the_loss_of_outcomes_agrees_with_a_loop_of_its_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=200", "loop.generations=20", "measure=[20]", "claims=[]", "space.data.outcomes=[80]")
    table = judge("forgotten_outcomes", tmp_path, run_sweep, *few).table
    generator, survival = np.random.default_rng(6), []
    for _ in range(200):
        p = np.full(80, 1 / 80)
        for _ in range(21):
            p = generator.multinomial(800, p) / 800
        survival.append((p[:72] > 0).mean())
    assert agree(table["rare_outcome_survival[mass=0.9]"].to_numpy(), np.array(survival))


def test_the_share_of_collapsed_seeds_is_that_of_the_formula(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=400", "space.data.rows=[300]", "claims=[]")
    table = judge("immediate_collapse", tmp_path, run_sweep, *few).table
    first, second = (table[table["generation"] == t]["total_variation"].to_numpy() for t in (0, 1))
    expected = 1 - (1 - first / 2) ** 300
    assert abs((second == 0.5).mean() - expected.mean()) < 4 * np.sqrt(expected.mean() * 0.7 / 400)
