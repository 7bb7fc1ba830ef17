"""What is done is never done again, what is damaged is found and made again: with the command, on a real Ray."""

import json
import shutil
from pathlib import Path

import faults
import pandas as pd
import pytest
from s3_server import S3
from typer.testing import CliRunner

from raysc.cli import app
from raysc.cli.arguments import open_sweep
from raysc.errors import InputError
from raysc.planning.plan import make_plan
from raysc.results.table.table import load_table
from raysc.store.leases import Lease
from raysc.store.objects import Objects

pytestmark = pytest.mark.usefixtures("running_ray")

SWEEP = """
name: once
data: {name: digits, rows: 60}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 20}
loop: {generations: 3, budget: {steps: 10}}
train: {batch: 16}
sample: {steps: 2}
space: {regime: [mix, accumulate], lambda: 1.0}
control: false
seeds: 1
metrics: [{name: frechet_distance, features: pixels}]
"""

LONGER = ("--set", "loop.generations=4")


def call(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit | InputError):
        raise result.exception
    return (2, str(result.exception)) if isinstance(result.exception, InputError) else (result.exit_code, result.output)


def results(file: Path, store: Path | str, *overrides: str) -> pd.DataFrame:
    table = load_table(*open_sweep(str(file), str(store), overrides))
    return table.drop(columns=[name for name in table if name.startswith("seconds_")])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, running_ray: None) -> tuple[Path, Path]:
    """A finished sweep: its file and its store; copy it before changing anything."""
    folder = tmp_path_factory.mktemp("once")
    file = folder / "once.yaml"
    file.write_text(SWEEP)
    assert call("sweep", file, "--storage", folder / "store")[0] == 0
    return file, folder / "store"


@pytest.fixture(scope="module")
def grown(finished: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of the finished sweep with one generation more."""
    file, original = finished
    store = tmp_path_factory.mktemp("grown") / "store"
    shutil.copytree(original, store)
    assert call("sweep", file, "--storage", store, *LONGER)[0] == 0
    return results(file, store, LONGER[1])


def lineage(file: Path, store: Path, regime: str = "mix") -> str:
    plan = make_plan(*open_sweep(str(file), str(store), ()))
    return next(line.keys.lineage for line in plan.lines if line.cell.regime.name == regime)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"ranks": 1', '"ranks": 7'))


DAMAGES = {
    "a truncated Parquet file of records": ("attempts/{lineage}/0/2-2/*/records.parquet", cut),
    "a truncated Parquet file of rows": ("attempts/{lineage}/0/3-3/*/rows/3/*.parquet", cut),
    "a flipped byte in a model": ("attempts/{lineage}/0/2-2/*/model/model.safetensors", flip),
    "a flipped byte in the last training state": ("attempts/{lineage}/0/3-3/*/model/training_state.safetensors", flip),
    "a deleted model": ("attempts/{lineage}/0/1-1/*/model/model.safetensors", Path.unlink),
    "a deleted manifest": ("spans/{lineage}/0/2-2", Path.unlink),
    "an edited manifest": ("spans/{lineage}/0/3-3", edit),
    "a flipped byte in a metric": ("metrics/*/{lineage}/0/2-2-*.parquet", flip),
    "a flipped byte in generation 0": ("attempts/{zero}/0/0-0/*/model/model.safetensors", flip),
    "a deleted file of generation 0's rows": ("attempts/{rows}/0/0-0/*/rows/0/*.parquet", Path.unlink),
}


TOGETHER = [
    {"mix": "a truncated Parquet file of records", "accumulate": "a truncated Parquet file of rows"},
    {"mix": "a flipped byte in a model", "accumulate": "a flipped byte in the last training state"},
    {"mix": "a deleted model", "accumulate": "a flipped byte in a metric"},
    {"mix": "a deleted manifest", "accumulate": "an edited manifest"},
    {"mix": "a flipped byte in generation 0"},
    {"mix": "a deleted file of generation 0's rows"},
]
"""By regime: what happens at once, so that not every kind needs sweeps of its own."""


@pytest.mark.parametrize("kinds", TOGETHER, ids=lambda kinds: " and ".join(kinds.values()))
def test_damage_is_found_named_and_made_again(
    kinds: dict[str, str], finished: tuple[Path, Path], grown: pd.DataFrame, tmp_path: Path
) -> None:
    assert {kind for each in TOGETHER for kind in each.values()} == set(DAMAGES)
    file, original = finished
    store = tmp_path / "store"
    shutil.copytree(original, store)
    plan = make_plan(*open_sweep(str(file), str(store), ()))
    zero = plan.lines[0].keys.zero
    assert zero is not None
    named = []
    for regime, kind in kinds.items():
        pattern, damage = DAMAGES[kind]
        places = pattern.format(lineage=lineage(file, store, regime), zero=zero.model, rows=zero.rows)
        found = sorted(store.glob(places))[0]
        damage(found)
        if kind != "a deleted manifest":  # that is simply not there
            named.append("generation 0" if "generation 0" in kind else found.relative_to(store).as_posix())
    status, output = call("sweep", file, "--storage", store, "--verify")
    assert status == 0, output
    for name in named:
        assert name in output or name == "generation 0", output
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)
    status, output = call("sweep", file, "--storage", store, "--verify")
    assert (status, "set aside" in output) == (0, False), output
    # What comes next stands on what was made again.
    status, output = call("sweep", file, "--storage", store, *LONGER)
    assert status == 0, output
    pd.testing.assert_frame_equal(results(file, store, LONGER[1]), grown, check_exact=True)


def test_what_is_damaged_is_found_on_the_way_too(finished: tuple[Path, Path], tmp_path: Path) -> None:
    file, original = finished
    store = tmp_path / "store"
    shutil.copytree(original, store)
    key = lineage(file, store)
    cut(next(store.glob(f"attempts/{key}/0/3-3/*/records.parquet")))
    status, output = call("sweep", file, "--storage", store)
    assert status == 0, output
    assert "records.parquet was changed or cut off" in output
    attempt = json.loads((store / f"spans/{key}/0/3-3").read_text())["attempt"]  # the damaged one still lies beside it
    flip(store / attempt / "model/training_state.safetensors")
    status, output = call("sweep", file, "--storage", store, "--set", "loop.generations=4")
    assert status == 0, output
    assert "training_state.safetensors was changed or cut off" in output
    shown = results(file, store)
    pd.testing.assert_frame_equal(shown, results(file, original), check_exact=True)


def test_fresh_says_what_it_redoes_and_loses_nothing(finished: tuple[Path, Path], tmp_path: Path) -> None:
    file, original = finished
    store = tmp_path / "store"
    shutil.copytree(original, store)
    zero = make_plan(*open_sweep(str(file), str(store), ())).lines[0].keys.zero
    assert zero is not None
    for unit in (f"loop/{lineage(file, store)}/0", f"initial/{zero.run}/0"):
        lease = Lease.take(Objects.at(str(store)), unit, "other")
        assert lease is not None
        with lease:
            status, output = call("sweep", file, "--storage", store, "--fresh")
            assert status == 2
            assert "runs some of it at this moment" in output
    status, output = call("sweep", file, "--storage", store, "--fresh")
    assert status == 0, output
    assert "8 published spans of 4 lineages and generation 0s move to the trash" in output
    assert "0 generations done, 6 to do" in output
    assert len(list(store.glob(f"trash/*/spans/{lineage(file, store)}/0/*"))) == 3
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)


def test_dropped_training_states_refuse_regrowth_unless_it_is_asked_for(tmp_path: Path) -> None:
    file, store = tmp_path / "once.yaml", tmp_path / "store"
    file.write_text(SWEEP + "keep: {training_state: none}\n")
    assert call("sweep", file, "--storage", store)[0] == 0
    assert list(store.glob(f"attempts/{lineage(file, store)}/0/*/*/model/training_state*")) == []
    assert "nothing to do" in call("plan", file, "--storage", store)[1]
    assert json.loads(call("plan", file, "--storage", store, *LONGER, "--json")[1])["refits"] == 2 * 3
    status, output = call("sweep", file, "--storage", store, *LONGER)
    assert status == 2
    assert "6 published generations would have to be trained again; add --remake" in output
    assert call("sweep", file, "--storage", store, *LONGER, "--remake")[0] == 0
    plain = tmp_path / "plain"
    assert call("sweep", file, "--storage", plain, *LONGER, "--set", "keep={}")[0] == 0
    tables = [results(file, place, LONGER[1]) for place in (store, plain)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_dropped_models_refuse_a_new_metric_unless_it_is_asked_for(tmp_path: Path) -> None:
    file, store = tmp_path / "once.yaml", tmp_path / "store"
    file.write_text(SWEEP + "keep: {models: last}\n")
    assert call("sweep", file, "--storage", store)[0] == 0
    assert len(list(store.glob(f"attempts/{lineage(file, store)}/0/*/*/model/model.safetensors"))) == 1
    assert call("sweep", file, "--storage", store, "--set", "loop.generations=4")[0] == 0, "it can still grow"
    more = ("--set", "metrics=[{name: recall, features: pixels}]")
    assert call("sweep", file, "--storage", store, *more)[0] == 2
    status, output = call("sweep", file, "--storage", store, *more, "--remake")
    assert status == 0, output
    assert results(file, store, *more[1:])["recall[pixels]"].notna().all()


def test_an_edited_plug_in_runs_exactly_its_lineages_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, store, log = tmp_path / "faults.yaml", tmp_path / "store", tmp_path / "log"
    monkeypatch.setenv(faults.LOG, str(log))
    rule = "from raysc.regimes.mix import Mix\n\n\nclass Own(Mix):\n    version = 1\n"
    (tmp_path / "edited_rule.py").write_text(rule)
    file.write_text(SWEEP.replace("regime: [mix, accumulate]", "regime: [mix, 'edited_rule:Own']"))
    plan = make_plan(*open_sweep(str(file), str(store), ()))
    assert len(plan.loop) == 2
    assert call("sweep", file, "--storage", store)[0] == 0
    assert make_plan(*open_sweep(str(file), str(store), ())).units == ()
    (tmp_path / "edited_rule.py").write_text(rule + "    # another rule\n")
    again = make_plan(*open_sweep(str(file), str(store), ()))
    assert [(unit.line.cell.regime.name, unit.reason) for unit in again.loop] == [("edited_rule:Own", "new")]
    assert again.initial == ()


def test_a_write_that_is_refused_half_way_fails_its_cell_and_a_second_call_ends_well(
    finished: tuple[Path, Path], s3: S3
) -> None:
    file, original = finished
    store = "s3://bucket/refused"
    key = lineage(file, original)
    with s3.refusing(lambda method, path: method == "PUT" and path.endswith(f"/spans/{key}/0/2-2")):
        status, output = call("sweep", file, "--storage", store)
    assert status == 1
    assert f"spans/{key}/0/2-2 cannot be written: Access Denied by the test (AccessDenied)" in output
    assert "1 failed" in output
    seen = results(file, store)
    assert seen.loc[seen["regime"] == "mix", "generation"].max() == 1, "nothing half-written is visible"
    assert seen.loc[seen["regime"] == "accumulate", "generation"].max() == 3, "the others went on"
    status, output = call("sweep", file, "--storage", store)
    assert status == 0, output
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)


def test_a_lineage_that_two_sweeps_name_is_kept_as_the_more_generous_one_wants(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    file, _ = finished
    store = tmp_path / "store"
    one = ("--set", "space.regime=mix", "--set", "loop.generations=1")
    assert call("sweep", file, "--storage", store, *one, "--set", "keep={rows: all}", "--set", "name=generous")[0] == 0
    assert call("sweep", file, "--storage", store, "--set", "space.regime=mix", "--set", "keep={models: last}")[0] == 0
    key = lineage(file, store)
    for pattern in ("rows/*/*.parquet", "model/model.safetensors"):
        assert len(list(store.glob(f"attempts/{key}/0/*/*/{pattern}"))) == 3


def test_a_manifest_says_what_a_generation_came_from(finished: tuple[Path, Path]) -> None:
    file, store = finished
    key = lineage(file, store, "accumulate")
    told = json.loads((store / f"spans/{key}/0/2-2").read_text())
    assert told["parent"] == f"spans/{key}/0/1-1"
    assert told["sources"] == [
        {"source": "real", "generation": 0, "rows": 60},
        {"source": "synthetic", "generation": 0, "rows": 60},
        {"source": "synthetic", "generation": 1, "rows": 60},
    ]
    assert told["lineage"]["regime"]["name"] == "accumulate"
    assert told["sweep"]["name"] == "once"
    assert (told["ranks"], told["device"]) == (1, "cpu, 1 per rank")
    assert {"torch", "ray", "raysc", "accelerate"} <= set(told["versions"])
    zero = make_plan(*open_sweep(str(file), str(store), ())).lines[0].keys.zero
    assert zero is not None
    assert json.loads((store / f"spans/{zero.model}/0/0-0").read_text())["sources"][0]["rows"] == 60
