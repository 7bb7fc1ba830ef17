import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.results.supplement.archive import write_archive
from raysc.results.supplement.checksums import CHECKSUMS, checksums_text
from raysc.results.supplement.verification import (
    SupplementCheck,
    compare_tables,
    compare_with_store,
    table_differences,
    verify_supplement,
)
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile.yaml_writer import sweep_yaml
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, search

FILES = {"a": b"1", "b": b"2", "c/d": b"3"}
TABLE = pd.DataFrame(
    {
        "cell": [0, 0, 1],
        "seed": [0, 0, 0],
        "generation": [0, 1, 0],
        "regime": ["mix", "mix", None],
        "diverged": [False, False, True],
        "quality": [1.0, 2.0, np.nan],
        "seconds_fit": [1.0, 2.0, 3.0],
    }
)


def supplement(file: Path, files: Mapping[str, bytes], checksums: str | None = None) -> Path:
    text = checksums_text(FILES) if checksums is None else checksums
    file.write_bytes(write_archive({**files, CHECKSUMS: text.encode()}))
    return file


def test_an_unchanged_pack_has_no_problems(tmp_path: Path) -> None:
    check = verify_supplement(supplement(tmp_path / "p.zip", FILES))
    assert check == SupplementCheck(3, (), (), ())
    assert check.problems == []


def test_missing_changed_and_extra_members_are_named(tmp_path: Path) -> None:
    check = verify_supplement(supplement(tmp_path / "p.zip", {"a": b"1", "b": b"x", "new": b"", "old": b""}))
    assert check == SupplementCheck(3, ("c/d",), ("b",), ("new", "old"))
    assert check.problems == ["changed: b", "missing: c/d", "not of the supplement: new, old"]


def test_a_member_with_flipped_bits_is_changed(tmp_path: Path) -> None:
    file = supplement(tmp_path / "p.zip", {**FILES, "a": b"1" * 1000}, checksums_text({**FILES, "a": b"1" * 1000}))
    with zipfile.ZipFile(file) as archive:
        member = archive.getinfo("a")
        start = member.header_offset + 30 + len("a")
    data = bytearray(file.read_bytes())
    data[start + 3] ^= 0x55
    file.write_bytes(data)
    assert verify_supplement(file).changed == ("a",)


def test_other_zip_files_are_no_packs(tmp_path: Path) -> None:
    (tmp_path / "other.zip").write_bytes(write_archive(FILES))
    with pytest.raises(InputError, match=r"not a supplement of raysc export: it has no SHA256SUMS"):
        verify_supplement(tmp_path / "other.zip")
    with pytest.raises(InputError, match=r"SHA256SUMS cannot be read: line 1 is no checksum"):
        verify_supplement(supplement(tmp_path / "p.zip", FILES, "nothing"))


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_sha256sum_checks_an_extracted_supplement(tmp_path: Path) -> None:
    import subprocess

    with zipfile.ZipFile(supplement(tmp_path / "p.zip", FILES)) as archive:
        archive.extractall(tmp_path)
    subprocess.run(["sha256sum", "--check", "--quiet", CHECKSUMS], cwd=tmp_path, check=True)


def test_equal_tables_do_not_differ_and_durations_do_not_count() -> None:
    assert table_differences(TABLE, TABLE.assign(seconds_fit=[9.0, 9.0, 9.0]).sample(frac=1, random_state=0)) == []
    assert table_differences(TABLE, TABLE.assign(quality=TABLE["quality"] * (1 + 1e-12))) == []


def test_differences_name_column_row_and_values() -> None:
    (message,) = table_differences(TABLE, TABLE.assign(quality=[1.0, 2.1, np.nan]))
    assert message == (
        "quality differs in 1 of 3 rows, first in cell 0, seed 0, generation 1: 2.0 in the supplement, 2.1 in the store"
    )
    (message,) = table_differences(TABLE, TABLE.assign(regime=pd.Series(["mix", "replace", None])))
    assert message.startswith("regime differs in 1 of 3 rows")
    (message,) = table_differences(TABLE, TABLE.assign(quality=[1.0, 2.0, 3.0]))
    assert message.startswith("quality differs in 1 of 3 rows, first in cell 1")


def test_rows_and_columns_of_one_side_are_named() -> None:
    assert table_differences(TABLE, TABLE.iloc[:2]) == ["1 rows are only in the supplement"]
    assert table_differences(TABLE.iloc[:2], TABLE) == ["1 rows are only in the store"]
    assert table_differences(TABLE.assign(more=1), TABLE) == ["columns only in the supplement: more"]
    assert table_differences(TABLE, TABLE.iloc[:0]) == ["the store has no results of this sweep"]


def test_the_table_of_a_search_equals_that_of_its_store(make_sweep: MakeSweep, tmp_path: Path) -> None:
    sweep, objects = make_sweep(SEARCH.replace("[1.0, 2.0]", "2.0")), Objects.open(tmp_path / "store")
    state = search(sweep, objects)
    table = load_table(state.resolved, objects)
    files = {"sweep.yaml": sweep_yaml(sweep).encode(), "table.parquet": table.to_parquet(index=False)}
    assert compare_with_store(supplement(tmp_path / "p.zip", files), objects) == (len(table), [])


def parquet(table: pd.DataFrame) -> bytes:
    return bytes(table.to_parquet(index=False))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1", r"p.zip/table.parquet cannot be read as Parquet: "),
        (parquet(TABLE.assign(cell=["a", "b", "c"])), r"p.zip/table.parquet cannot be read as a table of raysc: "),
    ],
)
def test_a_table_that_is_none_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_tables(content, TABLE, "p.zip/table.parquet")


def test_repeated_rows_are_counted_before_tables_are_merged() -> None:
    rows, problems = compare_tables(parquet(pd.concat([TABLE] * 1000)), TABLE, "table.parquet")
    assert rows == 3000
    assert problems == ["2997 rows of the supplement repeat another one's cell, seed, generation"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sweep.yaml": b"name: a"}, "it has no table.parquet"),
        ({"table.parquet": b""}, "it has no sweep.yaml"),
        ({"sweep.yaml": b"name: \xff", "table.parquet": b""}, "p.zip/sweep.yaml cannot be read as a sweep file"),
    ],
)
def test_supplements_without_readable_members_are_refused(
    tmp_path: Path, files: Mapping[str, bytes], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        compare_with_store(supplement(tmp_path / "p.zip", files), Objects.open(tmp_path / "store"))
