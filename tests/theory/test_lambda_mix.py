"""The shipped sweep of the lambda-mix, with few seeds: every claim can be judged, and none turns out false."""

from pathlib import Path

from raysc import registry
from raysc.planning.resolved import resolve
from raysc.results.claims.judging import judge_claims
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep

FILE = Path(__file__).parents[2] / "sweeps/theory/lambda_mix.yaml"


def test_its_claims_can_be_judged_and_those_that_few_seeds_decide_hold(run_sweep, tmp_path):
    sweep = read_sweep(str(FILE), ("seeds=20",), registry)
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    judged = judge_claims(resolve(sweep), load_table(resolve(sweep), objects))
    assert [case.why for claim in judged for case in claim.cases if case.why] == []
    assert not any(claim.unexpected for claim in judged)
    rates = [claim for claim in judged if "per generation" in claim.claim.says]
    assert len(rates) == 4
    assert all(claim.verdict == "holds" for claim in rates[:3])
