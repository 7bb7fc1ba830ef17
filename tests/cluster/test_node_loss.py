"""A node that is lost in the middle of a sweep: its trials go on elsewhere, and nothing else changes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
from heads import Head, head
from s3_server import S3

from raysc.cli.places import open_sweep
from raysc.results.table import load_table
from raysc.store.leases import holders
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

RAYSC = [sys.executable, "-c", "from raysc.cli import main; main()"]
NODE = "RAYSC_TEST_NODE"
SWEEP = """
name: lost
data: {name: digits, rows: 60}
model: {name: flow_matching, width: 16, depth: 1}
initial: {steps: 5}
loop: {generations: 5, budget: {steps: 100}}
train: {batch: 32}
sample: {steps: 2}
space: {regime: [mix, accumulate, replace], lambda: 1.0}
control: false
seeds: 2
metrics: [{name: frechet_distance, features: pixels}]
"""
QUICK = (
    '{"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500, "health_check_timeout_ms": 1000, '
    '"health_check_failure_threshold": 2}'
)
"""How soon Ray takes a node that does not answer for dead."""


def at_work(objects: Objects) -> str | None:
    """A node that runs a loop, of which something is published and something is not."""
    for unit, holder in holders(objects).items():
        published = list(objects.names(unit.replace("loop/", "spans/")))
        if unit.startswith("loop/") and 1 <= len(published) <= 3 and (node := node_of(holder.pid)):
            return node
    return None


def node_of(pid: int) -> str | None:
    try:
        return psutil.Process(pid).environ().get(NODE)
    except psutil.Error:
        return None


def kill(cluster: Head, node: str) -> int:
    """Every process of a node, as a machine that is switched off."""
    lost = [process for process in cluster.processes() if node_of(process.pid) == node]
    for process in lost:
        process.kill()
    return len(lost)


def test_a_sweep_over_three_nodes_one_of_which_dies_gives_the_table_of_an_undisturbed_run(
    tmp_path: Path, s3: S3, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    file, store = tmp_path / "lost.yaml", "s3://bucket/lost"
    file.write_text(SWEEP)
    sweep, objects = open_sweep(str(file), store, ())
    with head("--num-cpus=1", f"--system-config={QUICK}", environment=s3.environment) as cluster:
        for name in ("one", "two"):
            cluster.add_node("--num-cpus=1", environment={NODE: name})
        command = [*RAYSC, "sweep", str(file), "--storage", store, "--address", cluster.address]
        driver = subprocess.Popen(
            command,
            env={**os.environ, **cluster.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while (node := at_work(objects)) is None:
            assert driver.poll() is None, driver.communicate()[0]
            time.sleep(0.05)
        assert kill(cluster, node) >= 2, "the node and its trial"
        output = driver.communicate()[0]
    print(output)
    assert driver.returncode == 0, output
    assert "failed" not in output
    calm = str(tmp_path / "calm")
    run_sweep(*open_sweep(str(file), calm, ()))
    tables = [load_table(sweep, objects), load_table(*open_sweep(str(file), calm, ()))]
    one, other = (table.drop(columns=[name for name in table if name.startswith("seconds_")]) for table in tables)
    pd.testing.assert_frame_equal(one, other, check_exact=True)
