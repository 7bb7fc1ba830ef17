"""A node that is lost in the middle of a sweep: its trials go on elsewhere, and nothing else changes."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from raysc.store.leases import holders
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import RAYSC, open_resolved, table_of, without_seconds
from tests.heads import Head, head, node_of
from tests.s3_server import S3

SWEEP = """
name: lost
data: {name: digits, rows: 60}
model: {name: flow_matching, width: 16, depth: 1}
initial: {steps: 5}
loop: {generations: 4, budget: {steps: 150}}
train: {batch: 32}
sample: {steps: 2}
space: {regime: [mix, accumulate, replace], lambda: 1.0}
control: false
seeds: 1
metrics: [{name: frechet_distance, features: pixels}]
"""
QUICK = (
    '{"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500, "health_check_timeout_ms": 60000, '
    '"health_check_failure_threshold": 2}'
)
"""Health check after which Ray marks a node as dead. One whose processes are gone refuses it at once; one that is alive
on a busy machine has a minute to answer."""


def at_work(objects: Objects, before: Collection[int]) -> str | None:
    """Return a node that runs a partly published loop in a new process; None if there is none.

    The trials of a killed driver live on for a moment: ``before`` holds their process ids.
    """
    for unit, holder in holders(objects).items():
        published = list(objects.names(unit.replace("loop/", "spans/")))
        is_new = unit.startswith("loop/") and holder.pid not in before
        if is_new and 1 <= len(published) <= 2 and (node := node_of(holder.pid)):
            return node
    return None


def start(cluster: Head, file: Path, store: str) -> "subprocess.Popen[str]":
    command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", cluster.address]
    environment = {**os.environ, **cluster.environment}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_until_at_work(objects: Objects, driver: "subprocess.Popen[str]", before: Collection[int] = ()) -> str:
    while (node := at_work(objects, before)) is None:
        assert driver.poll() is None, driver.communicate()[0]
        time.sleep(0.05)
    return node


def test_a_lost_node_and_a_lost_driver_change_nothing(
    tmp_path: Path, s3: S3, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    file, calm = tmp_path / "lost.yaml", tmp_path / "calm"
    file.write_text(SWEEP)
    resolved, objects = open_resolved(file, calm)
    run_sweep(resolved.sweep, objects)
    undisturbed = without_seconds(table_of(file, calm))
    with head("--num-cpus=1", f"--system-config={QUICK}", environment=s3.environment) as cluster:
        cluster.add_nodes({"one": {}, "two": {}}, "--num-cpus=1")
        # The driver is killed and started again; then a node is killed.
        store = "s3://bucket/lost"
        _, objects = open_resolved(file, store)
        first = start(cluster, file, store)
        wait_until_at_work(objects, first)
        first.kill()
        first.communicate()
        before = {holder.pid for holder in holders(objects).values()}
        second = start(cluster, file, store)
        node = wait_until_at_work(objects, second, before)
        assert cluster.kill_node(node) >= 2, "the node and its trial"
        output = second.communicate()[0]
    assert second.returncode == 0, output
    assert "failed" not in output
    assert re.search(rf"node {node} \(.*\) is gone; 1 unit that ran there goes on elsewhere from", output), output
    assert "raylet" not in output.lower(), output
    pd.testing.assert_frame_equal(without_seconds(table_of(file, store)), undisturbed, check_exact=True)
