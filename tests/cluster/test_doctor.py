import shutil
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from typer.testing import CliRunner

from raysc.cli import app
from raysc.cluster.doctor import gpus, hardware, inception, packages, storage
from raysc.metrics.core.inception import weights_path
from raysc.store.objects import Objects
from tests.s3_server import S3


def test_packages_are_compared_with_the_requirements() -> None:
    requirements = ["numpy>=1", "no-such-package>=2", "torch<1", 'pytest>=99; extra == "dev"']
    *broken, satisfied = packages(requirements)
    assert [(finding.subject, finding.remedy, finding.broken) for finding in broken] == [
        ("no-such-package", "pip install 'no-such-package>=2'", True),
        ("torch", "pip install 'torch<1'", True),
    ]
    assert satisfied.state.startswith("numpy ")


def test_scarce_memory_is_broken_and_small_shared_memory_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30, total=16 * 2**30))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=64 * 2**20))
    _, memory, shared = hardware()
    assert (memory.state, memory.broken) == ("1.0 GiB of 16.0 GiB free", True)
    assert (shared.state, shared.broken) == ("0.1 GiB free", False)
    assert "--shm-size=5g" in shared.remedy


def test_a_gpu_that_torch_was_not_built_for_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not gpus().broken
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(torch.version, "cuda", None)
    assert gpus().remedy == "install a CUDA build of torch"


def test_storage_is_written_and_nothing_is_left_behind(tmp_path: Path, s3: S3) -> None:
    folder = tmp_path / "store"
    assert storage(Objects.open(str(folder))).remedy == ""
    assert not folder.exists()
    with s3.refusing(lambda method, path: method == "PUT"):
        refused = storage(Objects.open("s3://bucket/doctor"))
    assert refused.broken
    assert "Access Denied by the test" in refused.state
    assert "--storage" in refused.remedy


def test_inception_weights_are_checked_at_the_path_of_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_INCEPTION", str(tmp_path / "here"))
    assert str(weights_path()) in inception().state
    assert inception().remedy == ""
    weights_path().parent.mkdir()
    weights_path().write_bytes(b"something else")
    assert inception().broken
    assert "is damaged, or is not the file of clean-fid" in inception().state
    monkeypatch.setattr("raysc.metrics.core.inception.SHA256", sha256(b"something else").hexdigest())
    assert inception().state == str(weights_path())


@pytest.mark.usefixtures("running_ray")
def test_the_command_prints_each_check_and_fails_if_something_is_broken(s3: S3, tmp_path: Path) -> None:
    intact = CliRunner().invoke(app, ["doctor", "--storage", str(tmp_path / "store")])
    assert intact.exit_code == 0, intact.output
    assert "ok      Ray: ran a task; 1 nodes, 1 CPU, 0 GPU" in intact.output
    with s3.refusing(lambda method, path: method == "PUT"):
        refused = CliRunner().invoke(app, ["doctor", "--storage", "s3://bucket/doctor"])
    assert refused.exit_code == 1
    assert "broken  storage: " in refused.output
    assert refused.output.endswith("1 to mend\n")
