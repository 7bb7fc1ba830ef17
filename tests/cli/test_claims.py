import json
from pathlib import Path
from typing import Any

import pytest

from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import Arguments, RunRaysc


@pytest.fixture(scope="module")
def claiming(
    gaussian_text: str, gaussian_store: tuple[Sweep, Objects], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Arguments of a call about the finished closed-form sweep, with claims of one's own."""
    file = tmp_path_factory.mktemp("claims") / "grid.yaml"

    def arguments(*claims: Any) -> Any:
        file.write_text(gaussian_text + "claims:\n" + "".join(f"  - {claim}\n" for claim in claims))
        return str(file), "--storage", gaussian_store[1].uri

    return arguments


REPLACE = "metric: feature_variance, of: {regime: replace}"
TRUE = f"{{says: variance is positive, {REPLACE}, than: 1.0e-9, relation: above}}"
FALSE = f"{{says: 'variance [explodes]', {REPLACE}, than: 1.0e+9, relation: above, source: a paper}}"
OPEN = f"{{says: open, {REPLACE}, than: theory, relation: within, by: 1.1}}"


def test_claims_are_told_with_their_figures(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(TRUE, OPEN))
    lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert lines[0] == "holds      variance is positive"
    assert lines[1].strip() == "feature_variance at generation 4, regime replace, than 1e-09: ratio above 1"
    assert "95 % interval" in lines[2]
    assert lines[2].endswith("3 seeds")
    assert lines[3] == "undecided  open"
    assert lines[-2].strip().startswith("no closed form of feature_variance is known for cell 0 (replace")
    assert lines[-1] == "small-gaussian: 1 hold, 0 fail, 1 undecided"


def test_status_1_if_one_is_not_as_expected(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(TRUE, FALSE))
    assert ran.status == 1
    assert "fails      variance [explodes] (a paper)" in ran.out
    assert ran.err == "raysc: not as the sweep file expects: variance [explodes]\n"


def test_a_failure_that_is_expected_is_none(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(FALSE[:-1] + ", expect: {fails: it shrinks}}"))
    assert ran.status == 0
    assert "expected to fail: it shrinks" in ran.out
    assert raysc("claims", *claiming(TRUE[:-1] + ", expect: {fails: it shrinks}}")).status == 1


def test_strict_counts_an_undecided_claim_that_is_expected_to_hold(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(TRUE, OPEN), "--strict")
    assert (ran.status, ran.err) == (1, "raysc: not as the sweep file expects: open\n")
    known = OPEN[:-1] + ", expect: {undecided: no closed form is known}}"
    ran = raysc("claims", *claiming(TRUE, known), "--strict")
    assert ran.status == 0
    assert "expected to be undecided: no closed form is known" in ran.out
    assert raysc("claims", *claiming(TRUE[:-1] + ", expect: {undecided: few seeds}}")).status == 1


def test_an_undecided_claim_that_is_expected_to_fail_is_unexpected(raysc: RunRaysc, claiming: Any) -> None:
    assert raysc("claims", *claiming(OPEN[:-1] + ", expect: {fails: it shrinks}}")).status == 1


def test_json_has_every_case(raysc: RunRaysc, claiming: Any) -> None:
    each = TRUE.replace("{regime: replace}", "{regime: mix}")[:-1] + ", for_each: [lambda]}"
    ran = raysc("claims", *claiming(each, OPEN), "--json")
    first, second = json.loads(ran.out)
    assert (first["verdict"], first["unit"], first["expected"], first["by"]) == ("holds", "ratio", "holds", 1.0)
    assert [case["where"] for case in first["cases"]] == [{"lambda": 0.5}, {"lambda": 2.0}]
    assert all(case["low"] < case["value"] < case["high"] and case["seeds"] == 3 for case in first["cases"])
    assert second["cases"][0]["value"] is None
    assert "no closed form" in second["cases"][0]["why"]


def test_what_was_not_run_is_undecided(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(TRUE), "--set", "seeds=5")
    assert ran.status == 0
    assert "missing: cell 0 (replace, lambda 1), 2 of 5 seeds" in ran.out


def test_a_store_without_results_leaves_all_undecided(raysc: RunRaysc, claiming: Any, tmp_path: Path) -> None:
    ran = raysc("claims", claiming(TRUE)[0], "--storage", str(tmp_path / "store"))
    assert ran.status == 0
    assert "0 hold, 0 fail, 1 undecided" in ran.out


def test_a_sweep_without_claims_says_so(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("claims", *gaussian_arguments)
    assert (ran.status, ran.out) == (0, "small-gaussian: its file makes no claims\n")


def test_a_bad_claim_is_refused_with_its_line(raysc: RunRaysc, claiming: Any) -> None:
    ran = raysc("claims", *claiming(TRUE.replace("feature_variance", "variance")))
    assert ran.status == 2
    assert "line 11: claims.0.metric: no metric of this sweep has a column 'variance'" in ran.err
