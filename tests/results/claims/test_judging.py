"""Claims on tables with known values."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.claims.judging import JudgedClaim, judge_claims
from tests.conftest import MakeSweep

pytestmark = pytest.mark.slow

HEAD = """\
data: {name: gaussian, dim: 2}
model: gaussian
loop: {generations: 10}
space: {regime: [replace, accumulate], data.rows: [10, 20, 40]}
metrics: [trace_ratio, nll]
measure: [0, 1, 2, 5, 10]
"""
"""trace_ratio is compared by ratio, nll by difference. Cells 0 to 2 are replace, 3 to 5 accumulate, 6 to 8 controls."""

GENERATIONS = (0, 1, 2, 5, 10)
NO_COLUMNS: Mapping[str, float] = {}


Number = Callable[..., float]
"""Function of (regime, rows, seed, t)."""


class Judge:
    """Judges one claim on a table whose values a function gives."""

    def __init__(self, make_sweep: MakeSweep) -> None:
        self._make_sweep = make_sweep

    def __call__(
        self,
        number: Number,
        *,
        seeds: int = 5,
        keep: Callable[[dict[str, Any]], bool] = lambda row: True,
        diverged: Callable[..., bool] = lambda *point: False,
        columns: Mapping[str, float] = NO_COLUMNS,
        **fields: object,
    ) -> JudgedClaim:
        """Return the judged claim.

        Args:
            number: value of the metric for (regime, rows, seed, t).
            seeds: number of seeds.
            keep: False for rows that the table lacks.
            diverged: True for (regime, rows, seed, t) of a diverged model.
            columns: further columns of the table.
            fields: fields of the claim.
        """
        claim = {"says": "x", "metric": "trace_ratio", "relation": "above", **fields}
        claim_yaml = "".join(f"    {name}: {value}\n" for name, value in claim.items())
        sweep = self._make_sweep(f"{HEAD}seeds: {seeds}\nclaims:\n  -\n{claim_yaml}")
        rows = []
        for cell, settings in enumerate(sweep.cells):
            for seed in range(seeds):
                for t in GENERATIONS:
                    point = settings.regime.name, settings.axes["data.rows"], seed, t
                    row = {"cell": cell, "seed": seed, "generation": t, "diverged": diverged(*point)}
                    value = math.nan if row["diverged"] else number(*point)
                    rows.append({**row, str(claim["metric"]): value})
        table = pd.DataFrame([row for row in rows if keep(row)], columns=[*rows[0]]).assign(**columns)
        (judged,) = judge_claims(resolve(sweep), table)
        return judged


@pytest.fixture
def judge(make_sweep: MakeSweep) -> Judge:
    return Judge(make_sweep)


def jitter(seed: int) -> float:
    """Noise that all cells of a seed share."""
    return 1 + 0.1 * math.sin(7 * seed)


def by_regime(replace: float, accumulate: float = 1.0, control: float = 1.0) -> Number:
    """Return a function with one value for each regime, times the jitter."""
    values = {"replace": replace, "accumulate": accumulate, "real_only": control}
    return lambda regime, rows, seed, t: values[regime] * jitter(seed)


REPLACE = "{regime: replace, data.rows: 10}"
ACCUMULATE = "{regime: accumulate, data.rows: 10}"


def test_a_ratio_is_the_geometric_mean_of_the_seeds_ratios(judge: Judge) -> None:
    values = [1.5, 2.0, 2.5, 1.8, 2.2]
    claim = judge(
        lambda regime, rows, seed, t: values[seed] if regime == "replace" else 1.0, of=REPLACE, than=ACCUMULATE
    )
    (case,) = claim.cases
    logs = np.log(values)
    half = 2.776445 * logs.std(ddof=1) / math.sqrt(5)
    assert (claim.verdict, claim.unit, case.seeds) == ("holds", "ratio", 5)
    assert case.value == pytest.approx(math.exp(logs.mean()))
    y = half / logs.mean()  # all logarithms are positive, so the upper limit allows for a long tail
    high = logs.mean() * math.exp(y + y**2)
    assert (case.low, case.high) == pytest.approx((math.exp(logs.mean() - half), math.exp(high)))


def test_seeds_are_paired(judge: Judge) -> None:
    claim = judge(
        lambda regime, rows, seed, t: 10.0**seed * (2 if regime == "replace" else 1), of=REPLACE, than=ACCUMULATE
    )
    assert claim.verdict == "holds"
    assert claim.cases[0].low == pytest.approx(2)


@pytest.mark.parametrize(
    ("relation", "by", "value", "verdict"),
    [
        ("above", 1.5, 2.0, "holds"),
        ("above", 2.5, 2.0, "fails"),
        ("below", 2.5, 2.0, "holds"),
        ("below", 1.5, 2.0, "fails"),
        ("within", 1.1, 1.05, "holds"),
        ("within", 1.1, 0.95, "holds"),
        ("within", 1.1, 1.3, "fails"),
        ("within", 1.1, 0.7, "fails"),
    ],
)
def test_relations(judge: Judge, relation: str, by: float, value: float, verdict: str) -> None:
    assert judge(by_regime(value), of=REPLACE, than=ACCUMULATE, relation=relation, by=by).verdict == verdict


def test_differences_on_a_linear_scale(judge: Judge) -> None:
    claim = judge(
        lambda regime, rows, seed, t: (3.0 if regime == "replace" else 1.0) + 0.01 * seed * (regime == "replace"),
        metric="nll",
        of=REPLACE,
        than=ACCUMULATE,
        by=1.5,
    )
    assert (claim.verdict, claim.unit) == ("holds", "difference")
    assert claim.cases[0].value == pytest.approx(2.02)


def test_against_a_number_generation_0_and_the_control(judge: Judge) -> None:
    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return {"replace": 1 + t, "accumulate": 1, "real_only": 2}[regime] * jitter(seed)

    assert judge(number, of=REPLACE, than=10).cases[0].value == pytest.approx(1.1, rel=0.1)
    assert judge(number, of=REPLACE, than="generation 0").cases[0].value == pytest.approx(11)
    assert judge(number, of=REPLACE, than="control").cases[0].value == pytest.approx(5.5)
    assert judge(number, of=REPLACE, than="control", value="{at: 5}").cases[0].value == pytest.approx(3)


def test_a_slope_is_relative_on_a_log_scale(judge: Judge) -> None:
    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return jitter(seed) * (math.exp(-0.2 * t) if regime == "replace" else 1)

    claim = judge(number, of=REPLACE, than=0, value="{slope: [1, last]}", relation="below", by=-0.1)
    assert (claim.verdict, claim.unit) == ("holds", "slope")
    assert claim.cases[0].value == pytest.approx(-0.2)
    assert judge(number, of=REPLACE, than=ACCUMULATE, value="{slope: [1, last]}").cases[0].value == pytest.approx(-0.2)
    linear = judge(
        lambda *point: 3.0 * point[3] + point[2], of=REPLACE, than=0, value="{slope: [0, 5]}", scale="linear"
    )
    assert linear.cases[0].value == pytest.approx(3)


def test_a_crossing_counts_fits(judge: Judge) -> None:
    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return 1.0 if t < (2 if regime == "replace" else 5) else 0.1

    crossing: dict[str, Any] = {"value": "{crossing: {below: 0.5}}", "scale": "linear"}
    assert judge(number, of=REPLACE, than=2, by=0.5, **crossing).cases[0].value == pytest.approx(1)
    assert judge(number, of=ACCUMULATE, than=REPLACE, **crossing).cases[0].value == pytest.approx(3)
    at_once = judge(lambda *point: 0.1, of=REPLACE, than=0, **crossing)
    assert at_once.cases[0].value == 1


def test_a_value_that_never_crosses_has_only_a_lower_bound(judge: Judge) -> None:
    crossing: dict[str, Any] = {"value": "{crossing: {below: 0.5}}", "scale": "linear", "of": REPLACE}
    never = judge(lambda *point: 1.0, than=11, **crossing)
    assert (never.verdict, never.cases[0].low, never.cases[0].high) == ("holds", 1.0, math.inf)
    assert math.isnan(never.cases[0].value)
    assert judge(lambda *point: 1.0, than=13, **crossing).verdict == "undecided"


def test_a_trend_is_a_slope_over_an_axis(judge: Judge) -> None:
    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return jitter(seed) * rows**-0.5 if regime == "replace" else jitter(seed)

    fields: dict[str, Any] = {"of": "{regime: replace}", "trend": "data.rows", "relation": "within", "by": 0.05}
    claim = judge(number, than=-0.5, **fields)
    assert (claim.verdict, claim.unit) == ("holds", "slope")
    assert claim.cases[0].value == pytest.approx(0, abs=1e-9)
    assert judge(number, than=-0.8, **fields).verdict == "fails"
    against = judge(number, than="{regime: accumulate}", **{**fields, "relation": "below"})
    assert against.cases[0].value == pytest.approx(-0.5)


def test_a_trend_on_a_linear_scale_is_a_slope_over_the_axis_itself(judge: Judge) -> None:
    claim = judge(
        lambda regime, rows, seed, t: 0.25 * rows + seed,
        of="{regime: replace}",
        than=0,
        trend="data.rows",
        scale="linear",
    )
    assert claim.cases[0].value == pytest.approx(0.25)


def test_a_second_comparison_is_subtracted(judge: Judge) -> None:
    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return jitter(seed) * ({10: 6.0, 20: 2.0}.get(rows, 1.0) if regime == "replace" else 1.0)

    minus = "{of: {regime: replace, data.rows: 20}, than: control}"
    claim = judge(number, of=REPLACE, than="control", minus=minus)
    assert (claim.verdict, claim.unit) == ("holds", "ratio")
    assert claim.cases[0].value == pytest.approx(3)


def test_for_each_holds_if_all_hold_and_fails_if_one_does(judge: Judge) -> None:
    fields: dict[str, Any] = {
        "of": "{regime: replace}",
        "than": "{regime: accumulate}",
        "for_each": "[data.rows]",
        "by": 1.5,
    }
    assert judge(by_regime(2.0), **fields).verdict == "holds"

    def smaller_at_20(regime: str, rows: int, seed: int, t: int) -> float:
        return jitter(seed) * (1.0 if rows == 20 or regime != "replace" else 2.0) * (1 + 0.01 * (seed % 2))

    claim = judge(smaller_at_20, **fields)
    assert [case.verdict for case in claim.cases] == ["holds", "fails", "holds"]
    assert claim.verdict == "fails"
    assert [dict(case.where) for case in claim.decisive] == [{"data.rows": 20}]


def test_the_decisive_case_of_a_claim_that_holds_is_the_tightest(judge: Judge) -> None:
    claim = judge(
        lambda regime, rows, seed, t: rows * jitter(seed) if regime == "replace" else jitter(seed),
        of="{regime: replace}",
        than="{regime: accumulate}",
        for_each="[data.rows]",
    )
    assert [dict(case.where) for case in claim.decisive] == [{"data.rows": 10}]


@pytest.mark.parametrize(
    ("expect", "unexpected"),
    [
        ("{fails: known}", (True, False, True)),
        ("{undecided: few seeds}", (True, True, False)),
        (None, (False, True, False)),
    ],
)
def test_an_unexpected_verdict_differs_from_the_expected_one(
    judge: Judge, expect: str | None, unexpected: tuple[bool, bool, bool]
) -> None:
    fields: dict[str, Any] = {"expect": expect} if expect else {}
    holds = judge(by_regime(2.0), of=REPLACE, than=ACCUMULATE, by=1.5, **fields)
    fails = judge(by_regime(1.2), of=REPLACE, than=ACCUMULATE, by=1.5, **fields)
    undecided = judge(by_regime(2.0), of=REPLACE, than=ACCUMULATE, seeds=2, **fields)
    assert (holds.verdict, fails.verdict, undecided.verdict) == ("holds", "fails", "undecided")
    assert tuple(claim.unexpected(strict=False) for claim in (holds, fails, undecided)) == unexpected
    assert tuple(claim.unexpected(strict=True) for claim in (holds, fails)) == unexpected[:2]
    assert undecided.unexpected(strict=True) == (expect != "{undecided: few seeds}")


def noisy(regime: str, rows: int, seed: int, t: int) -> float:
    """Damage that grows to its limit by the factor 0.8 a generation, over a control that differs by seeds alone."""
    damage = {"replace": 4.0, "accumulate": 1.0}.get(regime, 0.0) * (1 + 0.1 * math.sin(3 * seed))
    return 10 + math.sin(7 * seed) + damage * (1 - 0.8**t)


def test_a_margin_in_units_of_the_noise_of_the_control(judge: Judge) -> None:
    control = 10 + np.sin(7 * np.arange(5))
    noise = math.sqrt(2) * control.std(ddof=1)
    fields: dict[str, Any] = {"metric": "nll", "of": REPLACE, "than": "control"}
    claim = judge(noisy, by="{noise: 2}", **fields)
    assert claim.verdict == "holds"
    assert claim.cases[0].by == pytest.approx(2 * noise)
    assert judge(noisy, by="{noise: 20}", **fields).verdict == "fails"
    ratio = judge(noisy, by="{noise: 2}", scale="log", **fields).cases[0]
    assert ratio.by == pytest.approx(math.exp(2 * math.sqrt(2) * np.log(control).std(ddof=1)))
    one_left = judge(noisy, by="{noise: 2}", keep=lambda row: row["cell"] < 6 or row["seed"] < 2, **fields)
    assert one_left.verdict == "undecided"
    assert "the noise of cell 6" in one_left.cases[0].why


def test_rho_is_the_factor_of_the_increments_of_the_excess(judge: Judge) -> None:
    fields: dict[str, Any] = {"metric": "nll", "than": "control", "value": "{rho: [0, 2]}", "relation": "below"}
    claim = judge(noisy, of=REPLACE, **fields)
    assert (claim.verdict, claim.unit) == ("holds", "rho")
    assert claim.cases[0].value == pytest.approx(0.8)
    steady = judge(lambda regime, rows, seed, t: t * (regime == "replace"), of=REPLACE, **fields)
    assert steady.verdict == "undecided"
    assert steady.cases[0].value == pytest.approx(1)
    flat = judge(by_regime(1.0), of=REPLACE, **fields)
    assert (flat.verdict, "rho is not known" in flat.cases[0].why) == ("undecided", True)
    faster = judge(noisy, of=REPLACE, minus=f"{{of: {ACCUMULATE}, than: control}}", by=0.1, **fields)
    assert faster.verdict == "holds"
    assert faster.cases[0].value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_are_undecided(judge: Judge, seeds: int) -> None:
    claim = judge(by_regime(2.0), of=REPLACE, than=ACCUMULATE, seeds=seeds)
    assert (claim.verdict, claim.unexpected(strict=False)) == ("undecided", False)
    assert f"{seeds} seed" in claim.cases[0].why


def test_missing_cells_are_named_and_leave_the_claim_undecided(judge: Judge) -> None:
    claim = judge(by_regime(2.0), of=REPLACE, than=ACCUMULATE, keep=lambda row: row["cell"] != 3 or row["seed"] > 1)
    assert claim.verdict == "undecided"
    assert claim.cases[0].why == "missing: cell 3 (accumulate, lambda 1, data.rows 10), 2 of 5 seeds"
    assert claim.cases[0].value == pytest.approx(2)
    empty = judge(by_regime(2.0), of=REPLACE, than=ACCUMULATE, keep=lambda row: False)
    assert empty.verdict == "undecided"
    assert empty.cases[0].why.count("5 of 5 seeds") == 2
    early = judge(by_regime(2.0), of=REPLACE, than="control", keep=lambda row: row["generation"] < 10)
    assert "real_only" in early.cases[0].why


def test_a_claim_fails_if_a_case_fails_and_others_are_missing(judge: Judge) -> None:
    claim = judge(
        by_regime(1.2),
        of="{regime: replace}",
        than="{regime: accumulate}",
        for_each="[data.rows]",
        by=1.5,
        keep=lambda row: row["cell"] != 0,
    )
    assert [case.verdict for case in claim.cases] == ["undecided", "fails", "fails"]
    assert claim.verdict == "fails"


def test_a_diverged_seed_counts_as_the_worst(judge: Judge) -> None:
    one_diverged = judge(
        by_regime(1.0),
        metric="nll",
        of=REPLACE,
        than=ACCUMULATE,
        relation="below",
        by=1.0,
        diverged=lambda regime, rows, seed, t: regime == "replace" and seed == 1 and t > 2,
    )
    assert one_diverged.verdict == "undecided"
    assert one_diverged.cases[0].high == math.inf
    assert dict(one_diverged.cases[0].diverged) == {0: 1}
    all_diverged = judge(
        by_regime(1.0),
        metric="nll",
        of=REPLACE,
        than=ACCUMULATE,
        by=100.0,
        diverged=lambda regime, rows, seed, t: regime == "replace" and t > 2,
    )
    assert all_diverged.verdict == "holds"


def test_values_below_zero_have_no_ratio(judge: Judge) -> None:
    claim = judge(lambda *point: -1.0, metric="nll", scale="log", of=REPLACE, than=ACCUMULATE)
    assert claim.verdict == "undecided"
    assert "nll has values below 0, which have no logarithm; set scale: linear" in claim.cases[0].why


def accumulate_trace_ratio(rows: int, t: int) -> float:
    """Return the expected trace_ratio under accumulate."""
    return math.prod(1 - 1 / (rows * i**2) for i in range(1, t + 2))


def test_a_trajectory_against_theory_has_a_simultaneous_band(judge: Judge) -> None:
    fields: dict[str, Any] = {
        "of": ACCUMULATE,
        "than": "theory",
        "value": "{at: [0, 1, 5, last]}",
        "relation": "within",
        "by": 1.2,
    }
    noise = np.random.default_rng(0).normal(0, 0.02, (20, 11))

    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return accumulate_trace_ratio(rows, t) * (1 + float(noise[seed, t]))

    claim = judge(number, seeds=20, **fields)
    assert (claim.verdict, claim.unit) == ("holds", "ratio")
    off = judge(lambda *point: number(*point) * (1.5 if point[3] == 5 else 1), seeds=20, **fields)
    assert (off.verdict, off.cases[0].generation) == ("fails", 5)


def test_theory_does_not_cover_seeds_that_ended_early(judge: Judge) -> None:
    fields: dict[str, Any] = {
        "of": ACCUMULATE,
        "than": "theory",
        "value": "{at: [0, 5]}",
        "relation": "within",
        "by": 1.2,
    }

    def number(regime: str, rows: int, seed: int, t: int) -> float:
        return accumulate_trace_ratio(rows, t) * (1 + 0.01 * math.sin(3 * seed + t))

    assert judge(number, columns={"ended_generation": 5.0}, **fields).verdict == "holds"
    early = judge(number, columns={"ended_generation": 4.0}, **fields)
    assert early.verdict == "undecided"
    assert "loop.until ended seeds of cell 3" in early.cases[0].why


def test_a_claim_without_a_closed_form_is_undecided(judge: Judge) -> None:
    claim = judge(by_regime(1.0), metric="nll", of=REPLACE, than="theory", relation="within", by=0.1)
    assert claim.verdict == "undecided"
    assert "no closed form of nll is known for cell 0" in claim.cases[0].why


@pytest.mark.parametrize("seeds", [3, 5, 20, 100])
def test_wrong_verdicts_are_rare_on_whole_tables(make_sweep: MakeSweep, seeds: int) -> None:
    """The sweep has one claim for each trial, about a pair of cells whose true ratio is the bound."""
    trials = 150
    head = HEAD.replace("[10, 20, 40]", str(list(range(10, 10 + trials)))).replace("[0, 1, 2, 5, 10]", "[10]")
    claims = "".join(
        f"  - {{says: x, metric: trace_ratio, of: {{regime: replace, data.rows: {10 + trial}}}, "
        f"than: {{regime: accumulate, data.rows: {10 + trial}}}, relation: {relation}, by: 1.25}}\n"
        for trial, relation in zip(range(trials), ["above", "below", "within"] * trials, strict=False)
    )
    sweep = make_sweep(f"{head}control: false\nseeds: {seeds}\nclaims:\n{claims}")
    cell, seed = (axis.ravel() for axis in np.meshgrid(range(len(sweep.cells)), range(seeds), indexing="ij"))
    draws = np.random.default_rng(seeds)
    values = np.exp(draws.normal(0, 0.3, len(cell))) * np.where(cell < trials, 1.25, 1.0)
    table = pd.DataFrame({"cell": cell, "seed": seed, "generation": 10, "diverged": False, "trace_ratio": values})
    verdicts = [claim.verdict for claim in judge_claims(resolve(sweep), table)]
    max_error_rate = 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)
    assert verdicts.count("holds") / trials <= max_error_rate
    assert verdicts.count("fails") / trials <= max_error_rate
