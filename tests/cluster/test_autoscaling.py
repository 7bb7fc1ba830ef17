"""A cluster that grows and shrinks by itself, with Ray's fake provider: nodes are processes, their GPUs are numbers."""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raysc.planning.open_sweep import open_sweep
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import RAYSC
from tests.heads import Head, autoscaling
from tests.s3_server import S3

MEETING = '''
"""A metric that waits until a given number of trials measure at the same time."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysc.metrics.core.metric import Column


@dataclass(frozen=True)
class Meeting:
    folder: str
    trials: int
    version = 1
    features = "values"
    min_rows = 1
    columns = (Column("met", "higher", "linear", "none"),)

    def measure(self, compared):
        (Path(self.folder) / str(os.getpid())).touch()
        deadline = time.monotonic() + 900
        while (met := len(os.listdir(self.folder))) < self.trials and time.monotonic() < deadline:
            time.sleep(0.1)
        return {"met": np.full(len(compared.generated), float(met))}
'''

TOGETHER = """
name: together
data: {{name: gaussian, rows: 20}}
model: gaussian
loop: {{generations: 1}}
space: {{regime: [replace, accumulate], lambda: [0.5, 1.0, 2.0]}}
control: false
metrics: [{{name: "meeting:Meeting", folder: {folder}, trials: 6}}]
resources: {{cpus: 1, gpus: 0.5}}
"""

CREWS = """
name: crews
data: {name: digits, rows: 60}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 2}
loop: {generations: 1, budget: {steps: 2}}
train: {batch: 16}
sample: {steps: 1}
space: {regime: replace}
control: false
seeds: 2
metrics: [{name: feature_variance, features: pixels}]
resources: {workers: 2, cpus: 2}
"""


@pytest.fixture(scope="module")
def cluster(s3: S3) -> Iterator[Head]:
    """Up to three nodes of two cores and a GPU; at first none is up."""
    types = {"gpu_worker": {"resources": {"CPU": 2, "GPU": 1}, "min_workers": 0, "max_workers": 3}}
    with autoscaling(types) as head:
        yield head


def run(cluster: Head, file: Path, store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", cluster.address, *arguments]
    return subprocess.run(
        command, env={**os.environ, **cluster.environment}, capture_output=True, text=True, check=False
    )


def nodes_of(objects: Objects) -> Counter[str]:
    """Count the published spans by the node that made them."""
    return Counter(json.loads(objects.get(name))["node"] for name in objects.names("spans"))


def test_a_request_beyond_the_autoscalers_node_types_is_refused_at_once(cluster: Head, tmp_path: Path) -> None:
    file = tmp_path / "crews.yaml"
    file.write_text(CREWS)
    refused = run(cluster, file, "s3://bucket/never", "--set", "resources={gpus: 2}")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "one rank asks for 1 CPU and 2 GPU, and no node of this Ray cluster has that" in refused.stderr
    assert "the autoscaler may add 3 gpu_worker with 2 CPU and 1 GPU each" in refused.stderr


def test_nodes_are_added_for_trials_that_share_their_gpus_and_removed_afterwards(cluster: Head, tmp_path: Path) -> None:
    (tmp_path / "meeting.py").write_text(MEETING)
    (tmp_path / "met").mkdir()
    file, store = tmp_path / "together.yaml", "s3://bucket/together"
    file.write_text(TOGETHER.format(folder=tmp_path / "met"))
    done = run(cluster, file, store)
    assert done.returncode == 0, done.stdout + done.stderr
    _, objects = open_sweep(str(file), store, ())
    assert len(list((tmp_path / "met").iterdir())) == 6, "all six ran at once"
    assert sorted(nodes_of(objects).values()) == [2, 2, 2], "three new nodes, two trials on the GPU of each"
    deadline = time.monotonic() + 600
    while len(list(cluster.processes("raylet/raylet"))) > 1:
        assert time.monotonic() < deadline, "idle nodes stay up"
        time.sleep(1)


def test_crews_that_exceed_the_free_resources_wait_for_each_other(
    cluster: Head, tmp_path: Path, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    file, store = tmp_path / "crews.yaml", "s3://bucket/crews"
    file.write_text(CREWS)
    _, objects = opened = open_sweep(str(file), store, ())
    run_sweep(*opened)
    before = set(objects.names("spans"))
    # Each of two crews has two ranks on a node each: the three possible nodes hold one and a half crews.
    done = run(cluster, file, store, "--set", "loop.generations=2")
    assert done.returncode == 0, done.stdout + done.stderr
    spans = [json.loads(objects.get(name)) for name in set(objects.names("spans")) - before]
    assert [span["ranks"] for span in spans] == [2, 2]
