"""Published generations are never made twice, damaged ones are detected and made again: the command on a real Ray."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks import faults
from raysc.cli import app
from raysc.errors import InputError
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from tests.command_line import plan_of, table_of, without_seconds
from tests.s3_server import S3

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
    return without_seconds(table_of(file, store, *overrides))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, running_ray: None) -> tuple[Path, Path]:
    """A finished sweep: its file and its store; tests copy the store before they change it."""
    folder = tmp_path_factory.mktemp("once")
    file = folder / "once.yaml"
    file.write_text(SWEEP)
    assert call("sweep", file, "--storage", folder / "store")[0] == 0
    return file, folder / "store"


@pytest.fixture(scope="module")
def wide(finished: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished sweep of four regimes, so that one store has room for several damages."""
    folder = tmp_path_factory.mktemp("wide")
    file = folder / "wide.yaml"
    file.write_text(SWEEP.replace("[mix, accumulate]", "[mix, accumulate, replace, accumulate_subsample]"))
    shutil.copytree(finished[1], folder / "store")
    assert call("sweep", file, "--storage", folder / "store")[0] == 0
    return file, folder / "store"


@pytest.fixture(scope="module")
def grown(wide: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of the finished sweep with one generation more."""
    file, original = wide
    store = tmp_path_factory.mktemp("grown") / "store"
    shutil.copytree(original, store)
    assert call("sweep", file, "--storage", store, *LONGER)[0] == 0
    return results(file, store, LONGER[1])


def lineage(file: Path, store: Path, regime: str = "mix") -> str:
    return next(cell.keys.lineage for cell in plan_of(file, store).cells if cell.settings.regime.name == regime)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"ranks": 1', '"ranks": 7'))


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
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
    {
        "mix": "a truncated Parquet file of records",
        "accumulate": "a truncated Parquet file of rows",
        "replace": "a deleted model",
        "accumulate_subsample": "a flipped byte in a metric",
    },
    {
        "mix": "a flipped byte in a model",
        "accumulate": "a flipped byte in the last training state",
        "replace": "a deleted manifest",
        "accumulate_subsample": "an edited manifest",
    },
    {"mix": "a flipped byte in generation 0"},
    {"mix": "a deleted file of generation 0's rows"},
]
"""Damages of one store, by regime; together, since each store needs several sweeps."""


@pytest.mark.parametrize("kinds", TOGETHER, ids=lambda kinds: " and ".join(kinds.values()))
def test_damage_is_detected_named_and_repaired(
    kinds: dict[str, str], wide: tuple[Path, Path], grown: pd.DataFrame, tmp_path: Path
) -> None:
    assert {kind for each in TOGETHER for kind in each.values()} == set(DAMAGES)
    file, original = wide
    store = tmp_path / "store"
    shutil.copytree(original, store)
    zero = plan_of(file, store).cells[0].keys.generation_zero
    assert zero is not None
    named = []
    for regime, kind in kinds.items():
        pattern, damage = DAMAGES[kind]
        paths = pattern.format(lineage=lineage(file, store, regime), zero=zero.model, rows=zero.rows)
        path = sorted(store.glob(paths))[0]
        damage(path)
        if kind != "a deleted manifest":  # a missing generation is no damage
            named.append("generation 0" if "generation 0" in kind else path.relative_to(store).as_posix())
    status, output = call("sweep", file, "--storage", store, "--verify")
    assert status == 0, output
    for name in named:
        assert name in output or name == "generation 0", output
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)
    status, output = call("sweep", file, "--storage", store, "--verify")
    assert (status, "set aside" in output) == (0, False), output
    # A later generation starts from the repaired ones.
    longer: list[str | Path] = ["sweep", file, "--storage", store, *LONGER]
    status, output = call(*longer)
    if any("training state" in kind for kind in kinds.values()):  # no copy: its whole lineage is trained again
        assert (status, "3 published generations would have to be trained again" in output) == (2, True), output
        status, output = call(*longer, "--remake")
    assert status == 0, output
    pd.testing.assert_frame_equal(results(file, store, LONGER[1]), grown, check_exact=True)


def test_damage_is_detected_without_verify_too(finished: tuple[Path, Path], tmp_path: Path) -> None:
    file, original = finished
    store = tmp_path / "store"
    shutil.copytree(original, store)
    key = lineage(file, store)
    cut(next(store.glob(f"attempts/{key}/0/3-3/*/records.parquet")))
    status, output = call("sweep", file, "--storage", store)
    assert status == 0, output
    assert "records.parquet was changed or cut off" in output
    attempt = json.loads((store / f"spans/{key}/0/3-3").read_text())["attempt"]  # the damaged one remains beside it
    flip(store / attempt / "model/training_state.safetensors")
    longer: list[str | Path] = ["sweep", file, "--storage", store, "--set", "loop.generations=4"]
    status, output = call(*longer)
    assert (status, "run it again with --remake" in output) == (1, True), output
    status, output = call(*longer, "--remake")
    assert status == 0, output
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)


def test_fresh_announces_what_it_redoes_and_loses_nothing(finished: tuple[Path, Path], tmp_path: Path) -> None:
    file, original = finished
    store = tmp_path / "store"
    shutil.copytree(original, store)
    zero = plan_of(file, store).cells[0].keys.generation_zero
    assert zero is not None
    for unit in (f"loop/{lineage(file, store)}/0", f"initial/{zero.run}/0"):
        lease = Lease.acquire(Objects.open(str(store)), unit, "other")
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


def test_growth_without_training_states_needs_remake(tmp_path: Path) -> None:
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
    actual, expected = (results(file, folder, LONGER[1]) for folder in (store, plain))
    pd.testing.assert_frame_equal(actual, expected, check_exact=True)


def test_a_new_metric_without_models_needs_remake(tmp_path: Path) -> None:
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
    assert len(plan_of(file, store).loop) == 2
    assert call("sweep", file, "--storage", store)[0] == 0
    assert plan_of(file, store).units == ()
    (tmp_path / "edited_rule.py").write_text(rule + "    # another rule\n")
    again = plan_of(file, store)
    assert [(unit.cell.settings.regime.name, unit.reason) for unit in again.loop] == [("edited_rule:Own", "new")]
    assert again.initial == ()


def test_a_refused_write_fails_its_cell_and_a_second_call_succeeds(finished: tuple[Path, Path], s3: S3) -> None:
    file, original = finished
    store = "s3://bucket/refused"
    key = lineage(file, original)
    with s3.refusing(lambda method, path: method == "PUT" and path.endswith(f"/spans/{key}/0/2-2")):
        status, output = call("sweep", file, "--storage", store)
    assert status == 1
    assert f"spans/{key}/0/2-2 cannot be written: Access Denied by the test (AccessDenied)" in output
    assert "1 failed" in output
    table = results(file, store)
    assert table.loc[table["regime"] == "mix", "generation"].max() == 1, "no partly written generation is visible"
    assert table.loc[table["regime"] == "accumulate", "generation"].max() == 3, "the other cell continued"
    status, output = call("sweep", file, "--storage", store)
    assert status == 0, output
    pd.testing.assert_frame_equal(results(file, store), results(file, original), check_exact=True)


def test_a_lineage_of_two_sweeps_follows_the_more_generous_retention(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    file, _ = finished
    store = tmp_path / "store"
    mix = ("--set", "space.regime=mix", "--set", "loop.generations=1")
    assert call("sweep", file, "--storage", store, *mix, "--set", "keep={rows: all}", "--set", "name=generous")[0] == 0
    assert call("sweep", file, "--storage", store, "--set", "space.regime=mix", "--set", "keep={models: last}")[0] == 0
    key = lineage(file, store)
    for pattern in ("rows/*/*.parquet", "model/model.safetensors"):
        assert len(list(store.glob(f"attempts/{key}/0/*/*/{pattern}"))) == 3


def test_a_manifest_records_the_origin_of_a_generation(finished: tuple[Path, Path]) -> None:
    file, store = finished
    key = lineage(file, store, "accumulate")
    manifest = json.loads((store / f"spans/{key}/0/2-2").read_text())
    assert manifest["parent"] == f"spans/{key}/0/1-1"
    assert manifest["sources"] == [
        {"source": "real", "generation": 0, "rows": 60},
        {"source": "synthetic", "generation": 0, "rows": 60},
        {"source": "synthetic", "generation": 1, "rows": 60},
    ]
    assert manifest["lineage"]["regime"]["name"] == "accumulate"
    assert manifest["sweep"]["name"] == "once"
    assert (manifest["ranks"], manifest["device"]) == (1, "cpu, 1 per rank")
    assert {"torch", "ray", "raysc", "accelerate"} <= set(manifest["versions"])
    zero = plan_of(file, store).cells[0].keys.generation_zero
    assert zero is not None
    assert json.loads((store / f"spans/{zero.model}/0/0-0").read_text())["sources"][0]["rows"] == 60
