"""The shipped files for `ray up`, against the schema of the installed Ray and against their documentation."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError
from ray.autoscaler._private.util import prepare_config, validate_config
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FILES = {"aws": ROOT / "cluster.yaml", "gcp": ROOT / "clusters/gcp.yaml", "local": ROOT / "clusters/local.yaml"}


def read(provider: str) -> dict[str, Any]:
    value: dict[str, Any] = YAML(typ="safe", pure=True).load(FILES[provider].read_text())
    return value


def pinned(package: str) -> str:
    match = re.search(rf"^{package}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


def test_every_shipped_file_is_in_these_tests() -> None:
    jobs = {ROOT / "clusters/rayjob.yaml", ROOT / "clusters/skypilot.yaml"}  # see test_cluster_jobs.py
    assert {ROOT / "cluster.yaml", *(ROOT / "clusters").glob("*.yaml")} == {*FILES.values(), *jobs}


@pytest.mark.parametrize("provider", FILES)
def test_the_installed_ray_accepts_it(provider: str) -> None:
    validate_config(prepare_config(read(provider)))


def test_the_schema_refuses_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="idle_minutes"):
        validate_config(prepare_config({**read("aws"), "idle_minutes": 5}))


@pytest.mark.parametrize("provider", FILES)
def test_images_hold_the_pinned_ray_and_its_python(provider: str) -> None:
    docker = read(provider)["docker"]
    images = [image for key, image in docker.items() if key.endswith("image")]
    assert images
    assert all(image.startswith(f"rayproject/ray:{pinned('ray')}-py311-") for image in images)


@pytest.mark.parametrize("provider", FILES)
def test_connections_need_the_token(provider: str) -> None:
    config = read(provider)
    assert "--env RAY_AUTH_MODE=token" in config["docker"]["run_options"]
    assert config["file_mounts"]["/home/ray/.ray/auth_token"] == "~/.ray/auth_token"
    start = config["head_start_ray_commands"][-1]
    assert "--dashboard-host=127.0.0.1" in start
    assert "0.0.0.0" not in FILES[provider].read_text()


@pytest.mark.parametrize("provider", FILES)
def test_it_holds_no_secret(provider: str) -> None:
    text = FILES[provider].read_text()
    assert not re.search(r"AKIA|ACCESS_KEY|SECRET|PRIVATE KEY|gcp_credentials|RAY_AUTH_TOKEN", text)


@pytest.mark.parametrize("provider", FILES)
def test_the_project_and_its_pinned_versions_are_installed_on_every_machine(provider: str) -> None:
    config = read(provider)
    mounts = {target: ROOT / source for target, source in config["file_mounts"].items() if not source.startswith("~")}
    assert all(source.exists() for source in mounts.values())
    # The inputs of setuptools, as pyproject.toml names them.
    sources = {"pyproject.toml", "README.md", "LICENSE", "raysc", "sweeps", "constraints.txt"}
    assert {Path(target).name for target in mounts} == sources
    assert (
        "pip install --quiet --constraint /home/ray/raysc/constraints.txt /home/ray/raysc" in config["setup_commands"]
    )


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_workers_are_spot_machines_and_the_head_runs_no_trials(provider: str) -> None:
    config = read(provider)
    types = config["available_node_types"]
    assert types[config["head_node_type"]]["resources"] == {"CPU": 0}
    worker = types["gpu_worker"]
    assert (worker["min_workers"], worker["max_workers"]) == (0, config["max_workers"])
    spot = {"aws": ("InstanceMarketOptions", {"MarketType": "spot"}), "gcp": ("scheduling", {"preemptible": True})}
    key, value = spot[provider]
    setting = worker["node_config"][key]
    assert setting == value or value in setting


def test_the_head_of_a_local_cluster_runs_no_trials() -> None:
    assert "--num-cpus=0 --num-gpus=0" in read("local")["head_start_ray_commands"][-1]
