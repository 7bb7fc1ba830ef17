"""Claims about lambda*, on tables with known values."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.claims.judging import JudgedClaim, judge_claims
from tests.conftest import MakeSweep

HEAD = """\
data: {name: gaussian, dim: 2}
model: gaussian
loop: {generations: 3}
space: {regime: mix, lambda: [0.25, 0.5, 1.0], initial.rows: [4, 100]}
metrics: [nll, frechet_distance]
seeds: 6
claims:
  - says: x
    metric: nll
"""

Damage = Callable[[float, int, int], float]
"""Function of (lambda, initial rows, seed); 0 for the control."""


def judged(make_sweep: MakeSweep, damage: Damage, *fields: str, rate: Callable[[float, int], float]) -> JudgedClaim:
    """Judge one claim on a table in which damage grows to its limit by a factor a generation."""
    sweep = make_sweep(HEAD + "".join(f"    {field}\n" for field in fields))
    rows = []
    for cell, settings in enumerate(sweep.cells):
        lambda_, initial = float(settings.lambda_ or 0), int(settings.axes["initial.rows"])
        for seed in range(6):
            control = 10 + math.sin(7 * seed)
            for t in range(4):
                grown = sum(rate(lambda_, initial) ** step for step in range(t))
                value = control + (damage(lambda_, initial, seed) * grown if lambda_ else 0.0)
                rows.append({"cell": cell, "seed": seed, "generation": t, "diverged": False, "nll": value})
    (claim,) = judge_claims(resolve(sweep), pd.DataFrame(rows))
    return claim


def linear(lambda_: float, initial: int, seed: int) -> float:
    """Damage that is three times as large from the worse start."""
    return lambda_ * (3.0 if initial == 4 else 1.0) * (1 + 0.1 * math.cos(seed))


def one(lambda_: float, initial: int) -> float:
    return 1.0


def test_lambda_star_is_where_the_damage_reaches_the_level(make_sweep: MakeSweep) -> None:
    fields = [
        "of: {initial.rows: 100}",
        "than: control",
        "value: {at: 1}",
        "boundary: 0.6",
        "relation: above",
        "by: 0.5",
    ]
    claim = judged(make_sweep, linear, *fields, rate=one)
    expected = np.mean([0.6 / (1 + 0.1 * math.cos(seed)) for seed in range(6)])
    assert (claim.verdict, claim.unit) == ("holds", "lambda")
    assert claim.cases[0].value == pytest.approx(expected)


def test_a_curve_below_the_level_has_a_lambda_star_beyond_the_largest(make_sweep: MakeSweep) -> None:
    fields = ["of: {initial.rows: 100}", "than: control", "value: {at: 1}", "boundary: 9", "relation: above"]
    claim = judged(make_sweep, linear, *fields, "by: 0.9", rate=one)
    assert (claim.verdict, claim.cases[0].low, claim.cases[0].high) == ("holds", 1.0, math.inf)
    assert judged(make_sweep, linear, *fields, "by: 1", rate=one).verdict == "undecided"


@pytest.mark.parametrize("boundary", ["0.6", "{noise: 0.5}"])
def test_a_worse_start_has_a_smaller_lambda_star(make_sweep: MakeSweep, boundary: str) -> None:
    minus = "minus: {of: {initial.rows: 100}, than: control}"
    fields = ["of: {initial.rows: 4}", "than: control", "value: {at: 1}", minus, f"boundary: {boundary}"]
    assert judged(make_sweep, linear, *fields, "relation: below", rate=one).verdict == "holds"
    equal = judged(make_sweep, lambda lambda_, initial, seed: lambda_, *fields, "relation: below", rate=one)
    assert equal.verdict == "undecided"
    same = judged(make_sweep, lambda lambda_, *rest: lambda_, *fields, "relation: within", "by: 0.01", rate=one)
    assert same.verdict == "holds"


def test_the_boundary_of_stability_is_where_rho_is_1(make_sweep: MakeSweep) -> None:
    fields = ["of: {initial.rows: 4}", "than: control", "value: {rho: [0, last]}", "boundary: 1"]

    def rate(lambda_: float, initial: int) -> float:
        return lambda_ / (0.75 if initial == 4 else 1.5)

    claim = judged(make_sweep, linear, *fields, "relation: within", "by: 0.8", rate=rate)
    assert claim.cases[0].value == pytest.approx(0.75)
    minus = "minus: {of: {initial.rows: 100}, than: control}"
    assert judged(make_sweep, linear, *fields, minus, "relation: below", rate=rate).verdict == "holds"
