"""The shipped sweep on new real rows: its claims at fewer seeds, a loop without new rows, and an independent loop."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from raysc.regimes.fresh import Fresh
from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]
FEW = ("seeds=60", "loop.generations=20", "measure=[0, 20]")


def test_no_claim_fails_at_fewer_seeds(run_sweep: RunSweep, tmp_path: Path) -> None:
    verdicts = judge("fresh_gaussian", tmp_path, run_sweep, *FEW).verdicts
    assert set(verdicts.values()) <= {"holds", "undecided"}
    assert list(verdicts.values()).count("holds") >= 4


def test_claims_fail_in_a_loop_that_keeps_its_real_rows(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(self: Fresh, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(REAL, rows), Take(synthetic(generation - 1), per_real_row(lambda_, rows))))

    monkeypatch.setattr(Fresh, "recipe", kept)
    judged = judge("fresh_gaussian", tmp_path, run_sweep, *FEW)
    failed = judged.differing("holds")
    assert len([says for says in failed if says.startswith("lambda")]) == 3
    assert [judged.verdicts[says] for says in failed if "worth real rows" in says] == ["fails"]


def test_errors_agree_with_a_loop_of_their_own(run_sweep: RunSweep, tmp_path: Path) -> None:
    changes = ("space=[{regime: fresh, lambda: 2}]", "data.dim=1", "data.rows=20", "loop.generations=8")
    errors = judge("fresh_gaussian", tmp_path, run_sweep, *changes, "seeds=2000", "measure=[8]", "claims=[]").table
    generator = np.random.default_rng(5)
    rows = generator.standard_normal((20_000, 20))
    for _ in range(8):
        mean, spread = rows.mean(axis=1, keepdims=True), rows.std(axis=1, keepdims=True)
        samples = mean + spread * generator.standard_normal((20_000, 40))
        rows = np.hstack([generator.standard_normal((20_000, 20)), samples])
    values, expected = errors["mean_error"].to_numpy(), np.square(rows.mean(axis=1))
    standard_error = np.hypot(values.std() / np.sqrt(len(values)), expected.std() / np.sqrt(len(expected)))
    assert abs(values.mean() - expected.mean()) < 4 * standard_error
