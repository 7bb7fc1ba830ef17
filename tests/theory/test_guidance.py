"""The shipped sweep on negative guidance: claims, a broken guide, an independent loop."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.settings import Guide
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
CELLS = (
    "space=[{regime: replace, loop.sample.guide.of: [weights], loop.sample.guide.weight: [-1.0, 0.0, 0.5, 0.75, 1.1]}]"
)
FEW = ("seeds=200", CELLS)


def test_no_claim_fails_at_few_seeds(run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge("guidance_gaussian", tmp_path, run_sweep, *FEW).verdicts
    assert [says for says, verdict in verdicts.items() if verdict == "fails"] == []
    assert "holds" in verdicts.values()


def test_a_claim_fails_without_guidance(run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(self: Gaussian, base: Arrays, state: Arrays, guide: Guide) -> Arrays:
        return state

    monkeypatch.setattr(Gaussian, "guided_state", newest)
    verdicts = judge("guidance_gaussian", tmp_path, run_sweep, "seeds=40", CELLS).verdicts
    assert next(verdict for says, verdict in verdicts.items() if "w = 1/2" in says) == "fails"


def test_a_cell_agrees_with_a_loop_of_densities(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=400", "data.rows=50", "data.dim=1", "loop.generations=3", "measure=[3]", "claims=[]")
    cell = "space=[{regime: replace, loop.sample.guide.of: [outputs], loop.sample.guide.weight: [0.4]}]"
    values = judge("guidance_gaussian", tmp_path, run_sweep, *few, cell).table["mean_error"].to_numpy()
    generator, grid, errors = np.random.default_rng(11), np.linspace(-6, 6, 2401), []
    for _ in range(600):
        rows = generator.normal(size=50)
        first = newest = (rows.mean(), rows.std())
        for t in range(3):
            log_density = -0.5 * ((grid - newest[0]) / newest[1]) ** 2
            if t:
                log_density = 1.4 * -0.5 * ((grid - first[0]) / first[1]) ** 2 - 0.4 * log_density
            density = np.exp(log_density - log_density.max())
            rows = generator.choice(grid, 50, p=density / density.sum())
            newest = (rows.mean(), rows.std())
        errors.append(newest[0] ** 2)
    error = np.hypot(values.std() / np.sqrt(400), np.std(errors) / np.sqrt(600))
    assert abs(values.mean() - np.mean(errors)) < 4 * error
