import pandas as pd
import pytest

from raysc.store import metric_files
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError


def frame(first: int, last: int, seeds: tuple[int, ...], offset: float = 0.0) -> pd.DataFrame:
    rows = [(seed, t, offset + seed + t / 10) for t in range(first, last + 1) for seed in seeds]
    return pd.DataFrame(rows, columns=["seed", "generation", "distance"])


def write(objects: Objects, lineage: str, seeds: tuple[int, ...], first: int, last: int, offset: float = 0.0) -> None:
    metric_files.write(objects, "metric", lineage, seeds, first, last, frame(first, last, seeds, offset))


def test_values_are_read_as_they_were_written(memory: Objects) -> None:
    write(memory, "key", (0, 1), 0, 3)
    ((name,),) = metric_files.list_files(memory, "metric")["key"].values()
    assert name.startswith("metrics/metric/key/0-1/0-3-")
    assert metric_files.file_lineage(name) == "key"
    assert metric_files.file_generations(name) == range(4)
    pd.testing.assert_frame_equal(metric_files.read(memory, name), frame(0, 3, (0, 1)))
    pd.testing.assert_frame_equal(metric_files.read_table(memory, name).to_pandas(), frame(0, 3, (0, 1)))


def test_the_index_has_the_files_of_one_metric_by_lineage_and_pack(memory: Objects) -> None:
    write(memory, "a", (0, 1), 0, 3)
    write(memory, "a", (0, 1), 4, 4)
    write(memory, "a", (2,), 1, 1)
    write(memory, "b", (0, 1), 0, 0)
    metric_files.write(memory, "other", "a", (0, 1), 5, 5, frame(5, 5, (0, 1)))
    for file in ("notes.txt", "0-3-ab12.parquet.part"):
        memory.put(f"metrics/metric/a/0-1/{file}", b"not a metric file")
    index = metric_files.list_files(memory, "metric")
    assert {lineage: set(packs) for lineage, packs in index.items()} == {"a": {(0, 1), (2,)}, "b": {(0, 1)}}
    generations = [metric_files.file_generations(name) for name in index["a"][0, 1]]
    assert generations == [range(4), range(4, 5)]
    by_generation = metric_files.files_by_generation(memory, "metric", "a", (0, 1))
    assert sorted(by_generation) == [0, 1, 2, 3, 4]
    assert [by_generation[t] for t in (0, 3, 4)] == [index["a"][0, 1][0], index["a"][0, 1][0], index["a"][0, 1][1]]
    assert metric_files.files_by_generation(memory, "metric", "a", (0,)) == {}
    assert metric_files.list_files(memory, "absent") == {}


def test_equal_values_have_one_file_and_different_ones_two(memory: Objects) -> None:
    write(memory, "key", (0,), 0, 3)
    write(memory, "key", (0,), 0, 3)
    assert len(list(memory.names("metrics"))) == 1
    write(memory, "key", (0,), 0, 3, offset=1.0)
    assert len(list(memory.names("metrics"))) == 2


@pytest.mark.parametrize("damage", ["flipped", "cut off", "missing"])
def test_a_damaged_file_is_detected_and_named(damage: str, memory: Objects) -> None:
    write(memory, "key", (0, 1), 0, 3)
    (name,) = memory.names("metrics")
    data = memory.get(name)
    memory.delete([name])
    if damage != "missing":
        memory.put(name, data[:-2] if damage == "cut off" else bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(DamagedObjectError, match="metrics/metric/key") as caught:
        metric_files.read(memory, name)
    assert caught.value.name == name


def test_of_two_files_at_one_address_all_readers_use_the_first_by_name_and_of_several_the_longest(
    memory: Objects,
) -> None:
    write(memory, "key", (0,), 2, 3, offset=1.0)
    write(memory, "key", (0,), 2, 3, offset=2.0)
    first, second = sorted(memory.names("metrics"))
    write(memory, "key", (0,), 2, 6)
    (longest,) = set(memory.names("metrics")) - {first, second}
    write(memory, "key", (0,), 1, 1)
    (single,) = set(memory.names("metrics")) - {first, second, longest}
    order = [longest, first, second, single]
    assert metric_files.in_order_of_use([single, second, first, longest]) == order
    assert metric_files.list_files(memory, "metric")["key"][0,] == tuple(order)
    used = metric_files.files_by_generation(memory, "metric", "key", (0,))
    assert used == {1: single, **dict.fromkeys(range(2, 7), longest)}
    memory.delete([longest])
    assert metric_files.files_by_generation(memory, "metric", "key", (0,)) == {1: single, 2: first, 3: first}
