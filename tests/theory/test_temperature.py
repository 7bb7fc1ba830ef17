"""The shipped sweeps on temperatures: claims hold, fail on broken loops, and cells agree with independent loops."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.settings import Sample
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
FEW = ("seeds=12", "data.rows=400")


def test_gaussian_claims_hold(run_sweep: RunSweep, tmp_path: Path) -> None:
    judged = judge("temperature_gaussian", tmp_path, run_sweep, "seeds=20")
    assert set(judged.verdicts.values()) <= {"holds", "undecided"}
    assert [says for says in judged.differing() if "rho" in says] == []


def test_gaussian_claims_fail_if_the_bias_is_on_the_deviation(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Gaussian, state: Arrays, sample: Sample) -> Arrays:
        return {**state, "covariance": state["covariance"] * np.sqrt(sample.covariance_scale)}

    monkeypatch.setattr(Gaussian, "sampling_state", broken)
    judged = judge("temperature_gaussian", tmp_path, run_sweep, *FEW)
    failed = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert len([says for says in failed if "rho" in says]) == 3
    assert len([says for says in failed if "twice that of the real rows" in says]) == 3
    assert any("follows theory" in says for says in failed)


def variance_of_mix(c: float, lambda_: float, n: int, generations: int, seeds: int) -> np.ndarray:
    """Simulate the mix of one-dimensional Gaussians; return the variances of the last model, (seeds,)."""
    generator = np.random.default_rng(5)
    real = generator.normal(size=(seeds, n))
    rows = real
    for _ in range(generations):
        deviation = np.sqrt(c * rows.var(axis=1, keepdims=True))
        samples = rows.mean(axis=1, keepdims=True) + deviation * generator.normal(size=(seeds, int(lambda_ * n)))
        rows = np.concatenate([real, samples], axis=1)
    variances: np.ndarray = rows.var(axis=1)
    return variances


@pytest.mark.parametrize(("c", "lambda_"), [(1.5, 1.0), (1.5, 4.0), (1.0, 8.0)])
def test_gaussian_cells_agree_with_a_loop_of_their_own(
    c: float, lambda_: float, run_sweep: RunSweep, tmp_path: Path
) -> None:
    cell = f"{{regime: mix, lambda: {lambda_:g}, sample.covariance_scale: {c:g}}}"
    few = ("seeds=300", "data.rows=60", "data.dim=1", "loop.generations=10", "measure=[10]", "claims=[]")
    table = judge("temperature_gaussian", tmp_path, run_sweep, *few, f"space=[{cell}]").table
    values, expected = table["trace_ratio"].to_numpy(), variance_of_mix(c, lambda_, 60, 10, 300)
    error = np.hypot(values.std(), expected.std()) / np.sqrt(300)
    assert abs(values.mean() - expected.mean()) < 4 * error


def test_discrete_claims_hold(run_sweep: RunSweep, tmp_path: Path) -> None:
    judged = judge("temperature_discrete", tmp_path, run_sweep, "seeds=12")
    assert set(judged.verdicts.values()) <= {"holds", "undecided"}
    assert [says for says in judged.differing() if "takes over" in says or "without real rows" in says] == []


def test_discrete_claims_fail_if_the_power_is_the_temperature(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Discrete, state: Arrays, sample: Sample) -> Arrays:
        return {**state, "counts": (state["counts"] / state["counts"].max(axis=1)[:, None]) ** sample.temperature}

    monkeypatch.setattr(Discrete, "sampling_state", broken)
    judged = judge("temperature_discrete", tmp_path, run_sweep, *FEW)
    failed = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert len([says for says in failed if "without real rows" in says]) == 2
    assert len([says for says in failed if "takes over" in says]) == 2


def entropy_of_mix(temperature: float, lambda_: int, n: int, generations: int, seeds: int) -> np.ndarray:
    """Simulate the mix of outcomes with probabilities 0.4, 0.3, 0.2 and 0.1; return the last entropies, (seeds,)."""
    generator, entropies = np.random.default_rng(6), np.empty(seeds)
    for seed in range(seeds):
        real = generator.multinomial(n, [0.4, 0.3, 0.2, 0.1])
        p = real / n
        for _ in range(generations):
            power = p ** (1 / temperature)
            p = (real + generator.multinomial(lambda_ * n, power / power.sum())) / ((1 + lambda_) * n)
        entropies[seed] = -(p * np.log(np.where(p > 0, p, 1))).sum()
    return entropies


def test_a_discrete_cell_agrees_with_a_loop_of_its_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=300", "data.rows=50", "loop.generations=8", "measure=[8]", "claims=[]")
    cell = "space=[{regime: mix, lambda: 4, sample.temperature: 0.8}]"
    values = judge("temperature_discrete", tmp_path, run_sweep, *few, cell).table["entropy"].to_numpy()
    expected = entropy_of_mix(0.8, 4, 50, 8, 300)
    assert abs(values.mean() - expected.mean()) < 4 * np.hypot(values.std(), expected.std()) / np.sqrt(300)
