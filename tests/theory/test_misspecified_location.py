"""The shipped sweep on a misspecified family: claims, a broken fit, the numbers of its head, an independent loop."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm, t

from raysc.models.closed_form.student_t import StudentT
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
FEW = ("seeds=12", "data.rows=4000")


@pytest.mark.parametrize(("scale", "expected"), [(0.3, -0.5204), (1.0, -1.5212), (2.0, -1.9387)])
def test_the_rates_are_those_of_the_jacobian(scale: float, expected: float) -> None:
    def curvature(x: float) -> float:
        z = (x / scale) ** 2
        return float(4 / scale**2 * (3 - z) / (3 + z) ** 2)

    of_data = quad(lambda x: curvature(x) * norm.pdf(x), 0, np.inf, limit=500)[0]
    of_model = quad(lambda x: curvature(x) * t.pdf(x, 3, 0, scale), 0, np.inf, limit=500)[0]
    assert 2 * np.log(of_model / (of_data + of_model)) == pytest.approx(expected, abs=1e-3)


def test_no_claim_fails_at_few_seeds(run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge("misspecified_location", tmp_path, run_sweep, *FEW).verdicts
    assert [says for says, verdict in verdicts.items() if verdict == "fails"] == []
    assert "holds" in verdicts.values()


def test_a_claim_fails_if_the_fit_is_the_mean(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mean(self: StudentT, training_set: TrainingSet, streams: Streams) -> Arrays:
        return {"location": training_set.load().mean(axis=1)}

    monkeypatch.setattr(StudentT, "fit", mean)
    verdicts = judge("misspecified_location", tmp_path, run_sweep, *FEW).verdicts
    assert next(verdict for says, verdict in verdicts.items() if "too narrow for" in says) == "fails"


def best(rows: np.ndarray) -> float:
    """Return the likeliest location of rows on a grid, then refined."""

    def loss(location: float) -> float:
        return -float(np.sum(t.logpdf(rows, 3, location, 0.3)))

    start = min(np.linspace(-1, 1, 101).tolist(), key=loss)
    return float(minimize_scalar(loss, bounds=(start - 0.02, start + 0.02)).x)


def test_a_cell_agrees_with_a_loop_of_its_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    few = ("seeds=200", "data.rows=60", "data.dim=1", "space.model.scale=[0.3]", "loop.generations=2", "measure=[2]")
    values = judge("misspecified_location", tmp_path, run_sweep, *few, "claims=[]").table["mean_error"].to_numpy()
    generator, locations = np.random.default_rng(7), []
    for _ in range(300):
        real = generator.normal(size=60)
        location = best(real[:20])
        for _ in range(2):
            location = best(np.concatenate([real, location + 0.3 * generator.standard_t(3, 60)]))
        locations.append(location)
    expected = np.square(locations)
    error = np.hypot(values.std() / np.sqrt(200), expected.std() / np.sqrt(300))
    assert abs(values.mean() - expected.mean()) < 4 * error
