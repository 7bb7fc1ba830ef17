"""raysc score."""

from pathlib import Path

import pytest

from raysc.results.leaderboard.benchmark import BenchmarkFile, sweep_with
from tests.cli.conftest import RunRaysc
from tests.results.leaderboard.conftest import Record
from tests.results.leaderboard.test_leaderboard import PLUGIN


def test_a_mitigation_of_ones_own_is_on_the_leaderboard(
    raysc: RunRaysc,
    small_benchmark: Path,
    run_recorded: Record,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (here / "score_plugin.py").write_text(PLUGIN, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(here))
        frozen = BenchmarkFile("benchmark-v1-gaussian", small_benchmark)
        run_recorded(sweep_with(frozen, "mix", "score_plugin:Typical"), here / "store")
    run_recorded(sweep_with(frozen, "replace", "none"), here / "store")
    # Everything is published, so no Ray is started: the command concludes and prints the leaderboard.
    ran = raysc("score", "--curation", "score_plugin:Typical", "--storage", "store")
    assert ran.status == 0
    assert ran.out.count("0 units to run") == 2
    *_, first, second, _ = ran.out.splitlines()
    assert {"replace", "mix"} == {first.split()[1], second.split()[1]}
    assert "mix + score_plugin:Typical" in ran.out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--on", "gausian"), "--on gausian: no data set of the benchmark; did you mean 'gaussian'?"),
        (("--on", "gaussian_lambda"), "--on gaussian_lambda: no data set of the benchmark"),
        (("--regime", "[mix]"), "raysc: --regime: expected the name of a regime"),
        (("--regime", "nope"), "raysc: --regime: unknown regime 'nope'"),
        (("--regime", "{name: window, width: wide}"), "raysc: --regime.width: expected a whole number"),
        (("--regime", "real_only"), "raysc: --regime real_only: this is the control"),
        (("--curation", "absent_plugin:Typical"), "absent_plugin"),
    ],
)
def test_wrong_arguments_are_refused(
    raysc: RunRaysc, small_benchmark: Path, arguments: tuple[str, ...], problem: str
) -> None:
    ran = raysc("score", *arguments)
    assert ran.status == 2
    assert problem in ran.err
