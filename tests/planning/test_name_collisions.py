"""Sweeps of one name in one store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.planning.name_collisions import check_name, replacement_note, write_origin
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.store.objects import Objects
from raysc.store.sweep_record import write_sweep_record
from raysc.sweepfile import read_sweep

Write = Callable[..., ResolvedSweep]


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.open(tmp_path / "store")


@pytest.fixture
def write(tmp_path: Path, gaussian_text: str) -> Write:
    """Write the sweep file of a name, with overrides applied, and resolve it."""

    def write_file(name: str, *overrides: str) -> ResolvedSweep:
        file = tmp_path / name
        file.write_text(gaussian_text)
        return resolve(read_sweep(str(file), overrides, registry))

    return write_file


def record(resolved: ResolvedSweep, objects: Objects) -> None:
    write_origin(resolved.sweep, objects)
    write_sweep_record(objects, resolved.sweep.name, resolved.sweep.resolved, resolved.keys)


def test_another_sweep_of_the_same_name_is_noted(write: Write, objects: Objects, tmp_path: Path) -> None:
    first = write("first.yaml")
    assert replacement_note(first, objects) == ""
    record(first, objects)
    assert replacement_note(first, objects) == ""
    note = replacement_note(write("second.yaml", "data.rows=7"), objects)
    assert note.startswith(
        f"sweep {first.sweep.name} of this store was another one (its file: {tmp_path}/first.yaml); "
    )
    assert "its generations stay, its table and sweep.yaml are replaced" in note


def test_a_sweep_that_goes_on_is_the_same(write: Write, objects: Objects) -> None:
    record(write("first.yaml"), objects)
    assert replacement_note(write("first.yaml", "seeds=7", "loop.generations=9"), objects) == ""
    assert replacement_note(write("moved.yaml", "seeds=7"), objects) == ""
    assert replacement_note(write("first.yaml", "space=[{regime: replace}]"), objects) == ""


def test_a_file_that_became_another_sweep_is_noted(write: Write, objects: Objects) -> None:
    record(write("first.yaml"), objects)
    assert "was another one" in replacement_note(write("first.yaml", "data.rows=7"), objects)


def test_a_copy_in_the_store_keeps_the_record_of_its_file(write: Write, objects: Objects) -> None:
    record(write("first.yaml"), objects)
    before = objects.get("sweeps/small-gaussian/origin.json")
    write_origin(write("sweep.yaml").sweep, objects)
    assert objects.get("sweeps/small-gaussian/origin.json") == before


def test_a_twin_in_capital_letters_is_refused(write: Write, objects: Objects) -> None:
    sweep = write("first.yaml").sweep
    check_name(sweep, objects)
    objects.put("sweeps/Small-Gaussian/sweep.yaml", b"")
    with pytest.raises(InputError, match=r"name: small-gaussian differs from Small-Gaussian, .* in capital letters"):
        check_name(sweep, objects)
    check_name(sweep, Objects("memory:///twins"))


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"keys": 5}', b'{"keys": [1]}', b'{"keys": [', b"\xff", b""])
def test_a_record_that_raysc_did_not_write_is_skipped(data: bytes, write: Write, objects: Objects) -> None:
    """Nested brackets and numbers in the place of keys ended the plan with a traceback."""
    resolved = write("a.yaml")
    record(resolved, objects)
    for name in ("asked/desktop.ini", f"asked/{32 * '0'}.json", "origin.json"):
        objects.put(f"sweeps/{resolved.sweep.name}/{name}", data)
    assert replacement_note(resolved, objects) == ""
