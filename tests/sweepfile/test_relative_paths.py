"""Relative paths of a sweep, made absolute when it is read."""

from pathlib import Path
from typing import Any

import pytest

from raysc import registry
from raysc.sweepfile.components import ComponentChecker
from raysc.sweepfile.relative_paths import make_paths_absolute


def absolute(values: dict[str, Any]) -> dict[str, Any]:
    make_paths_absolute(values, ComponentChecker(registry))
    return values


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mymodel").mkdir()
    return tmp_path


def test_paths_of_data_models_and_storage_become_absolute(folder: Path) -> None:
    values = absolute(
        {
            "data": {"name": "text", "path": "texts.txt", "tokenizer": "mymodel"},
            "model": {"name": "causal_lm", "base": "./mymodel"},
            "initial": {"from": "mymodel"},
            "storage": "store",
        }
    )
    assert values == {
        "data": {"name": "text", "path": str(folder / "texts.txt"), "tokenizer": str(folder / "mymodel")},
        "model": {"name": "causal_lm", "base": str(folder / "mymodel")},
        "initial": {"from": str(folder / "mymodel")},
        "storage": str(folder / "store"),
    }


def test_paths_on_axes_and_in_claims_become_absolute(folder: Path) -> None:
    values = absolute(
        {
            "data": "image_folder",
            "space": [
                {"data.path": ["a", "/b"], "initial.from": ["mymodel", "google/ddpm-cifar10-32"]},
                {"data": [{"name": "image_folder", "path": "c"}, "digits"]},
            ],
            "claims": [{"of": {"data.path": "a"}}],
        }
    )
    assert values["space"] == [
        {"data.path": [str(folder / "a"), "/b"], "initial.from": [str(folder / "mymodel"), "google/ddpm-cifar10-32"]},
        {"data": [{"name": "image_folder", "path": str(folder / "c")}, "digits"]},
    ]
    assert values["claims"] == [{"of": {"data.path": str(folder / "a")}}]


def test_ids_of_a_hub_and_uris_stay(folder: Path) -> None:
    (folder / "validation").mkdir()
    values: dict[str, Any] = {
        "data": {"name": "text", "hub": "mymodel", "held_out_from": "validation", "tokenizer": "google/gemma-2-2b"},
        "storage": "s3://bucket/store",
        "initial": {"from": "google/ddpm-cifar10-32"},
    }
    assert absolute({key: dict(value) if isinstance(value, dict) else value for key, value in values.items()}) == values


@pytest.mark.parametrize(
    "values",
    [
        {"data": None, "space": None},
        {"data": {"name": ["x"]}, "space": {"data": 3, "data.path": 3}},
        {"data": {"name": "nothing", "path": "x"}},
        {"data": {"name": "image_folder", "path": "~nosuchuser/x"}, "initial": 3, "claims": {"of": 2}},
    ],
)
def test_what_is_wrong_stays_for_later_checks(values: dict[str, Any]) -> None:
    assert absolute(dict(values)) == values
