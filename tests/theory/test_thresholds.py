"""The shipped searches for thresholds of Gaussians, with few runs: claims hold, and fail on a broken loop."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.loop import Rules
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.regimes.recipe import Recipe
from raysc.results.claims.judging import judge_claims
from raysc.results.table.table import load_table
from raysc.results.thresholds.rounds import SearchState, read_state, run_rounds
from raysc.settings import Sample
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep
from tests.theory.deck import FOLDER

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
FEW = {
    "threshold_gaussian": ("data.rows=200", "search.width=0.25", "search.runs=100"),
    "start_gaussian": ("search.width=0.25", "search.runs=60"),
}


def judge_search(name: str, folder: Path, run_sweep: RunSweep) -> dict[str, str]:
    """Run the search of sweeps/theory/NAME.yaml with few rows and runs; return the verdicts by claim."""
    sweep, objects = read_sweep(str(FOLDER / f"{name}.yaml"), FEW[name], registry), Objects.open(str(folder))

    def run(state: SearchState) -> dict[str, str]:
        run_sweep(state.resolved.sweep, objects)
        return {}

    state, _ = run_rounds(read_state(sweep, objects), objects, run, lambda text: None)
    judged = judge_claims(state.resolved, load_table(state.resolved, objects))
    return {claim.claim.says: claim.verdict for claim in judged}


@pytest.mark.parametrize("name", ["threshold_gaussian", "start_gaussian"])
def test_claims_hold(name: str, run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge_search(name, tmp_path, run_sweep)
    assert set(verdicts.values()) <= {"holds", "undecided"}
    assert "holds" in verdicts.values()


def test_thresholds_fail_if_the_bias_is_on_the_deviation(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Gaussian, state: Arrays, sample: Sample) -> Arrays:
        return {**state, "covariance": state["covariance"] * np.sqrt(sample.covariance_scale)}

    monkeypatch.setattr(Gaussian, "sampling_state", broken)
    verdicts = judge_search("threshold_gaussian", tmp_path, run_sweep)
    failed = [says for says, verdict in verdicts.items() if verdict == "fails"]
    assert len([says for says in failed if "lambda* is" in says]) == 3


def test_claims_on_the_start_fail_if_a_poor_start_keeps_a_quarter_of_the_real_rows(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Rules.recipe

    def broken(self: Rules, generation: int) -> Recipe:
        real, *others = recipe(self, generation).takes
        rows = self.rows if generation == 0 or self.settings.initial.rows == self.rows else self.rows // 4
        return Recipe((replace(real, count=min(real.count, rows)), *others))

    monkeypatch.setattr(Rules, "recipe", broken)
    assert set(judge_search("start_gaussian", tmp_path, run_sweep).values()) == {"fails"}
