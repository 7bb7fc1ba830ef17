"""A sweep on a full disk: its cells fail, and the next call, with space, makes what they lack."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import RAYSC, open_resolved, table_of, without_seconds

RunSweep = Callable[[Sweep, Objects], None]

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
        "sample: {rows: 12000, steps: 2}\n"
        "space: {regime: [replace, mix], lambda: 1.0}\n"
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
