"""A sweep whose processes are killed, and one on a cluster of two nodes without a common folder."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import faults
from tests.command_line import RAYSC

SMALL = faults.Size(generations=3, lambdas="[0.5]", qualities="[60]", seeds=1)


def test_killed_processes_lose_no_work_and_repeat_none(tmp_path: Path) -> None:
    counts = faults.run(tmp_path, kills=4, size=SMALL, random_seed=1)
    assert set(counts.kills) == set(faults.KINDS), "the driver, a trial, a rank, and a publishing process"
    assert counts.generations == counts.sweeps * (1 + 2 * SMALL.generations)
    assert counts.fits >= counts.generations
    assert counts.late == 0, "no published generation is fitted again"
    assert counts.broken == [], "no reader sees a partly published object"
    assert counts.reads > 0
    assert counts.unequal == 0, "the table is that of an undisturbed run, bit for bit"


NODES = """
import subprocess, sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
done = subprocess.run([*%r, "sweep", sys.argv[1], "--storage", sys.argv[2], "--address", cluster.address])
cluster.shutdown()
sys.exit(done.returncode)
"""


def test_a_local_folder_is_refused_on_a_cluster_of_two_nodes(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "data: gaussian\nmodel: gaussian\nloop: {generations: 1}\nspace: {regime: replace}\nmetrics: [kid]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", NODES % RAYSC, str(file), str(tmp_path / "store")],
        env={**os.environ, "RAY_AUTH_MODE": "disabled", "RAYSC_JOB": "tests"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "lies on a disk of this machine" in done.stderr
    assert "2 nodes" in done.stderr
