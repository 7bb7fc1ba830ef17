"""Sweeps in their own processes: killed, started twice at once, on a full disk, on a cluster of two nodes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import faults
from raysc.store.objects import Objects
from raysc.store.spans import published_spans
from raysc.sweepfile import Sweep
from tests.command_line import RAYSC, open_resolved, plan_of, table_of, without_seconds
from tests.s3_server import S3

SMALL = faults.Size(generations=3, lambdas="[0.5]", qualities="[60]", seeds=1)
RunSweep = Callable[[Sweep, Objects], None]


def test_killed_processes_lose_no_work_and_repeat_none(tmp_path: Path) -> None:
    counts = faults.run(tmp_path, kills=4, size=SMALL, random_seed=1)
    assert set(counts.kills) == set(faults.KINDS), "the driver, a trial, a rank, and a publishing process"
    assert counts.generations == counts.sweeps * (1 + 2 * SMALL.generations)
    assert counts.fits >= counts.generations
    assert counts.late == 0, "no published generation is fitted again"
    assert counts.broken == [], "no reader sees a partly published object"
    assert counts.reads > 0
    assert counts.unequal == 0, "the table is that of an undisturbed run, bit for bit"


@pytest.mark.parametrize("where", ["disk", "s3"])
def test_two_calls_at_once_share_the_work(where: str, tmp_path: Path, s3: S3) -> None:
    (tmp_path / "logged_family.py").write_text(faults.FAMILY)
    file = tmp_path / "faults.yaml"
    file.write_text(faults.SWEEP.format(**vars(faults.Size(generations=2, seeds=2, lambdas="[0.5]", qualities="[60]"))))
    text = file.read_text().replace("workers: 2", "workers: 1")
    file.write_text(text)
    store = str(tmp_path / "store") if where == "disk" else "s3://bucket/two-at-once"
    log = tmp_path / "fits"
    environment = {**os.environ, faults.LOG: str(log), "RAY_AUTH_MODE": "disabled"}
    command = [*RAYSC, "sweep", str(file), "--storage", store]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    resolved, objects = open_resolved(file, store)
    ended: list[subprocess.Popen[str]] = []
    while len(ended) < 2:
        for process in processes:
            if process not in ended and process.poll() is not None:
                output = process.communicate()[0]
                assert process.returncode == 0, output
                assert plan_of(file, store).units == (), "no call ends before everything is done"
                ended.append(process)
    fits = [entry for entry in map(json.loads, log.read_text().splitlines()) if entry["first"] == 0]
    by_lineage = published_spans(objects)
    spans = [span for packs in by_lineage.values() for pack_spans in packs.values() for span in pack_spans]
    initial_rows = {zero.rows for cell in resolved.cells if (zero := cell.keys.generation_zero)}
    later = [span for span in spans if span.first > 0]
    assert len(later) == 2 * 2 * 2, "regimes, seeds, generations"
    assert len([entry for entry in fits if entry["generation"] > 0]) == len(later), "each was fitted once"
    assert len([entry for entry in fits if entry["generation"] == 0]) == 2, "one a seed"
    assert len([span for span in spans if span.lineage in initial_rows]) == 2


FULL = """
set -e
mount -t tmpfs -o size=1m none {disk}
set +e
{sweep} > {folder}/first.txt 2>&1; echo $? > {folder}/first
set -e
mount -o remount,size=60m {disk}
{sweep} > {folder}/second.txt 2>&1; echo $? > {folder}/second
cp -r {disk}/store {folder}/store
"""


def test_a_full_disk_fails_its_cells_and_a_second_call_with_space_succeeds(tmp_path: Path, run_sweep: RunSweep) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    file = tmp_path / "full.yaml"
    file.write_text(
        "name: full\n"
        "data: {name: eight_gaussians, rows: 100}\n"
        "model: {name: flow_matching, width: 16, depth: 1}\n"
        "initial: {steps: 10}\n"
        "loop: {generations: 6, budget: {steps: 5}}\n"
        "train: {batch: 16}\n"
        "sample: {rows: 6000, steps: 2}\n"
        "space: {regime: [replace, mix], lambda: [0.5, 1.0]}\n"
        "control: false\n"
        "keep: {rows: all}\n"
        "metrics: [feature_variance]\n"
    )
    sweep = " ".join(f"'{word}'" for word in [*RAYSC, "sweep", str(file), "--storage", str(disk / "store")])
    script = FULL.format(disk=disk, folder=tmp_path, sweep=sweep)
    unshare = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
    subprocess.run([*unshare, "sh", "-c", script], check=True, env={**os.environ, "RAY_AUTH_MODE": "disabled"})
    first, second = ((tmp_path / name).read_text() for name in ("first.txt", "second.txt"))
    assert (tmp_path / "first").read_text().strip() == "1", first
    assert "No space left on device" in first
    assert (tmp_path / "second").read_text().strip() == "0", second
    calm = tmp_path / "calm"
    resolved, objects = open_resolved(file, calm)
    run_sweep(resolved.sweep, objects)
    actual, expected = (without_seconds(table_of(file, store)) for store in (tmp_path / "store", calm))
    pd.testing.assert_frame_equal(actual, expected, check_exact=True)


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
