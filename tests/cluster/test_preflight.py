"""Clusters that cannot run what is asked for: refused before anything starts, with the numbers or the node's name."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from heads import Head, head
from s3_server import S3

from raysc.cluster.capacity import Capacity, NodeType
from raysc.cluster.preflight import check_request
from raysc.errors import InputError
from raysc.sweepfile import Sweep

RAYSC = [sys.executable, "-c", "from raysc.cli import main; main()"]
SWEEP = "data: gaussian\nmodel: gaussian\nloop: {generations: 1}\nspace: {regime: replace}\nmetrics: [kid]\n"


def sweep(folder: Path, at: Head, store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "grid.yaml"
    file.write_text(SWEEP)
    command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", at.address, *arguments]
    return subprocess.run(command, env={**os.environ, **at.environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            "{cpus: 8}",
            "one rank asks for 8 CPU, and no node of this Ray cluster has that: nodes that are up",
        ),
        ("{gpus: 2}", "there may be 3 worker with 4 CPU and 1 GPU each"),
        ("{workers: 4, cpus: 4}", "a trial asks for 4 ranks of 4 CPU at once, and this Ray cluster has room for 3"),
    ],
)
def test_what_no_trial_could_ever_get_is_refused_with_the_numbers(
    resources: str, message: str, make_sweep: Callable[..., Sweep]
) -> None:
    there = Capacity({}, (), (NodeType("worker", {"CPU": 4, "GPU": 1}, 3),), 3)
    with pytest.raises(InputError, match=f"resources: .*{message}"):
        check_request(make_sweep(SWEEP, f"resources={resources}"), there)
    check_request(make_sweep(SWEEP, "resources={workers: 3, cpus: 4, gpus: 1}"), there)


def test_nodes_with_other_versions_or_without_the_storage_are_named(tmp_path: Path, s3: S3) -> None:
    other = tmp_path / "other"
    (other / "diffusers-0.1.0.dist-info").mkdir(parents=True)
    (other / "diffusers-0.1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: diffusers\nVersion: 0.1.0\n"
    )
    with head("--num-cpus=1", environment=s3.environment) as at:
        path = os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")])
        nodes = {"old": {"PYTHONPATH": path}, "locked-out": {"AWS_ACCESS_KEY_ID": "another"}, "good": {}}
        at.add_nodes(nodes, "--num-cpus=1")
        done = sweep(tmp_path, at, "s3://bucket/nodes")
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert "2 of 4 nodes of this Ray cluster cannot work on the sweep" in lines[0]
    told = {line.split(" ")[0]: line for line in lines[1:]}
    assert set(told) == {"old", "locked-out"}
    assert "diffusers 0.1.0 instead of" in told["old"]
    assert "There is no such key (InvalidAccessKeyId)" in told["locked-out"]
