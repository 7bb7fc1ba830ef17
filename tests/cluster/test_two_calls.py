"""Two calls of raysc sweep at once share the work of one sweep."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks import faults
from raysc.store.spans import published_spans
from tests.command_line import RAYSC, open_resolved, plan_of
from tests.s3_server import S3

SIZE = faults.Size(generations=2, seeds=2, lambdas="[0.5]", qualities="[60]")


@pytest.mark.parametrize("where", ["disk", "s3"])
def test_two_calls_at_once_share_the_work(where: str, tmp_path: Path, s3: S3) -> None:
    (tmp_path / "logged_family.py").write_text(faults.FAMILY)
    file = tmp_path / "faults.yaml"
    text = faults.SWEEP.format(**vars(SIZE))
    file.write_text(text.replace("workers: 2, cpus: 1, checkpoint_minutes: 0.01", "cpus: 1"))  # none is killed
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
    try:
        while len(ended) < 2:
            time.sleep(0.1)
            for process in processes:
                if process not in ended and process.poll() is not None:
                    output = process.communicate()[0]
                    assert process.returncode == 0, output
                    assert plan_of(file, store).units == (), "no call ends before everything is done"
                    ended.append(process)
    finally:
        for process in processes:
            process.kill()
    fits = [entry for entry in map(json.loads, log.read_text().splitlines()) if entry["first"] == 0]
    by_lineage = published_spans(objects)
    spans = [span for packs in by_lineage.values() for pack_spans in packs.values() for span in pack_spans]
    initial_rows = {zero.rows for cell in resolved.cells if (zero := cell.keys.generation_zero)}
    later = [span for span in spans if span.first > 0]
    assert len(later) == 2 * 2 * 2, "regimes, seeds, generations"
    assert len([entry for entry in fits if entry["generation"] > 0]) == len(later), "each was fitted once"
    assert len([entry for entry in fits if entry["generation"] == 0]) == 2, "one a seed"
    assert len([span for span in spans if span.lineage in initial_rows]) == 2
