from pathlib import Path

import pytest

from raysc.store.objects import Objects
from raysc.store.sweep_record import write_sweep_record
from tests.cli.conftest import RunRaysc


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A store with two sweeps."""
    objects = Objects.open(str(tmp_path / "store"))
    for name in ("grid", "grid-2"):
        write_sweep_record(objects, name, {"name": name}, [])
        objects.put(f"sweeps/{name}/table.parquet", b"x" * 2000)
    objects.put("spans/key/0/1-1", b"x" * 500)
    return objects.uri


def test_sweeps_are_listed_and_measured(raysc: RunRaysc, uri: str) -> None:
    assert sorted(line.split()[-1] for line in raysc("store", "ls", "--storage", uri).out.splitlines()) == [
        "grid",
        "grid-2",
    ]
    lines = raysc("store", "du", "--storage", uri).out.splitlines()
    assert [line.split()[-1] for line in lines] == ["sweeps", "spans", "all"]
    assert [line.split()[2] for line in lines] == ["4", "1", "5"]


def test_a_sweep_is_given_up_with_yes(raysc: RunRaysc, uri: str) -> None:
    assert "raysc store rm grid --yes deletes them" in raysc("store", "rm", "grid", "--storage", uri).out
    assert "deleted; raysc gc" in raysc("store", "rm", "grid", "--yes", "--storage", uri).out
    assert raysc("store", "ls", "--storage", uri).out.splitlines()[0].endswith("grid-2")
    ran = raysc("store", "rm", "grid", "--storage", uri)
    assert ran.status == 2
    assert "has no such sweep; did you mean 'grid-2'?" in ran.err
