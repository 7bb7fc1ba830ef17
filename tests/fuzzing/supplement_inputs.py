"""Supplements of papers: zip files, and the tables and sweep files inside them."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from raysc.errors import RayscError
from raysc.planning.open_sweep import SWEEP_COPY
from raysc.results.supplement.archive import write_archive
from raysc.results.supplement.checksums import CHECKSUMS, checksums_text
from raysc.results.supplement.contents import TABLE
from raysc.results.supplement.verification import compare_tables, compare_with_store, verify_supplement
from raysc.store.objects import Objects
from tests.fuzzing.byte_mutations import mutate_protected
from tests.fuzzing.image_inputs import PARQUET_WORDS
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.storage import open_copy

ROWS = pd.DataFrame({
    "cell": [0, 0, 1], "seed": [0, 1, 0], "generation": [0, 0, 1], "regime": ["mix", "mix", "replace"],
    "nll": [1.0, 2.5, float("nan")], "seconds_fit": [0.1, 0.2, 0.3],
})  # fmt: skip
SWEEP = b"""\
name: packed
data: {name: gaussian, dim: 2, rows: 10}
model: gaussian
loop: {generations: 1}
space: {regime: replace}
metrics: [nll]
"""
ZIP_WORDS = (
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"../../x", b"/etc/passwd", b"C:\\x",
    b"\x01\x00", b"\x0e\x00", b"\xff\xff\xff\xff", b"SHA256SUMS", b"table.parquet",
)  # fmt: skip


def supplements(folder: Path) -> Kind:
    """Zip files, which their checksums protect."""
    read = partial(_verify, folder / "packed.zip")
    return Kind("supplements", [Sample(_supplement(SWEEP, _parquet()), read)], True, mutate_protected, ZIP_WORDS)


def _verify(file: Path, data: bytes) -> object:
    file.write_bytes(data)
    check = verify_supplement(file)
    if check.problems:
        raise RayscError("; ".join(check.problems))
    return check


def supplement_tables(folder: Path) -> Kind:
    """Parquet files of tables, compared with the table of a store."""

    def read(data: bytes) -> object:
        return compare_tables(data, ROWS, "packed.zip/table.parquet")[0]

    return Kind("supplement_tables", [Sample(_parquet(), read)], words=PARQUET_WORDS)


def supplement_sweeps(folder: Path) -> Kind:
    """Sweep files of supplements with right checksums."""
    objects, _ = open_copy(None)
    return Kind("supplement_sweeps", [Sample(SWEEP, _comparison(folder / "packed.zip", objects))])


def _comparison(file: Path, objects: Objects) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        file.write_bytes(_supplement(data, _parquet()))
        return compare_with_store(file, objects)

    return read


def _supplement(sweep: bytes, table: bytes) -> bytes:
    members = {"README.md": b"# Results\n" * 20, SWEEP_COPY: sweep, TABLE: table}
    return write_archive({**members, CHECKSUMS: checksums_text(members).encode()})


def _parquet() -> bytes:
    sink = io.BytesIO()
    ROWS.to_parquet(sink, index=False)
    return sink.getvalue()
