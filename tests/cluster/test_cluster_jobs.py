"""The shipped files for Slurm, KubeRay, SkyPilot and Docker: what of them raysc relies on.

No Kubernetes, SkyPilot or Docker is at hand in tests. The Slurm script's command is composed by the script itself, with
stand-ins for the programs of Slurm and Ray in front of it; ``test_slurm.py`` runs it on two nodes of Slurm.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SLURM, RAYJOB, SKYPILOT = (ROOT / "clusters" / name for name in ("slurm.sbatch", "rayjob.yaml", "skypilot.yaml"))


def pinned(package: str) -> str:
    match = re.search(rf"^{package}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


def read(file: Path) -> dict[str, Any]:
    value: dict[str, Any] = YAML(typ="safe", pure=True).load(file.read_text())
    return value


@pytest.fixture
def slurm_node(tmp_path: Path) -> dict[str, str]:
    """The environment of a batch script on the first of three nodes, with programs that write down their arguments."""
    programs = tmp_path / "bin"
    programs.mkdir()
    scripts = {
        "srun": 'printf "%s\\n" "$@"; echo "token ${#RAY_AUTH_TOKEN}"; exit 3',
        "hostname": 'echo "10.0.0.7 fe80::1"',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    activate = tmp_path / "raysc/.venv/bin/activate"
    activate.parent.mkdir(parents=True)
    activate.write_text('python() { python3 "$@"; }\n')
    variables = {"SLURM_JOB_ID": "41234", "SLURM_JOB_NUM_NODES": "3", "SLURM_CPUS_ON_NODE": "8"}
    return {**variables, "HOME": str(tmp_path), "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin"}


def test_the_slurm_script_runs_the_sweep_in_a_ray_cluster_of_all_its_nodes(slurm_node: dict[str, str]) -> None:
    ran = subprocess.run(
        ["bash", str(SLURM), "grid.yaml", "--set", "seeds=2 3"],
        env=slurm_node,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    *arguments, token = ran.stdout.splitlines()
    assert ran.returncode == 3  # the status of the sweep is the job's
    assert arguments == [
        "--ntasks=3", "--ntasks-per-node=1", "--cpus-per-task=8", "--output=raysc-41234-%t.log",
        "ray", "symmetric-run", "--address", "10.0.0.7:21234", "--min-nodes", "3", "--num-cpus", "8", "--",
        "env", "RAYSC_JOB=slurm-41234", "RAY_ADDRESS=10.0.0.7:21234",
        "raysc", "sweep", "grid.yaml", "--set", "seeds=2 3",
    ]  # fmt: skip
    assert token == "token 64"


def test_the_installed_ray_knows_the_options_of_the_slurm_script() -> None:
    from ray.scripts.symmetric_run import symmetric_run

    options = {option for parameter in symmetric_run.params for option in parameter.opts}
    assert {"--address", "--min-nodes"} <= options


def test_slurm_gives_each_job_whole_nodes() -> None:
    """symmetric-run refuses to start beside another Ray, and stops all Ray processes of the user at its end."""
    directives = re.findall(r"^#SBATCH (\S+)", SLURM.read_text(), re.MULTILINE)
    assert {"--exclusive", "--ntasks-per-node=1", "--requeue"} <= set(directives)


def test_the_ray_job_is_a_cluster_of_workers_that_come_and_go() -> None:
    """Checked against the schemas of KubeRay 1.5.1 and 1.7.0 by hand; here what the sweep needs of it."""
    job = read(RAYJOB)
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]
    assert spec["entrypoint"].startswith("env RAYSC_JOB=rayjob raysc sweep /sweep/")
    assert spec["shutdownAfterJobFinishes"] is True
    cluster = spec["rayClusterSpec"]
    assert cluster["rayVersion"] == pinned("ray")
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["enableInTreeAutoscaling"] is True
    head, (worker,) = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert worker["minReplicas"] == 0 < worker["maxReplicas"]
    pods = [group["template"]["spec"] for group in (head, worker)]
    containers = [pod["containers"][0] for pod in pods]
    assert len({container["image"] for container in containers}) == 1
    for pod, container in zip(pods, containers, strict=True):
        assert [entry["name"] for entry in container["env"]] == ["RAYSC_STORAGE"]
        (mount,), (volume,) = container["volumeMounts"], pod["volumes"]
        assert mount["name"] == volume["name"]
        assert container["resources"]["limits"].keys() >= {"cpu", "memory"}


def test_the_skypilot_task_runs_the_sweep_on_the_first_node_and_stops_no_other_ray() -> None:
    task = read(SKYPILOT)
    assert task["num_nodes"] >= 1
    assert set(task["envs"]) == {"SWEEP", "RAYSC_STORAGE"}
    assert 'env RAYSC_JOB=sky RAY_ADDRESS="$head:6379" raysc sweep "$SWEEP"' in task["run"]
    assert not re.search(r"ray (stop|symmetric-run)", task["run"])
    assert "--constraint constraints.txt" in task["setup"]
    assert "uv venv --allow-existing" in task["setup"]  # it runs again on a machine that was set up before
    for part in (task["setup"], task["run"]):
        subprocess.run(["bash", "-n"], input=part, text=True, check=True)


def test_the_images_hold_the_pinned_ray_and_the_files_that_a_build_needs() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert f"ARG RAY={pinned('ray')}-py311" in text
    assert re.findall(r"^FROM rayproject/ray:\$\{RAY\}-(\w+) AS (\w+)$", text, re.MULTILINE) == [
        ("cpu", "cpu"),
        ("gpu", "gpu"),
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sources = {line[1:] for line in ignored if line.startswith("!")}
    assert ignored[0] == "*"
    assert sources == {"pyproject.toml", "README.md", "LICENSE", "raysc", "sweeps", "constraints.txt"}
    assert all((ROOT / source).exists() for source in sources)


@pytest.mark.parametrize("file", [SLURM, RAYJOB, SKYPILOT, ROOT / "Dockerfile"], ids=lambda file: file.name)
def test_no_file_holds_a_secret(file: Path) -> None:
    assert not re.search(r"AKIA|ACCESS_KEY|SECRET|PRIVATE KEY|RAY_AUTH_TOKEN=[0-9a-f]", file.read_text())
