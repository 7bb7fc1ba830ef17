"""Clusters that cannot run what is asked for: refused before anything starts, with the numbers or the node's name."""

import os
import subprocess
import sys
import time
from pathlib import Path

from heads import Head, autoscaling, head
from s3_server import S3

RAYSC = [sys.executable, "-c", "from raysc.cli import main; main()"]
SWEEP = "data: gaussian\nmodel: gaussian\nloop: {generations: 1}\nspace: {regime: replace}\nmetrics: [kid]\n"


def sweep(folder: Path, at: Head, store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "grid.yaml"
    file.write_text(SWEEP)
    command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", at.address, *arguments]
    return subprocess.run(command, env={**os.environ, **at.environment}, capture_output=True, text=True, check=False)


def test_what_the_autoscaler_could_never_bring_up_is_refused_at_once(tmp_path: Path, s3: S3) -> None:
    types = {"gpu_worker": {"resources": {"CPU": 4, "GPU": 1}, "min_workers": 0, "max_workers": 2}}
    with autoscaling(types) as at:
        began = time.monotonic()
        one = sweep(tmp_path, at, "s3://bucket/never", "--set", "resources.gpus=2")
        assert time.monotonic() - began < 10
        assert one.returncode == 2, one.stdout + one.stderr
        assert "one rank asks for 1 CPU and 2 GPU, and no node of this Ray cluster has that" in one.stderr
        assert "there may be 2 gpu_worker with 4 CPU and 1 GPU each" in one.stderr
        other = sweep(tmp_path, at, str(tmp_path / "store"))
        assert other.returncode == 2
        assert "may bring up 2 more, which cannot all write there" in other.stderr


def test_nodes_with_other_versions_or_without_the_storage_are_named(tmp_path: Path, s3: S3) -> None:
    other = tmp_path / "other"
    (other / "diffusers-0.1.0.dist-info").mkdir(parents=True)
    (other / "diffusers-0.1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: diffusers\nVersion: 0.1.0\n"
    )
    with head("--num-cpus=1", environment=s3.environment) as at:
        path = os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")])
        at.add_node("--num-cpus=1", "--node-name=old", environment={"PYTHONPATH": path})
        at.add_node("--num-cpus=1", "--node-name=locked-out", environment={"AWS_ACCESS_KEY_ID": "another"})
        at.add_node("--num-cpus=1", "--node-name=good")
        done = sweep(tmp_path, at, "s3://bucket/nodes")
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert "2 of 4 nodes of this Ray cluster cannot work on the sweep" in lines[0]
    told = {line.split(" ")[0]: line for line in lines[1:]}
    assert set(told) == {"old", "locked-out"}
    assert "diffusers 0.1.0 instead of" in told["old"]
    assert "There is no such key (InvalidAccessKeyId)" in told["locked-out"]
