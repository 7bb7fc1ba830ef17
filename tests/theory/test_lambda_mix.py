"""The shipped sweep of the lambda-mix, with few seeds: every claim has a verdict, and none is unexpected."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from raysc import registry
from raysc.planning.resolved import resolve
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic
from raysc.results.claims.judging import judge_claims
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep
from tests.theory.deck import judge

pytestmark = pytest.mark.slow

RunSweep = Callable[[Sweep, Objects], None]

FILE = Path(__file__).parents[2] / "sweeps/theory/lambda_mix.yaml"


def test_claims_have_verdicts_and_hold_if_few_seeds_decide_them(run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep = read_sweep(str(FILE), ("seeds=20",), registry)
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    judged = judge_claims(resolve(sweep), load_table(resolve(sweep), objects))
    assert [case.why for claim in judged for case in claim.cases if case.why] == []
    assert not any(claim.unexpected(strict=False) for claim in judged)
    rates = [claim for claim in judged if "per generation" in claim.claim.says]
    assert len(rates) == 4
    assert all(claim.verdict == "holds" for claim in rates[:3])


def test_claims_fail_if_samples_are_a_share_of_the_training_set(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda / (1 + lambda) rows for each real one, and a rate of lambda / (1 + 2 lambda)."""

    def broken(self: Mix, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        count = per_real_row(lambda_ / (1 + lambda_), rows)
        return Recipe((Take(REAL, rows), Take(synthetic(generation - 1), count)))

    monkeypatch.setattr(Mix, "recipe", broken)
    judged = judge("lambda_mix", tmp_path, run_sweep, "seeds=5")
    failed = [says for says, verdict in judged.verdicts.items() if verdict == "fails"]
    assert len([says for says in failed if "per generation" in says]) == 3
    assert any("follows theory" in says for says in failed)
