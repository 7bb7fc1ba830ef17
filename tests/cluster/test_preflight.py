"""Clusters that cannot run a sweep: refused before anything starts, with the amounts or the node's name."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raysc.cluster.capacity import Capacity, NodeType
from raysc.cluster.preflight import check_request
from raysc.errors import InputError
from raysc.sweepfile import Sweep
from tests.command_line import RAYSC
from tests.heads import Head, head
from tests.s3_server import S3

SWEEP = "data: gaussian\nmodel: gaussian\nloop: {generations: 1}\nspace: {regime: replace}\nmetrics: [kid]\n"


def sweep(folder: Path, cluster: Head, store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "grid.yaml"
    file.write_text(SWEEP)
    command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", cluster.address, *arguments]
    return subprocess.run(
        command, env={**os.environ, **cluster.environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            "{cpus: 8}",
            "one rank asks for 8 CPU, and no node of this Ray cluster has that: nodes that are up",
        ),
        ("{gpus: 2}", "the autoscaler may add 3 worker with 4 CPU and 1 GPU each"),
        ("{workers: 4, cpus: 4}", "a trial asks for 4 ranks of 4 CPU at once, and this Ray cluster has room for 3"),
    ],
)
def test_a_request_beyond_the_capacity_is_refused_with_the_amounts(
    resources: str, message: str, make_sweep: Callable[..., Sweep]
) -> None:
    capacity = Capacity({}, (), (NodeType("worker", {"CPU": 4, "GPU": 1}, 3),), 3)
    with pytest.raises(InputError, match=f"resources: .*{message}"):
        check_request(make_sweep(SWEEP, f"resources={resources}"), capacity)
    check_request(make_sweep(SWEEP, "resources={workers: 3, cpus: 4, gpus: 1}"), capacity)


@pytest.fixture(scope="module")
def three_nodes(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[Head]:
    """A head, a node with another version of a library, and one whose key the storage refuses."""
    other = tmp_path_factory.mktemp("other")
    (other / "diffusers-0.1.0.dist-info").mkdir()
    (other / "diffusers-0.1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: diffusers\nVersion: 0.1.0\n"
    )
    with head("--num-cpus=1", environment=s3.environment) as cluster:
        path = os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")])
        nodes = {"old": {"PYTHONPATH": path}, "locked-out": {"AWS_ACCESS_KEY_ID": "another"}}
        cluster.add_nodes(nodes, "--num-cpus=1")
        yield cluster


def test_nodes_with_other_versions_or_without_the_storage_are_named(three_nodes: Head, tmp_path: Path) -> None:
    done = sweep(tmp_path, three_nodes, "s3://bucket/nodes")
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert "2 of 3 nodes of this Ray cluster cannot work on the sweep" in lines[0]
    problems = {line.split(" ")[0]: line for line in lines[1:]}
    assert set(problems) == {"old", "locked-out"}
    assert "diffusers 0.1.0 instead of" in problems["old"]
    assert "There is no such key (InvalidAccessKeyId)" in problems["locked-out"]


def test_a_folder_of_one_machine_is_refused_on_a_cluster_of_several(three_nodes: Head, tmp_path: Path) -> None:
    done = sweep(tmp_path, three_nodes, str(tmp_path / "store"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "lies on a disk of this machine" in done.stderr
    assert "3 nodes" in done.stderr
