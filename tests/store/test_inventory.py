from collections.abc import Iterable

import pandas as pd
import pytest

from raysc.store import metric_files
from raysc.store.inventory import describe_holders, list_entries, verify_entries
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, DamagedObjectError
from raysc.store.retention import Tombstone, write_tombstone
from raysc.store.spans import END, Span

FILES = ("model/model.safetensors", "model/training_state.safetensors", "rows/1/00000000.parquet", "records.parquet")


def publish(objects: Objects, span: Span, files: Iterable[str] = FILES) -> str:
    """Publish a span; return the prefix of its files."""
    attempt = Attempt.start(objects, span.path)
    for file in files:
        attempt.put(file, file.encode())
    assert attempt.publish(span.name, {})
    return attempt.prefix


def damages(objects: Objects, keys: set[str]) -> list[str]:
    return sorted(damage.name for damage in verify_entries({key: [0] for key in keys}, objects) if damage is not None)


@pytest.fixture
def prefixes(memory: Objects) -> list[str]:
    """Prefixes of the files of generations 1 to 3 of one lineage."""
    return [publish(memory, Span(t, t, "key", (0,))) for t in (1, 2, 3)]


def test_entries_are_those_of_the_keys_and_of_packs_with_one_of_the_seeds(memory: Objects) -> None:
    for lineage, seeds in (("key", (0, 1)), ("key", (2,)), ("other", (0, 1))):
        publish(memory, Span(1, 1, lineage, seeds))
        write_tombstone(memory, Tombstone(lineage, seeds, "models", 1))
        frame = pd.DataFrame({"seed": seeds, "generation": 1, "distance": 1.0})
        metric_files.write(memory, "metric", lineage, seeds, 1, 1, frame)
    memory.put("partial/key/0-1/0-50", b"")
    names = set(list_entries({"key": [1]}, memory))
    (metric_file,) = memory.names("metrics/metric/key/0-1")
    assert names == {"spans/key/0-1/1-1", "dropped/key/0-1/models-1", "partial/key/0-1/0-50", metric_file}
    assert list_entries({"key": [7]}, memory) == []
    assert list_entries({}, memory) == []


def test_holders_are_the_processes_that_run_units_of_the_keys(memory: Objects) -> None:
    assert describe_holders({"key"}, memory) == ""
    lease = Lease.acquire(memory, "loop/key/0", "sweep")
    assert lease is not None
    with lease:
        assert describe_holders({"key", "other"}, memory).startswith("process ")
        assert describe_holders({"other"}, memory) == ""


def test_entries_without_damage_are_counted(memory: Objects, prefixes: list[str]) -> None:
    assert list(verify_entries({"key": [0]}, memory)) == [None, None, None]


@pytest.mark.parametrize("file", FILES)
def test_a_changed_file_is_damage(file: str, memory: Objects, prefixes: list[str]) -> None:
    memory.put(f"{prefixes[0]}/{file}", b"changed")
    name = f"{prefixes[0]}/{file}" if file.startswith("rows/") else "spans/key/0/1-1"
    assert damages(memory, {"key"}) == [name]


def test_a_changed_manifest_is_damage(memory: Objects, prefixes: list[str]) -> None:
    memory.put("spans/key/0/2-2", memory.get("spans/key/0/2-2")[:-1])
    assert damages(memory, {"key"}) == ["spans/key/0/2-2"]


def test_a_changed_metric_file_is_damage(memory: Objects) -> None:
    frame = pd.DataFrame({"seed": [0], "generation": [1], "distance": [1.0]})
    metric_files.write(memory, "metric", "key", (0,), 1, 1, frame)
    (name,) = memory.names("metrics")
    memory.put(name, b"changed")
    assert damages(memory, {"key"}) == [name]


MISSING = {
    "rows": (2, "rows/1/00000000.parquet", []),
    "an earlier training state": (1, "model/training_state.safetensors", []),
    "the last training state": (3, "model/training_state.safetensors", ["spans/key/0/3-3"]),
    "an earlier model": (1, "model/model.safetensors", ["spans/key/0/1-1"]),
    "records": (1, "records.parquet", ["spans/key/0/1-1"]),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_missing_file_is_damage_unless_retention_drops_such_files(
    case: str, memory: Objects, prefixes: list[str]
) -> None:
    t, file, expected = MISSING[case]
    memory.delete([f"{prefixes[t - 1]}/{file}"])
    assert damages(memory, {"key"}) == expected


def test_a_span_of_a_stopping_rule_does_not_replace_the_last_training_state(
    memory: Objects, prefixes: list[str]
) -> None:
    publish(memory, Span(4, END, "key", (0,), "ab12"), files=())
    memory.delete([f"{prefixes[2]}/model/training_state.safetensors"])
    assert damages(memory, {"key"}) == ["spans/key/0/3-3"]


def test_a_tombstone_explains_missing_states(memory: Objects, prefixes: list[str]) -> None:
    memory.delete([f"{prefix}/model/model.safetensors" for prefix in prefixes])
    write_tombstone(memory, Tombstone("key", (0,), "models", 2))
    assert damages(memory, {"key"}) == ["spans/key/0/3-3"]
    memory.put(f"{prefixes[2]}/model/model.safetensors", b"model/model.safetensors")
    memory.delete([f"{prefixes[2]}/model/training_state.safetensors"])
    assert damages(memory, {"key"}) == ["spans/key/0/3-3"]
    write_tombstone(memory, Tombstone("key", (0,), "training_state", 3))
    assert damages(memory, {"key"}) == []


def test_states_of_generation_0_are_never_dropped(memory: Objects) -> None:
    prefix = publish(memory, Span(0, 0, "key", (0,)))
    publish(memory, Span(1, 1, "key", (0,)))
    write_tombstone(memory, Tombstone("key", (0,), "models", 1))
    memory.delete([f"{prefix}/model/training_state.safetensors"])
    (damage,) = [damage for damage in verify_entries({"key": [0]}, memory) if damage is not None]
    assert isinstance(damage, DamagedObjectError)
    assert "training_state.safetensors is missing" in str(damage)
    assert damage.name == "spans/key/0/0-0"


def test_a_sweep_that_drops_states_meanwhile_causes_no_damage(
    memory: Objects, prefixes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generation 4 is published and the state of 3 is dropped while the files are read."""
    get = Objects.get

    def overtaken(self: Objects, name: str) -> bytes:
        if name == f"{prefixes[2]}/model/training_state.safetensors" and not self.exists("spans/key/0/4-4"):
            publish(self, Span(4, 4, "key", (0,)))
            self.delete([name])
        return get(self, name)

    monkeypatch.setattr(Objects, "get", overtaken)
    assert damages(memory, {"key"}) == []
