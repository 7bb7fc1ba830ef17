import math
from typing import Any

from raysc.results.claims.claim_text import case_text, claim_text, comparison_text, verdict_counts
from raysc.results.claims.judging import JudgedCase, JudgedClaim
from raysc.sweepfile.claims import Case, Claim, Comparison, Quantity


def judged_case(**changes: Any) -> JudgedCase:
    fields: dict[str, Any] = {
        "where": {"data.rows": 10},
        "verdict": "holds",
        "value": 0.83,
        "low": 0.71,
        "high": 0.94,
        "p_against": 0.5,
        "slack": 0.1,
        "generation": None,
        "seeds": 100,
        "why": "",
        "diverged": {},
    }
    return JudgedCase(**{**fields, **changes})


def judged_claim(*cases: JudgedCase) -> JudgedClaim:
    comparison = Comparison(Quantity("at", (99,)), (0,), (1,))
    claim = Claim(
        says="replace is worse than accumulate",
        source="Kazdan et al. 2024",
        metric="trace_ratio",
        compares="regime replace, than regime accumulate",
        relation="below",
        by=0.5,
        noise=False,
        ratio=True,
        scale="log",
        trend=None,
        boundary=None,
        models=None,
        cases=tuple(Case({}, comparison, None, ()) for _ in cases),
        expected="holds",
        reason="",
    )
    return JudgedClaim(claim, "ratio", cases[0].verdict, cases)


def test_a_case_states_its_infinite_values_and_control_characters_are_escaped() -> None:
    case = judged_case(infinite={0: 2, 1: 1}, why="\x1b[2J")
    assert case_text(judged_claim(case), case).endswith("100 seeds; 3 at 0 or infinite; \x1b[2J")
    assert claim_text(judged_claim(case), 8).endswith("3 at 0 or infinite; \\x1b[2J")


def test_the_comparison_has_both_sides_and_the_relation() -> None:
    text = comparison_text(judged_claim(judged_case()))
    assert text == "trace_ratio at generation 99, regime replace, than regime accumulate: ratio below 0.5"


def test_a_case_has_its_interval_and_its_seeds() -> None:
    case = judged_case()
    assert case_text(judged_claim(case), case) == "data.rows 10: 0.83, 95 % interval 0.71 to 0.94, 100 seeds"


def test_a_case_has_its_generation_its_diverged_seeds_and_its_reason() -> None:
    case = judged_case(value=math.nan, high=math.inf, generation=5, diverged={0: 2}, why="missing: x", verdict="fails")
    text = case_text(judged_claim(case, judged_case()), case)
    interval = "data.rows 10: 95 % interval 0.71 to infinity, 100 seeds, at generation 5"
    assert text == f"{interval}; 2 diverged; missing: x (fails)"


def test_a_claim_lists_its_decisive_cases_up_to_a_limit() -> None:
    failed = [judged_case(verdict="fails", where={"data.rows": rows}) for rows in (1, 2, 3)]
    lines = claim_text(judged_claim(*failed, judged_case()), max_cases=2).splitlines()
    assert lines[0] == "fails      replace is worse than accumulate (Kazdan et al. 2024)"
    assert lines[1].endswith("; 1 of 4 cases hold")
    assert [line.split(":")[0].strip() for line in lines[2:4]] == ["data.rows 1", "data.rows 2"]
    assert lines[4].strip() == "and 1 more cases; see --json"


def test_verdicts_are_counted() -> None:
    claims = [judged_claim(judged_case(verdict=verdict)) for verdict in ("holds", "holds", "undecided")]
    assert verdict_counts(claims) == "2 hold, 0 fail, 1 undecided"
