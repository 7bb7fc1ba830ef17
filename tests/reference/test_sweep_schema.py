"""The schema against the reader: it accepts the files that ship, and refuses what the reader refuses."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from raysc import registry
from raysc.cli.schema import schema_text
from raysc.reference.sweep_schema import sweep_schema
from raysc.sweepfile.schema import SweepFile
from raysc.sweepfile.yaml_reader import read_value

SWEEPS = Path(__file__).parent.parent.parent / "sweeps"
FILES = sorted(SWEEPS.rglob("*.yaml"))
SWEEP = {
    "data": {"name": "gaussian", "dim": 2},
    "model": "gaussian",
    "loop": {"generations": 3},
    "space": {"regime": ["mix", "my_rules:Window"], "lambda": {"uniform": [0, 2]}},
    "search": {"random": 4},
    "metrics": ["trace_ratio", {"name": "my_metrics:Spread", "bins": 3}],
    "initial": None,
}


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = sweep_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def problems(validator: Any, value: Any) -> list[str]:
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(SWEEPS)) for file in FILES])
def test_shipped_files_are_valid_and_name_the_schema(validator: Any, file: Path) -> None:
    text = file.read_text()
    assert problems(validator, read_value(text, str)[0]) == []
    modeline = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / modeline).resolve() == SWEEPS.resolve() / "raysc.schema.json"


def test_the_shipped_schema_is_the_one_of_the_code() -> None:
    """`raysc schema --out sweeps/raysc.schema.json` makes it again."""
    assert (SWEEPS / "raysc.schema.json").read_text() == schema_text()


def test_plug_ins_domains_and_empty_sections_are_valid(validator: Any) -> None:
    assert problems(validator, SWEEP) == []


@pytest.mark.parametrize(
    "mistake",
    [
        {"generations": 3},
        {"loop": {"generations": 0}},
        {"loop": {}},
        {"train": {"lr": "fast"}},
        {"train": {"learning_rate": 1e-3}},
        {"data": "gausian"},
        {"data": {"name": "gaussian", "dimension": 2}},
        {"model": {"name": "kde", "bandwidth": "wide"}},
        {"metrics": []},
        {"metrics": ["trace"]},
        {"space": {"regimes": ["mix"]}},
        {"space": {"lambda": [-1]}},
        {"space": {"regime": []}},
        {"space": {"lambda": {"normal": [0, 1]}}},
        {"seeds": 0},
        {"seeds": [1, 1]},
        {"control": "real_only"},
        {"pool": "disk"},
        {"loggers": ["tensorboard"]},
        {"claims": [{"says": "more", "metric": "trace_ratio"}]},
        {"resources": {"gpus": -1}},
    ],
    ids=str,
)
def test_mistakes_are_refused(validator: Any, mistake: dict[str, Any]) -> None:
    assert problems(validator, SWEEP | mistake) != []


def test_every_key_and_every_parameter_is_described() -> None:
    schema = sweep_schema()
    assert [key for key in SweepFile.model_fields if "description" not in schema["properties"][key]] == []
    for kind in registry.REGISTRIES:
        branches = schema["definitions"][f"{kind}_component"]["anyOf"][2:-1]
        assert [branch["properties"]["name"]["const"] for branch in branches] == registry.names(kind)
        undescribed = [
            f"{branch['properties']['name']['const']}.{key}"
            for branch in branches
            for key, value in branch["properties"].items()
            if key != "name" and "description" not in value
        ]
        assert undescribed == []
