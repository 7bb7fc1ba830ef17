"""Claims on tables whose every number is written here."""

import math

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import lines
from raysc.results.claims.judging import crossing, judge_claims
from raysc.sweepfile.claims import Value

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
NOTHING: dict[str, object] = {}


@pytest.fixture
def judged(make_sweep):
    """The judgement of one claim, by numbers that a function gives for (regime, rows, seed, t)."""

    def judge(
        numbers, *, seeds=5, head=HEAD, keep=lambda row: True, diverged=lambda *where: False, more=NOTHING, **fields
    ):
        said = {"says": "x", "metric": "trace_ratio", "relation": "above", **fields}
        written = "".join(f"    {name}: {value}\n" for name, value in said.items())
        sweep = make_sweep(f"{head}seeds: {seeds}\nclaims:\n  -\n{written}")
        rows = []
        for cell, one in enumerate(sweep.cells):
            where = one.regime.name, one.axes["data.rows"]
            for seed in range(seeds):
                for t in GENERATIONS:
                    row = {"cell": cell, "seed": seed, "generation": t, "diverged": diverged(*where, seed, t)}
                    value = math.nan if row["diverged"] else numbers(*where, seed, t)
                    rows.append({**row, said["metric"]: value})
        table = pd.DataFrame([row for row in rows if keep(row)], columns=[*rows[0]]).assign(**more)
        (found,) = judge_claims(sweep, table, lines(sweep))
        return found

    return judge


def jitter(seed):
    """Small noise that both cells of a seed share, and a smaller one that they do not."""
    return 1 + 0.1 * math.sin(7 * seed)


def by_regime(replace, accumulate=1.0, control=1.0):
    values = {"replace": replace, "accumulate": accumulate, "real_only": control}
    return lambda regime, rows, seed, t: values[regime] * jitter(seed)


ONE = "{regime: replace, data.rows: 10}"
OTHER = "{regime: accumulate, data.rows: 10}"


def test_a_ratio_is_the_geometric_mean_of_the_seeds_ratios(judged):
    values = [1.5, 2.0, 2.5, 1.8, 2.2]
    found = judged(lambda regime, rows, seed, t: values[seed] if regime == "replace" else 1.0, of=ONE, than=OTHER)
    (case,) = found.cases
    logs = np.log(values)
    half = 2.776445 * logs.std(ddof=1) / math.sqrt(5)
    assert (found.verdict, found.unit, case.seeds, case.level) == ("holds", "ratio", 5, 0.95)
    assert case.value == pytest.approx(math.exp(logs.mean()))
    assert (case.low, case.high) == pytest.approx((math.exp(logs.mean() - half), math.exp(logs.mean() + half)))


def test_seeds_are_paired(judged):
    apart = judged(lambda regime, rows, seed, t: 10.0**seed * (2 if regime == "replace" else 1), of=ONE, than=OTHER)
    assert apart.verdict == "holds"
    assert apart.cases[0].low == pytest.approx(2)


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
def test_relations(judged, relation, by, value, verdict):
    numbers = by_regime(value)
    assert judged(numbers, of=ONE, than=OTHER, relation=relation, by=by).verdict == verdict


def test_differences_on_a_linear_scale(judged):
    found = judged(
        lambda regime, rows, seed, t: (3.0 if regime == "replace" else 1.0) + 0.01 * seed * (regime == "replace"),
        metric="nll",
        of=ONE,
        than=OTHER,
        by=1.5,
    )
    assert (found.verdict, found.unit) == ("holds", "difference")
    assert found.cases[0].value == pytest.approx(2.02)


def test_against_a_number_generation_0_and_the_control(judged):
    def numbers(regime, rows, seed, t):
        return {"replace": 1 + t, "accumulate": 1, "real_only": 2}[regime] * jitter(seed)

    assert judged(numbers, of=ONE, than=10).cases[0].value == pytest.approx(1.1, rel=0.1)
    assert judged(numbers, of=ONE, than="generation 0").cases[0].value == pytest.approx(11)
    assert judged(numbers, of=ONE, than="control").cases[0].value == pytest.approx(5.5)
    assert judged(numbers, of=ONE, than="control", value="{at: 5}").cases[0].value == pytest.approx(3)


def test_a_slope_is_relative_on_a_log_scale(judged):
    def numbers(regime, rows, seed, t):
        return jitter(seed) * (math.exp(-0.2 * t) if regime == "replace" else 1)

    found = judged(numbers, of=ONE, than=0, value="{slope: [1, last]}", relation="below", by=-0.1)
    assert (found.verdict, found.unit) == ("holds", "slope")
    assert found.cases[0].value == pytest.approx(-0.2)
    assert judged(numbers, of=ONE, than=OTHER, value="{slope: [1, last]}").cases[0].value == pytest.approx(-0.2)
    linear = judged(lambda *where: 3.0 * where[3] + where[2], of=ONE, than=0, value="{slope: [0, 5]}", scale="linear")
    assert linear.cases[0].value == pytest.approx(3)


def test_a_crossing_counts_fits(judged):
    def numbers(regime, rows, seed, t):
        return 1.0 if t < (2 if regime == "replace" else 5) else 0.1

    crossing = {"value": "{crossing: {below: 0.5}}", "scale": "linear"}
    assert judged(numbers, of=ONE, than=2, by=0.5, **crossing).cases[0].value == pytest.approx(1)
    assert judged(numbers, of=OTHER, than=ONE, **crossing).cases[0].value == pytest.approx(3)
    at_once = judged(lambda *where: 0.1, of=ONE, than=0, **crossing)
    assert at_once.cases[0].value == 1


def test_what_never_crosses_does_so_after_the_end_at_the_earliest(judged):
    crossing = {"value": "{crossing: {below: 0.5}}", "scale": "linear", "of": ONE}
    never = judged(lambda *where: 1.0, than=11, **crossing)
    assert (never.verdict, never.cases[0].low, never.cases[0].high) == ("holds", 1.0, math.inf)
    assert math.isnan(never.cases[0].value)
    assert judged(lambda *where: 1.0, than=13, **crossing).verdict == "undecided"


def test_a_crossing_is_where_a_seed_ended_if_that_is_earlier():
    value = Value("crossing", (0, 1, 2, 5, 10), 0.5, "below")
    numbers = np.array([[1, 1, 1, 0.1, 0.1], [1, 1, 1, 0.1, 0.1], [1, 1, 1, 1, 1], [0.1, 0.1, 0.1, 0.1, 0.1]])
    fits = crossing(numbers, value, np.array([3, math.nan, math.nan, 4]))
    assert fits.low[:, 0].tolist() == [4, 6, 12, 1]
    assert fits.high[:, 0].tolist() == [4, 6, math.inf, 1]


def test_a_trend_is_a_slope_over_an_axis(judged):
    def numbers(regime, rows, seed, t):
        return jitter(seed) * rows**-0.5 if regime == "replace" else jitter(seed)

    told = {"of": "{regime: replace}", "trend": "data.rows", "relation": "within", "by": 0.05}
    found = judged(numbers, than=-0.5, **told)
    assert (found.verdict, found.unit) == ("holds", "slope")
    assert found.cases[0].value == pytest.approx(0, abs=1e-9)
    assert judged(numbers, than=-0.8, **told).verdict == "fails"
    against = judged(
        numbers,
        than="{regime: accumulate}",
        **{**told, "relation": "below"},
    )
    assert against.cases[0].value == pytest.approx(-0.5)


def test_a_trend_on_a_linear_scale_goes_by_the_axis_itself(judged):
    numbers = lambda regime, rows, seed, t: 0.25 * rows + seed  # noqa: E731
    found = judged(numbers, of="{regime: replace}", than=0, trend="data.rows", scale="linear")
    assert found.cases[0].value == pytest.approx(0.25)


def test_a_second_comparison_is_taken_off(judged):
    def numbers(regime, rows, seed, t):
        return jitter(seed) * ({10: 6.0, 20: 2.0}.get(rows, 1.0) if regime == "replace" else 1.0)

    minus = "{of: {regime: replace, data.rows: 20}, than: control}"
    found = judged(numbers, of=ONE, than="control", minus=minus)
    assert (found.verdict, found.unit) == ("holds", "ratio")
    assert found.cases[0].value == pytest.approx(3)


def test_for_each_holds_if_all_hold_and_fails_if_one_does(judged):
    told = {"of": "{regime: replace}", "than": "{regime: accumulate}", "for_each": "[data.rows]", "by": 1.5}
    assert judged(by_regime(2.0), **told).verdict == "holds"

    def one_less(regime, rows, seed, t):
        return jitter(seed) * (1.0 if rows == 20 or regime != "replace" else 2.0) * (1 + 0.01 * (seed % 2))

    found = judged(one_less, **told)
    assert [case.verdict for case in found.cases] == ["holds", "fails", "holds"]
    assert found.verdict == "fails"
    assert [dict(case.where) for case in found.decisive] == [{"data.rows": 20}]


def test_the_decisive_case_of_a_claim_that_holds_is_the_tightest(judged):
    found = judged(
        lambda regime, rows, seed, t: rows * jitter(seed) if regime == "replace" else jitter(seed),
        of="{regime: replace}",
        than="{regime: accumulate}",
        for_each="[data.rows]",
    )
    assert [dict(case.where) for case in found.decisive] == [{"data.rows": 10}]


@pytest.mark.parametrize(("expect", "verdicts"), [("{fails: known}", (True, False)), (None, (False, True))])
def test_a_surprise_is_the_opposite_of_what_is_expected(judged, expect, verdicts):
    more = {"expect": expect} if expect else {}
    holds = judged(by_regime(2.0), of=ONE, than=OTHER, by=1.5, **more)
    fails = judged(by_regime(1.2), of=ONE, than=OTHER, by=1.5, **more)
    assert (holds.verdict, fails.verdict) == ("holds", "fails")
    assert (holds.surprises, fails.surprises) == verdicts


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_seeds_nothing_is_decided(judged, seeds):
    found = judged(by_regime(2.0), of=ONE, than=OTHER, seeds=seeds)
    assert (found.verdict, found.surprises) == ("undecided", False)
    assert f"{seeds} seed" in found.cases[0].why


def test_missing_cells_leave_it_undecided_and_are_named(judged):
    found = judged(by_regime(2.0), of=ONE, than=OTHER, keep=lambda row: row["cell"] != 3 or row["seed"] > 1)
    assert found.verdict == "undecided"
    assert found.cases[0].why == "missing: cell 3 (accumulate, lambda 1, data.rows 10), 2 of 5 seeds"
    assert found.cases[0].value == pytest.approx(2)
    nothing = judged(by_regime(2.0), of=ONE, than=OTHER, keep=lambda row: False)
    assert nothing.verdict == "undecided"
    assert nothing.cases[0].why.count("5 of 5 seeds") == 2
    late = judged(by_regime(2.0), of=ONE, than="control", keep=lambda row: row["generation"] < 10)
    assert "real_only" in late.cases[0].why


def test_a_case_that_failed_is_told_though_others_are_missing(judged):
    found = judged(
        by_regime(1.2),
        of="{regime: replace}",
        than="{regime: accumulate}",
        for_each="[data.rows]",
        by=1.5,
        keep=lambda row: row["cell"] != 0,
    )
    assert [case.verdict for case in found.cases] == ["undecided", "fails", "fails"]
    assert found.verdict == "fails"


def test_a_diverged_seed_is_the_worst_not_left_out(judged):
    worst = judged(
        by_regime(1.0),
        metric="nll",
        of=ONE,
        than=OTHER,
        relation="below",
        by=1.0,
        diverged=lambda regime, rows, seed, t: regime == "replace" and seed == 1 and t > 2,
    )
    assert worst.verdict == "undecided"
    assert worst.cases[0].high == math.inf
    assert dict(worst.cases[0].diverged) == {0: 1}
    gone = judged(
        by_regime(1.0),
        metric="nll",
        of=ONE,
        than=OTHER,
        by=100.0,
        diverged=lambda regime, rows, seed, t: regime == "replace" and t > 2,
    )
    assert gone.verdict == "holds"


def test_values_below_zero_have_no_ratio(judged):
    found = judged(lambda *where: -1.0, metric="nll", scale="log", of=ONE, than=OTHER)
    assert found.verdict == "undecided"
    assert "nll has values below 0, which have no logarithm; set scale: linear" in found.cases[0].why


def accumulated(rows, t):
    return math.prod(1 - 1 / (rows * i**2) for i in range(1, t + 2))


def test_a_trajectory_against_theory_is_judged_at_once(judged):
    told = {"of": OTHER, "than": "theory", "value": "{at: [0, 1, 5, last]}", "relation": "within", "by": 1.2}
    noise = np.random.default_rng(0).normal(0, 0.02, (20, 11))

    def numbers(regime, rows, seed, t):
        return accumulated(rows, t) * (1 + noise[seed, t])

    found = judged(numbers, seeds=20, **told)
    assert (found.verdict, found.unit, found.cases[0].level) == ("holds", "ratio", 0.9)
    off = judged(lambda *where: numbers(*where) * (1.5 if where[3] == 5 else 1), seeds=20, **told)
    assert (off.verdict, off.cases[0].generation) == ("fails", 5)


def test_theory_is_no_match_for_seeds_that_ended_before(judged):
    told = {"of": OTHER, "than": "theory", "value": "{at: [0, 5]}", "relation": "within", "by": 1.2}

    def numbers(regime, rows, seed, t):
        return accumulated(rows, t) * (1 + 0.01 * math.sin(3 * seed + t))

    assert judged(numbers, more={"ended_generation": 5.0}, **told).verdict == "holds"
    early = judged(numbers, more={"ended_generation": 4.0}, **told)
    assert early.verdict == "undecided"
    assert "loop.until ended seeds of cell 3" in early.cases[0].why


def test_where_no_theory_is_known_it_is_undecided(judged):
    found = judged(by_regime(1.0), metric="nll", of=ONE, than="theory", relation="within", by=0.1)
    assert found.verdict == "undecided"
    assert "no closed form of nll is known for cell 0" in found.cases[0].why


@pytest.mark.parametrize("seeds", [3, 5, 20, 100])
def test_wrong_verdicts_are_rare_on_whole_tables(make_sweep, seeds):
    """As many claims as trials, each of a pair of cells of its own whose true ratio is the bound itself."""
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
    found = [one.verdict for one in judge_claims(sweep, table, lines(sweep))]
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)
    assert found.count("holds") / trials <= most
    assert found.count("fails") / trials <= most
