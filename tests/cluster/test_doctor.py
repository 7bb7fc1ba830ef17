from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from s3_server import S3
from typer.testing import CliRunner

from raysc.cli import app
from raysc.cluster import doctor
from raysc.cluster.doctor import gpus, hardware, inception, packages, storage
from raysc.metrics.core.inception import weights_place
from raysc.store.objects import Objects


def test_packages_are_compared_with_what_raysc_asks_for() -> None:
    wanted = ["numpy>=1", "no-such-package>=2", "torch<1", 'pytest>=99; extra == "dev"']
    *broken, fine = packages(wanted)
    assert [(one.about, one.remedy, one.broken) for one in broken] == [
        ("no-such-package", "pip install 'no-such-package>=2'", True),
        ("torch", "pip install 'torch<1'", True),
    ]
    assert fine.told.startswith("numpy ")


def test_scarce_memory_is_broken_and_small_shared_memory_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30, total=16 * 2**30))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=64 * 2**20))
    _, memory, shared = hardware()
    assert (memory.told, memory.broken) == ("1.0 GiB of 16.0 GiB free", True)
    assert (shared.told, shared.broken) == ("0.1 GiB free", False)
    assert "--shm-size=5g" in shared.remedy


def test_a_gpu_that_torch_was_not_built_for_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert not gpus().broken
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(torch.version, "cuda", None)
    assert gpus().remedy == "install a CUDA build of torch"


def test_storage_is_written_and_nothing_is_left_behind(tmp_path: Path, s3: S3) -> None:
    place = tmp_path / "store"
    assert storage(Objects.at(str(place))).remedy == ""
    assert not place.exists()
    with s3.refusing(lambda method, path: method == "PUT"):
        refused = storage(Objects.at("s3://bucket/doctor"))
    assert refused.broken
    assert "Access Denied by the test" in refused.told
    assert "--storage" in refused.remedy


def test_inception_weights_are_looked_for_where_the_metrics_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "here"))
    assert str(weights_place()) in inception().told
    assert inception().remedy == ""
    weights_place().parent.mkdir()
    weights_place().write_bytes(b"something else")
    assert inception().broken
    assert "is not whole, or is not the file that clean-fid takes" in inception().told
    monkeypatch.setattr("raysc.metrics.core.inception.SHA256", sha256(b"something else").hexdigest())
    assert inception().told == str(weights_place())


@pytest.mark.usefixtures("running_ray")
def test_the_command_tells_line_by_line_and_fails_if_something_is_broken(s3: S3, tmp_path: Path) -> None:
    fine = CliRunner().invoke(app, ["doctor", "--storage", str(tmp_path / "store")])
    assert fine.exit_code == 0, fine.output
    assert "ok      Ray: ran a task; 1 nodes, 3 CPU, 0 GPU" in fine.output
    with s3.refusing(lambda method, path: method == "PUT"):
        refused = CliRunner().invoke(app, ["doctor", "--storage", "s3://bucket/doctor"])
    assert refused.exit_code == 1
    assert "broken  storage: " in refused.output
    assert refused.output.endswith("1 to mend\n")
