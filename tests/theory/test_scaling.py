"""The shipped sweep on scaling: claims hold, and fail on a loop whose errors do not fall with the rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
FEW = ("seeds=30",)


def test_no_claim_fails(run_sweep: RunSweep, tmp_path: Path) -> None:
    judged = judge("scaling_gaussian", tmp_path, run_sweep, *FEW)
    assert set(judged.verdicts.values()) <= {"holds", "undecided"}
    assert "holds" in judged.verdicts.values()


def test_claims_fail_if_fits_have_an_error_that_stays(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = Gaussian.fit

    def shifted(self: Gaussian, training_set: TrainingSet, streams: Streams) -> Arrays:
        state = fit(self, training_set, streams)
        return {**state, "mean": state["mean"] + (0.3 if streams.generation else 0.0)}

    monkeypatch.setattr(Gaussian, "fit", shifted)
    judged = judge("scaling_gaussian", tmp_path, run_sweep, *FEW)
    assert [says[:5] for says, verdict in judged.verdicts.items() if verdict == "fails"] == ["mix: ", "mix: ", "repla"]
