from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.results.leaderboard.benchmark import BenchmarkFile, control_of, sweep_with
from raysc.results.leaderboard.leaderboard import read_leaderboard, text_table
from raysc.store.objects import Objects
from raysc.store.sweep_record import write_sweep_record
from tests.results.leaderboard.conftest import Record
from tests.results.thresholds.test_rounds import search

PLUGIN = """\
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from raysc.plugins import Take


@dataclass(frozen=True)
class Typical:
    version: ClassVar[int] = 1

    def curate(self, take: Take) -> Take:
        return replace(take, among=2 * take.count, choose=self.nearest)

    def nearest(self, candidates, real, count, generator):
        return np.argsort(np.linalg.norm(candidates - real.mean(axis=0), axis=1))[:count]
"""


def row(board: Any, mitigation: str) -> Any:
    (only,) = board.rows[board.rows["mitigation"] == mitigation].to_dict("records")
    return only


def test_a_leaderboard_ranks_mitigations_by_damage(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    objects = run_recorded(files["gaussian"].path, here / "store")
    board = read_leaderboard([objects], files)
    assert list(board.rows["damage"]) == sorted(board.rows["damage"])
    replace = row(board, "replace")
    assert [replace["seeds"], replace["all_seeds"], replace["gain"]] == [6, 6, 0]
    mix = row(board, "mix")
    assert mix["gain"] == pytest.approx(replace["damage"] - mix["damage"])
    assert mix["gain_low"] < mix["gain"] < mix["gain_high"]
    texts = text_table(board.rows)
    assert set(texts["seeds"]) == {"6/6"}
    assert set(texts["lambda*"]) == {""}


def test_a_plugin_of_somebody_else_is_scored_without_importing_it(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    plugin = here / "leaderboard_plugin.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    (here / "entry.yaml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(here))
        values = sweep_with(files["gaussian"], "mix", "leaderboard_plugin:Typical")
        theirs = run_recorded(values, here / "theirs")
    plugin.unlink()
    ours = run_recorded(files["gaussian"].path, here / "ours")
    board = read_leaderboard([theirs, ours], files)
    entry = row(board, "mix + leaderboard_plugin:Typical")
    assert entry["store"] == theirs.uri
    assert entry["seeds"] == 6
    assert np.isfinite(entry["gain"]), "compared with replace of the other store"
    assert row(board, "mix")["store"] == ours.uri
    assert len({source.sha256 for source in board.sources}) == 2


def test_equal_results_in_two_stores_have_one_checksum_and_count_once(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    stores = [run_recorded(files["gaussian"].path, here / name) for name in ("a", "b")]
    board = read_leaderboard(stores, files)
    assert len({source.sha256 for source in board.sources}) == 1
    assert set(board.rows["seeds"]) == {6}
    assert set(board.rows["store"]) == {stores[0].uri}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (("data.rows=30",), "of the frozen file are missing"),
        (("space=[{regime: [replace, mix, accumulate], lambda: 1}, {regime: {name: window, width: 2}, lambda: 1}]",),
         "0 of the 4 keys of the frozen file are missing, and 1 others"),
    ],
)  # fmt: skip
def test_a_store_with_other_keys_is_refused(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path, changes: tuple[str, ...], problem: str
) -> None:
    objects = run_recorded(files["gaussian"].path, here / "store", "seeds=2", *changes)
    with pytest.raises(InputError, match=problem):
        read_leaderboard([objects], files)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (("space={regime: accumulate, lambda: 1}", "loop.generations=5"), "its loop differ"),
        (("space={regime: mix, lambda: 0.05}",), "its lambda is 0.05, not 1"),
        (("space={regime: [accumulate, redrawn], lambda: 1}",), "its regime is not a name"),
        (("space=[{regime: {name: window, width: 5}, lambda: 1}]",), "its space is not one regime"),
        (("space={regime: real_only, lambda: 1}",), "real_only is the control"),
    ],
)  # fmt: skip
def test_a_sweep_of_ones_own_with_other_settings_is_left_out(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path, changes: tuple[str, ...], problem: str
) -> None:
    run_recorded(files["gaussian"].path, here / "store", "seeds=2")
    objects = run_recorded(files["gaussian"].path, here / "store", "seeds=2", "name=benchmark-v1-gaussian-a", *changes)
    board = read_leaderboard([objects], files)
    assert sorted(board.rows["mitigation"]) == ["mix", "replace", "window, width 2"]
    (note,) = board.notes
    assert f"sweep benchmark-v1-gaussian-a is left out: {problem}" in note


CRAFTED: list[Any] = [
    None, "abc", [], {}, {"a": 1}, {"name": 3}, {"lambda": 1}, {"regime": "replace", "lambda": True},
    {"regime": {"name": 3}, "lambda": 1}, {"regime": ["mix"], "lambda": 1}, {"regime": "nope", "lambda": 1},
    {"regime": "mix", "lambda": 1, "curation": None}, {"regime": "mix", "lambda": 1, "seeds": 1},
    {"regime": "replace", "lambda": 1}, {"regime": {"name": "window", "width": "wide"}, "lambda": 1},
]  # fmt: skip


def test_a_record_that_is_not_what_raysc_writes_is_left_out(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    objects = run_recorded(files["gaussian"].path, here / "store", "seeds=2")
    frozen = files["gaussian"].resolve()
    theirs = run_recorded(sweep_with(files["gaussian"], "accumulate", "none"), here / "store", "seeds=2")
    before = read_leaderboard([objects], files)
    (lineage,) = set(before.rows["lineage"]) - {cell.keys.lineage for cell in frozen.cells}
    control = control_of(frozen).keys.lineage
    for number, space in enumerate(CRAFTED):
        resolved = {**frozen.sweep.resolved, "space": space}
        write_sweep_record(theirs, f"benchmark-v1-gaussian-{number}", resolved, [control, lineage])
    board = read_leaderboard([objects], files)
    assert len(board.notes) == len(CRAFTED)
    assert sorted(board.rows["mitigation"]) == ["accumulate", "mix", "replace", "window, width 2"]
    claimed = next(note for note in board.notes if "sweep benchmark-v1-gaussian-13 " in note)
    assert "its lineage does not have the key of replace" in claimed


def test_a_store_without_the_benchmark_is_refused(files: Mapping[str, BenchmarkFile], here: Path) -> None:
    with pytest.raises(InputError, match="no sweep of the benchmark v1: run one"):
        read_leaderboard([Objects.open(here / "empty")], files)


def test_a_run_that_is_not_done_shows_how_many_seeds_it_has(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    board = read_leaderboard([run_recorded(files["gaussian"].path, here / "store", "seeds=3")], files)
    assert set(text_table(board.rows)["seeds"]) == {"3/6"}


LAMBDA = """\
# yaml-language-server: $schema=raysc.schema.json
name: benchmark-v1-gaussian-lambda
data: {name: gaussian, dim: 2, rows: 200}
model: gaussian
loop: {generations: 6}
sample: {covariance_scale: 2.0}
space: {regime: [mix, replace]}
search: {threshold: lambda, range: [0.25, 16], width: 0.4}
seeds: 4
metrics: [trace_ratio]
"""


@pytest.mark.slow
def test_mitigations_have_the_lambda_of_their_search(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    (here / "lambda.yaml").write_text(LAMBDA, encoding="utf-8")
    files = {**files, "gaussian_lambda": BenchmarkFile("benchmark-v1-gaussian-lambda", here / "lambda.yaml")}
    objects = run_recorded(here / "lambda.yaml", here / "store")
    assert read_leaderboard([objects], files).rows.empty, "a search alone has no damage"
    assert text_table(read_leaderboard([objects], files).rows).empty

    run_recorded(files["gaussian"].path, here / "store")
    before = text_table(read_leaderboard([objects], files).rows).set_index("mitigation")["lambda*"]
    assert before["mix"] == "", "the search is not done"
    sweep, _ = open_sweep(str(here / "lambda.yaml"), str(here / "store"))
    search(sweep, objects)
    board = read_leaderboard([objects], files)
    mix = row(board, "mix")
    assert mix["lambda_outcome"] == "threshold"
    assert mix["lambda_low"] < 1 < mix["lambda_high"]
    texts = text_table(board.rows).set_index("mitigation")["lambda*"]
    assert texts["replace"] == "unstable", "without real rows samples of twice the covariance spread for ever"
    assert texts["window, width 2"] == ""
