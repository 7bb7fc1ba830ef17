"""The shipped sweep of the lambda-mix, with few seeds: every claim has a verdict, and none is unexpected."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from raysc import registry
from raysc.planning.resolved import resolve
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic
from raysc.regimes.replace import Replace
from raysc.results.claims.judging import judge_claims
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep
from raysc.sweepfile.document import read_document
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


GRIDS = [
    {"regime": "mix", "lambda": [1.0], "data.dim": 10, "data.rows": [20, 2000], "initial.rows": 2},
    {"regime": "replace", "data.dim": 1, "data.rows": [5, 10, 20], "model.ddof": 1},
]
"""The grids of the file, reduced to what its claims A7 and A8 need."""


@pytest.mark.parametrize("broken", [False, True])
def test_claims_on_replace_and_on_the_number_of_rows_fail_in_broken_loops(
    broken: bool, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A7 in a loop that trains on the real rows instead of samples, A8 in one that keeps 20 of the n real rows."""

    def without_samples(self: Replace, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(REAL, rows),))

    def with_twenty_rows(self: Mix, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(REAL, 20), Take(synthetic(generation - 1), per_real_row(lambda_, 20))))

    if broken:
        monkeypatch.setattr(Replace, "recipe", without_samples)
        monkeypatch.setattr(Mix, "recipe", with_twenty_rows)
    claims = [claim for claim in read_document(str(FILE)).value["claims"] if claim["says"][:2] in ("A7", "A8")]
    few = ("seeds=400", "loop.generations=10", f"space={json.dumps(GRIDS)}", f"claims={json.dumps(claims)}")
    verdicts = judge("lambda_mix", tmp_path, run_sweep, *few).verdicts
    assert list(verdicts.values()) == 3 * ["fails" if broken else "holds"]
