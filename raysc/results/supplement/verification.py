"""Verification of a supplement: its members against their checksums, and its table against a store."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from raysc import registry
from raysc.datasets.readers import reader_errors
from raysc.errors import InputError
from raysc.planning.open_sweep import SWEEP_COPY
from raysc.results.supplement.archive import Archive, DamagedMemberError, open_archive
from raysc.results.supplement.checksums import CHECKSUMS, digest, read_checksums
from raysc.results.supplement.contents import TABLE
from raysc.results.table.table import load_table
from raysc.results.thresholds.resolution import resolve_in_store
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep_text

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Differences between two values that count as rounding."""
DURATIONS = "seconds_"
"""Beginning of the columns that differ from run to run."""
ROW = ["cell", "seed", "generation"]
"""Columns that name a row of the table."""


@dataclass(frozen=True)
class SupplementCheck:
    """Comparison of a supplement with its checksums.

    Attributes:
        members: number of members that have a checksum.
        missing: members with a checksum that the supplement lacks.
        changed: members that differ from their checksum.
        extra: members without a checksum.
    """

    members: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def problems(self) -> list[str]:
        """The differences in words; empty if there are none."""
        kinds = {"changed": self.changed, "missing": self.missing, "not of the supplement": self.extra}
        return [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]


def verify_supplement(file: Path) -> SupplementCheck:
    """Compare every member of a supplement with its checksum, without extracting anything.

    Raises:
        InputError: the file is no supplement, or is not safe to read.
    """
    with open_archive(file) as archive:
        if CHECKSUMS not in archive.names:
            raise InputError(f"{file}: not a supplement of raysc export: it has no {CHECKSUMS}")
        try:
            checksums = read_checksums(archive.read(CHECKSUMS).decode())
        except (DamagedMemberError, ValueError) as error:
            raise InputError(f"{file}: {CHECKSUMS} cannot be read: {error}") from None
        names = archive.names - {CHECKSUMS}
        present = sorted(names & checksums.keys())
        changed = tuple(name for name in present if _digest(archive, name) != checksums[name])
        missing, extra = sorted(checksums.keys() - names), sorted(names - checksums.keys())
        return SupplementCheck(len(checksums), tuple(missing), changed, tuple(extra))


def _digest(archive: Archive, name: str) -> str:
    """Return the SHA-256 of a member; "" if it is damaged."""
    try:
        return digest(archive.chunks(name))
    except DamagedMemberError:
        return ""


def compare_with_store(file: Path, objects: Objects) -> tuple[int, list[str]]:
    """Compare the table of a verified supplement with the store's results of the supplement's sweep.

    Plug-ins that the sweep file names are looked up beside the supplement, never in it.

    Returns:
        The number of rows of the supplement's table, and the differences in words.

    Raises:
        InputError: the supplement's sweep file or table cannot be read.
        DamagedObjectError: a published file is missing or was changed.
    """
    with open_archive(file) as archive:
        text, content = (_required_member(archive, name) for name in (SWEEP_COPY, TABLE))
    with reader_errors(f"{file}/{SWEEP_COPY}", "a sweep file"):
        decoded = text.decode()
    registry.add_plugin_folder(file.resolve().parent)
    sweep = read_sweep_text(decoded, f"{file}/{SWEEP_COPY}", (), registry)
    stored = load_table(resolve_in_store(sweep, objects), objects)
    return compare_tables(content, stored, f"{file}/{TABLE}")


def _required_member(archive: Archive, name: str) -> bytes:
    if name not in archive.names:
        raise InputError(f"{archive.file}: not a supplement of raysc export: it has no {name}")
    return archive.read(name)


def compare_tables(content: bytes, stored: pd.DataFrame, source: str) -> tuple[int, list[str]]:
    """Compare a supplement's table, which may hold anything, with the table of a store.

    Args:
        content: a Parquet file.
        stored: the tidy table.
        source: name of the Parquet file, for messages.

    Returns:
        The number of rows in the Parquet file, and the differences in words.

    Raises:
        InputError: the content is no table.
    """
    with reader_errors(source, "Parquet"):
        packed = _read_table(content)
    with reader_errors(source, "a table of raysc"):
        return len(packed), table_differences(packed, _read_table(stored.to_parquet(index=False)))


def _read_table(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


def table_differences(packed: pd.DataFrame, stored: pd.DataFrame) -> list[str]:
    """Return the differences of two tidy tables in words, durations left out; floats may differ by rounding."""
    if stored.empty:
        return ["the store has no results of this sweep"]
    if problems := _columns_apart(packed.columns, stored.columns):
        return problems
    if repeated := int(packed.duplicated(ROW).sum()):
        return [f"{repeated} rows of the supplement repeat another one's {', '.join(ROW)}"]
    both = packed.merge(stored, on=ROW, how="outer", suffixes=("", "_stored"), indicator=True)
    counts = both["_merge"].value_counts()
    problems = [
        f"{counts[side]} rows are only in the {place}"
        for side, place in (("left_only", "supplement"), ("right_only", "store"))
        if counts[side]
    ]
    common = both[both["_merge"] == "both"]
    for name in packed.columns:
        if name in ROW or name.startswith(DURATIONS):
            continue
        differs = _differs(common[name], common[f"{name}_stored"])
        if differs.any():
            first = common[differs].iloc[0]
            place = ", ".join(f"{key} {first[key]}" for key in ROW)
            problems.append(
                f"{name} differs in {int(differs.sum())} of {len(common)} rows, first in {place}: "
                f"{first[name]} in the supplement, {first[f'{name}_stored']} in the store"
            )
    return problems


def _columns_apart(packed: Iterable[str], stored: Iterable[str]) -> list[str]:
    """Return the columns that only one table has, in words."""
    supplement, store = set(packed), set(stored)
    sides = (("supplement", sorted(supplement - store)), ("store", sorted(store - supplement)))
    return [f"columns only in the {place}: {', '.join(names)}" for place, names in sides if names]


def _differs(packed: "pd.Series[float]", stored: "pd.Series[float]") -> np.ndarray:
    """Return bool (rows,): True where two columns differ by more than rounding; missing values are equal."""
    if all(pd.api.types.is_numeric_dtype(column.dtype) for column in (packed, stored)):
        first, second = (column.to_numpy(float, na_value=np.nan) for column in (packed, stored))
        return ~np.isclose(first, second, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    same = (packed == stored).fillna(False) | (packed.isna() & stored.isna())
    return ~same.to_numpy(bool)
