"""The shipped files for `ray up`, against the installed Ray's own schema and against what they promise."""

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
    found = re.search(rf"^{package}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_every_shipped_file_is_tested_here() -> None:
    assert {ROOT / "cluster.yaml", *(ROOT / "clusters").glob("*.yaml")} == set(FILES.values())


@pytest.mark.parametrize("provider", FILES)
def test_the_installed_ray_takes_it(provider: str) -> None:
    validate_config(prepare_config(read(provider)))


def test_the_schema_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="idle_minutes"):
        validate_config(prepare_config({**read("aws"), "idle_minutes": 5}))


@pytest.mark.parametrize("provider", FILES)
def test_images_hold_the_pinned_ray_and_its_python(provider: str) -> None:
    docker = read(provider)["docker"]
    images = [image for key, image in docker.items() if key.endswith("image")]
    assert images
    assert all(image.startswith(f"rayproject/ray:{pinned('ray')}-py311-") for image in images)


@pytest.mark.parametrize("provider", FILES)
def test_nobody_gets_in_without_the_token(provider: str) -> None:
    config = read(provider)
    assert "--env RAY_AUTH_MODE=token" in config["docker"]["run_options"]
    assert config["file_mounts"]["/home/ray/.ray/auth_token"] == "~/.ray/auth_token"
    start = config["head_start_ray_commands"][-1]
    assert "--dashboard-host=127.0.0.1" in start
    assert "0.0.0.0" not in FILES[provider].read_text()


@pytest.mark.parametrize("provider", FILES)
def test_no_key_stands_in_it(provider: str) -> None:
    text = FILES[provider].read_text()
    assert not re.search(r"AKIA|ACCESS_KEY|SECRET|PRIVATE KEY|gcp_credentials|RAY_AUTH_TOKEN", text)


@pytest.mark.parametrize("provider", FILES)
def test_the_project_and_its_pinned_versions_are_installed_on_every_machine(provider: str) -> None:
    config = read(provider)
    mounts = {place: ROOT / source for place, source in config["file_mounts"].items() if not source.startswith("~")}
    assert all(source.exists() for source in mounts.values())
    # What setuptools needs to build it, as pyproject.toml names it.
    needed = {"pyproject.toml", "README.md", "LICENSE", "raysc", "sweeps", "constraints.txt"}
    assert {Path(place).name for place in mounts} == needed
    assert (
        "pip install --quiet --constraint /home/ray/raysc/constraints.txt /home/ray/raysc" in config["setup_commands"]
    )


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_workers_are_spot_machines_from_none_to_many_and_the_head_runs_no_trials(provider: str) -> None:
    config = read(provider)
    types = config["available_node_types"]
    assert types[config["head_node_type"]]["resources"] == {"CPU": 0}
    worker = types["gpu_worker"]
    assert (worker["min_workers"], worker["max_workers"]) == (0, config["max_workers"])
    spot = {"aws": ("InstanceMarketOptions", {"MarketType": "spot"}), "gcp": ("scheduling", {"preemptible": True})}
    key, value = spot[provider]
    told = worker["node_config"][key]
    assert told == value or value in told


def test_the_head_of_ones_own_machines_runs_no_trials() -> None:
    assert "--num-cpus=0 --num-gpus=0" in read("local")["head_start_ray_commands"][-1]
