from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from raysc.regimes.accumulate import Accumulate
from raysc.regimes.mix import Mix
from raysc.regimes.real_only import RealOnly
from raysc.regimes.recipe import Recipe
from raysc.regimes.regime import Regime
from raysc.settings import Keep
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest
from raysc.store.retention import (
    Tombstone,
    delete_tombstones,
    droppable_files,
    needed_rows,
    tombstone_index,
    tombstones,
    write_tombstone,
)

MODEL, STATE, RECORDS = "model/model.safetensors", "model/training_state.safetensors", "records.parquet"


@pytest.fixture
def models(memory: Objects) -> dict[int, Manifest]:
    """Manifests of generations 1 to 3 of one unit."""
    manifests = {}
    for t in (1, 2, 3):
        attempt = Attempt.start(memory, f"key/0/{t}-{t}")
        rows = f"rows/{t}/00000000.parquet"
        for file in (MODEL, STATE, RECORDS, rows):
            attempt.put(file, b"")
        entry = {"generation": t, "first": 0, "rows": 1, "sha256": "", "file": rows}
        attempt.publish(f"spans/key/0/{t}-{t}", {"rows": [entry]})
        manifests[t] = Manifest.read(memory, f"spans/key/0/{t}-{t}")
    return manifests


def rows(*generations: int) -> set[tuple[int, str]]:
    return {(t, f"rows/{t}/00000000.parquet") for t in generations}


STATES = {(1, STATE), (2, STATE)}
MODELS = {(1, MODEL), (2, MODEL)}

DROPPED: Mapping[str, tuple[dict[str, Any], bool, set[tuple[int, str]]]] = {
    "default": ({}, True, STATES | rows(1, 2)),
    "all rows": ({"rows": "all"}, True, STATES),
    "the last model": ({"models": "last"}, True, MODELS | STATES | rows(1, 2)),
    "no training state, finished": ({"training_state": "none"}, True, STATES | rows(1, 2) | {(3, STATE)}),
    "no training state, unfinished": ({"training_state": "none"}, False, STATES | rows(1, 2)),
}


@pytest.mark.parametrize("case", DROPPED)
def test_droppable_files_follow_the_rule(case: str, models: dict[int, Manifest]) -> None:
    keep, finished, expected = DROPPED[case]
    number = {manifest.name: t for t, manifest in models.items()}
    files = droppable_files(models, Keep.model_validate(keep), {3}, finished)
    assert {(number[manifest.name], file) for manifest, file in files} == expected


def test_a_unit_without_generations_drops_nothing() -> None:
    assert list(droppable_files({}, Keep(), (), True)) == []


def recipes(regime: Regime) -> Any:
    def recipe(generation: int) -> Recipe:
        return regime.recipe(generation, 10, Fraction(1))

    return recipe


@pytest.mark.parametrize(
    ("regime", "last", "generations", "needed"),
    [
        (Mix(), 3, 3, {3}),
        (Mix(), 3, 5, {3, 4, 5}),
        (Mix(), 5, 3, {5}),
        (Accumulate(), 3, 3, {0, 1, 2, 3}),
        (RealOnly(), 3, 5, set()),
    ],
)
def test_needed_rows_are_those_of_the_next_recipes(
    regime: Regime, last: int, generations: int, needed: set[int]
) -> None:
    assert needed_rows([recipes(regime)], last, generations) == needed


TOMBSTONES: Mapping[str, tuple[dict[str, Any], int, bool, list[tuple[str, int]]]] = {
    "default": ({}, 3, True, []),
    "the last model": ({"models": "last"}, 3, False, [("models", 2)]),
    "the last model of one generation": ({"models": "last"}, 1, False, []),
    "the last model and all rows": ({"models": "last", "rows": "all"}, 3, True, []),
    "no training state, finished": ({"training_state": "none"}, 3, True, [("training_state", 3)]),
    "no training state, unfinished": ({"training_state": "none"}, 3, False, []),
}


@pytest.mark.parametrize("case", TOMBSTONES)
def test_tombstones_name_what_cannot_be_continued_from(case: str) -> None:
    keep, last, finished, expected = TOMBSTONES[case]
    written = tombstones("key", (0, 1), Keep.model_validate(keep), last, finished)
    assert [(tombstone.kind, tombstone.generation) for tombstone in written] == expected


def test_the_index_has_the_highest_generation_of_each_kind(memory: Objects) -> None:
    for generation in (2, 10, 9):
        write_tombstone(memory, Tombstone("key", (0, 1), "models", generation))
    write_tombstone(memory, Tombstone("key", (0, 1), "training_state", 4))
    write_tombstone(memory, Tombstone("key", (2,), "models", 1))
    index = tombstone_index(memory.names("dropped"))
    assert index == {("key", "0-1"): {"models": 10, "training_state": 4}, ("key", "2"): {"models": 1}}
    delete_tombstones(memory, "key", (0, 1))
    assert tombstone_index(memory.names("dropped")) == {("key", "2"): {"models": 1}}
