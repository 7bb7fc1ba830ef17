"""Files of numbers and tables of a user: CSV, Parquet and npy."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from raysc.datasets.number_files import read_numbers
from tests.fuzzing.image_inputs import PARQUET_WORDS, reader_of_files
from tests.fuzzing.kind import Kind, Sample

FRAME = pd.DataFrame({"x": [1.5, -2.0, 3.25, 4.0], "y": [1, 2, 3, 4], "z": [0.1, 0.2, 0.3, 1e-3]})
MIXED = FRAME.assign(colour=["red", "green", "red", "blue"], member=[True, False, True, True])
CSV_WORDS = (
    b",", b";", b"\t", b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"NA", b"null", b"nan",
    b"inf", b"-inf", b'"1,234"', b"1_000", b"0x10", b"12%", b"$5", b"True", b"1e999", b"#", b"2024-01-02", b"\x1b[31m",
    b"x", b"x,x\n", b"\xe2\x88\x92",
)  # fmt: skip
NPY_WORDS = (
    b"'descr': '|O'", b"'<f8'", b"'<c16'", b"'<M8[s]'", b"'fortran_order': True", b"(4, 3)", b"(1000000000000, 3)",
    b"(-1, 3)", b"()", b"(4,)", b"\x93NUMPY\x02\x00", b"\x80\x04", b"PK\x03\x04", b"__import__('os')",
)  # fmt: skip


def point_files(folder: Path) -> Kind:
    """CSV files of points, with and without names of columns."""
    samples = [FRAME.to_csv(index=False).encode(), FRAME.to_csv(index=False, header=False).encode()]
    return Kind("point_files", _samples(folder, ".csv", samples, codes=False), words=CSV_WORDS)


def point_parquet(folder: Path) -> Kind:
    """Parquet files of points."""
    return Kind("point_parquet", _samples(folder, ".parquet", [_parquet(FRAME)], codes=False), words=PARQUET_WORDS)


def point_arrays(folder: Path) -> Kind:
    """npy files."""
    arrays = (FRAME.to_numpy(), np.asfortranarray(FRAME.to_numpy(np.float32)), np.arange(8, dtype=">i2").reshape(4, 2))
    return Kind("point_arrays", _samples(folder, ".npy", [_npy(array) for array in arrays], False), words=NPY_WORDS)


def tables(folder: Path) -> Kind:
    """CSV and Parquet files with texts and truth values."""
    of_csv = _samples(folder, ".csv", [MIXED.to_csv(index=False).encode()], codes=True)
    of_parquet = _samples(folder, ".parquet", [_parquet(MIXED)], codes=True)
    return Kind("tables", [*of_csv, *of_parquet], words=CSV_WORDS)


def _samples(folder: Path, ending: str, samples: list[bytes], codes: bool) -> list[Sample]:
    read = reader_of_files(folder, ending, partial(_read, codes=codes))
    return [Sample(data, read) for data in samples]


def _read(file: str, codes: bool) -> object:
    rows = read_numbers(Path(file), None, codes)
    assert (rows.ndim, rows.dtype.str) == (2, "<f8")
    assert np.isfinite(rows).all()
    return rows.shape


def _parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink)
    return sink.getvalue()


def _npy(array: np.ndarray) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array)
    return sink.getvalue()
