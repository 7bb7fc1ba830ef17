"""clusters/slurm.sbatch on two real nodes of Slurm, in namespaces of this machine.

Skipped where Slurm is not installed (Debian: apt-get install slurmctld slurmd munge), or where the tests do not run as
root. The stand-ins of test_cluster_jobs.py check the script everywhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged", "unshare", "ip")
NAMESPACES = ("unshare", "--pid", "--fork", "--net", "--mount", "--uts", "--mount-proc", "--kill-child")
GRID = """\
name: pair
data: {name: digits, rows: 200}
model: {name: flow_matching, width: 32, depth: 1}
initial: {steps: 50}
loop: {generations: 2, budget: {steps: 100}}
train: {batch: 32, micro_batch: 32}
space: {regime: [replace, mix, accumulate], lambda: 1.0}
seeds: 3
metrics: [{name: frechet_distance, features: pixels}]
"""
HOSTS = """\
import json, sys
import boto3
bucket = boto3.resource("s3", endpoint_url="http://10.77.0.1:5000").Bucket("bucket")
results = [entry for entry in bucket.objects.all() if entry.key.endswith("/result.json")]
lines = [line for entry in results for line in entry.get()["Body"].read().splitlines()]
print(*sorted({json.loads(line)["hostname"] for line in lines}))
"""
COMMANDS = """\
cd "$folder"
export AWS_ENDPOINT_URL=http://10.77.0.1:5000 AWS_ALLOW_HTTP=true AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 RAYSC_STORAGE=s3://bucket/store HOME=$folder
export RAY_gcs_rpc_server_reconnect_timeout_s=25
. raysc/.venv/bin/activate
python -m moto.server -H 10.77.0.1 -p 5000 > moto.out 2>&1 &
until curl --silent --request PUT http://10.77.0.1:5000/bucket > /dev/null; do sleep 0.5; done
submit() {  # again where the processes of a Ray took more than the 30 s that it gives them, as on a busy machine
    for attempt in 1 2 3; do
        mkdir -p old; mv raysc-*.log old/ 2> /dev/null || true
        status=0; sbatch --wait job.sbatch "$1" || status=$?
        grep --quiet "timed out during startup" raysc-*.log || break
    done
}
submit grid.yaml; echo "first $status"
submit missing.yaml; echo "second $status"
python hosts.py
raysc results grid.yaml --generation all --csv table.csv
"""


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with the script, a sweep and an environment whose programs are those of the tests' one."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"Slurm's programs are not installed: {', '.join(missing)}")
    if os.geteuid() != 0 or subprocess.run([*NAMESPACES, "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces can be made by root only")
    folder = Path("/var/tmp") / tmp_path.name / tmp_path.parent.name  # nodes have a /tmp of their own
    shutil.rmtree(folder, ignore_errors=True)
    activate = folder / "raysc/.venv/bin/activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f'export PATH="{folder}/bin:$PATH" PYTHONPATH="{ROOT}" OMP_NUM_THREADS=1\n')
    (folder / "bin").mkdir()
    scripts = {
        "python": f'exec {sys.executable} "$@"',
        "ray": f"exec {sys.executable} -c 'from ray.scripts.scripts import main; main()' \"$@\"",
        "raysc": f"exec {sys.executable} -c 'from raysc.cli import main; main()' \"$@\"",
    }
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    shutil.copyfile(ROOT / "clusters/slurm.sbatch", folder / "job.sbatch")
    (folder / "grid.yaml").write_text(GRID)
    (folder / "hosts.py").write_text(HOSTS)
    return folder


def test_a_sweep_runs_on_both_nodes_and_its_status_is_the_jobs(pair: Path) -> None:
    command = [*NAMESPACES, "bash", str(ROOT / "tests/cluster/slurm_pair.sh"), str(pair), "bash", "-c", COMMANDS]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
    logs = "".join(file.read_text(errors="replace")[:3000] for file in sorted(pair.rglob("raysc-*.log")))
    output = ran.stdout + ran.stderr + logs
    assert "first 0" in ran.stdout, output
    assert "second 2" in ran.stdout, output  # there is no such file
    assert "n1 n2" in ran.stdout, output
    table = pd.read_csv(pair / "table.csv")
    assert len(table) == 4 * 3 * 3
    assert not table["diverged"].any()
    shutil.rmtree(pair)
