import os
import time
from pathlib import Path

from typer.testing import CliRunner

from raysc.cli import app
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.store.sweep_record import write_sweep_record


def gc(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["gc", *options, "--storage", str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def test_garbage_is_reported_and_deleted_with_yes(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    write_sweep_record(objects, "grid", {"name": "grid"}, [])
    lost = Attempt.start(objects, "key/0/1-1")
    lost.put("model/weights", b"x" * 2500)
    long_ago = time.time() - 3 * 86400
    os.utime(tmp_path / lost.prefix / "model/weights", (long_ago, long_ago))
    output = gc(tmp_path)
    assert "2.5 kB in 1 objects: files of attempts that no manifest names" in output
    assert "raysc gc --yes removes them" in output
    assert objects.exists(f"{lost.prefix}/model/weights")
    assert "2.5 kB removed" in gc(tmp_path, "--yes")
    assert not objects.exists(f"{lost.prefix}/model/weights")
    assert "nothing to remove" in gc(tmp_path)


def test_a_damaged_sweep_record_is_reported_and_nothing_is_deleted_for_it(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    write_sweep_record(objects, "grid", {"name": "grid"}, [])
    (record,) = objects.names("sweeps")
    objects.put(record, b"{}")
    output = gc(tmp_path, "--yes")
    assert f"{record} was changed or cut off" in output
    assert "run the sweep of that record again" in output
    assert "nothing to remove" in output
    assert objects.exists(record)
