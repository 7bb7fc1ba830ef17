"""Files of numbers: CSV, Parquet and NumPy's npy, as an array of rows."""

import csv
import numbers
import re
import warnings
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raysc.datasets.data_files import FileStamp, check_regular, file_stamps
from raysc.datasets.readers import printable, reader_errors
from raysc.errors import InputError
from raysc.formatting import is_number
from raysc.machine.content_cache import content_cache

ENDINGS = (".csv", ".parquet", ".npy")

_GROUPED = r"\d{1,3}(?:[., '\u2019\u00a0\u202f]\d{3})+(?:[.,]\d+)?"
_CURRENCY = r"[$\u20ac\u00a3\u00a5]?"
_WRITTEN_NUMBER = re.compile(
    rf"\(?[+\-\u2212]?{_CURRENCY}[+\-\u2212]? ?(?:{_GROUPED}|\d+(?:[.,]\d+)?|0[xX][0-9a-fA-F]+) ?(?:%|{_CURRENCY})\)?"
)
"""Numbers as people and spreadsheets write them: 1,234.50 and 1.234,50, 12 %, $5, a minus sign of typographers, (3)."""


class _NumberFile(NamedTuple):
    """Content of a file of numbers.

    Attributes:
        rows: float64 (rows, columns), not to be changed.
        coded: names of the columns that hold codes of texts or truth values.
    """

    rows: np.ndarray
    coded: tuple[str, ...]


def read_numbers(path: Path, columns: Sequence[str] | None, codes: bool = False) -> np.ndarray:
    """Read a file of numbers, float64 (rows, columns), all of them finite; the array is not to be changed.

    Args:
        path: a file that ends in .csv, .parquet or .npy. A CSV file has commas between its columns and names in its
            first line, unless that line holds numbers only. An npy file holds an array (rows, columns).
        columns: the columns to read, in this order; None: all. An npy file has no names of columns.
        codes: a column of texts or truth values becomes 0, 1, 2, ... in the order of its sorted values, unless most of
            its texts are numbers, in whatever notation; without, it is an error.

    Raises:
        InputError: there is no such file or column, it cannot be read, it has no columns, a column is chosen twice, two
            have one name, or a value is no finite number.
    """
    return _content(path, columns, codes).rows


def coded_columns(path: Path, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the columns that ``read_numbers`` turns into codes; its arguments and errors."""
    return _content(path, columns, codes=True).coded


def _content(path: Path, columns: Sequence[str] | None, codes: bool) -> _NumberFile:
    with reader_errors(path, "a file"):
        if not path.exists() and not path.is_symlink():
            raise InputError(f"{path}: there is no such file")
        if not path.name.lower().endswith(ENDINGS):
            raise InputError(f"{path}: expected a file that ends in {', '.join(ENDINGS)}")
        check_regular(path)
    if columns is not None and not columns:
        raise InputError("data.columns: the list is empty; leave it out to read all columns")
    repeated = next((name for name in columns or () if (columns or ()).count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"data.columns: {repeated!r} is in the list twice; name each column once")
    (stamp,) = file_stamps([path])
    return _read(stamp, None if columns is None else tuple(columns), codes)


@content_cache
def _read(stamp: FileStamp, columns: tuple[str, ...] | None, codes: bool) -> _NumberFile:
    path, coded = Path(stamp.path), tuple[str, ...]()
    if path.name.lower().endswith(".npy"):
        if columns is not None:
            raise InputError(f"data.columns: {path} is an npy file, whose columns have no names; leave columns out")
        rows, names = _npy_rows(path), None
    else:
        table = _csv_table(path) if path.name.lower().endswith(".csv") else _parquet_table(path)
        table = _selected(table, columns, path)
        names = [str(name) for name in table.columns]
        coded = tuple(str(name) for name in table if codes and _is_coded(table[name]))
        rows = (
            np.column_stack([_column(table[name], path, codes) for name in table]) if len(table) else np.empty((0, 0))
        )
    finite = np.isfinite(rows)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        missing = "no value" if codes else "no number"
        name = f"column {column}" if names is None else f"column {names[column]!r}"
        raise InputError(
            f"{path}: row {row} has {missing if np.isnan(rows[row, column]) else 'an infinite value'} in {name}; "
            f"{np.count_nonzero(~finite.all(axis=1))} of {len(rows)} rows are so: remove them, or fill them in"
        )
    rows.flags.writeable = False
    return _NumberFile(rows, coded)


def _npy_rows(path: Path) -> np.ndarray:
    """Read an npy file, float64 (rows, columns)."""
    with reader_errors(path, "an npy file"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise InputError(
            f"{path}: it is a zip file of arrays (npz) with another ending; save one array with numpy.save"
        )
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: expected real numbers, got an array of dtype {array.dtype}")
    if array.ndim != 2:
        raise InputError(f"{path}: expected an array of the shape (rows, coordinates), got {array.shape}")
    if not array.shape[1]:
        raise InputError(f"{path}: the array has no columns, its shape is {array.shape}")
    with np.errstate(over="ignore"):  # numbers of 128 bits that become infinite are refused with their row
        return array.astype(np.float64)


def _csv_table(path: Path) -> pd.DataFrame:
    """Read a CSV file; a first line of numbers only is a row, and its columns are called "0", "1", ..."""
    with reader_errors(path, "CSV"), warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # values that the first line has no column for
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next(filter(None, csv.reader(file)), [])
        if not all(map(is_number, first)):
            _check_names(first, path)
            return pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True, index_col=False, low_memory=False)
        names = [str(number) for number in range(len(first))]
        return pd.read_csv(path, encoding="utf-8-sig", header=None, names=names, index_col=False, low_memory=False)


def _check_names(names: list[str], path: Path) -> None:
    """Raise InputError if two columns have one name, or the only column a name with other separators than commas."""
    stripped = [name.strip() for name in names]
    repeated = next((name for name in stripped if name and stripped.count(name) > 1), None)
    if repeated is not None:
        raise InputError(
            f"{path}: two columns are called {printable(repr(repeated), 100)}; give each a name of its own"
        )
    separator = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if separator is None and len(names) == 1 and len(names[0].split()) > 1 and all(map(is_number, names[0].split())):
        separator = " "
    if separator is not None:
        raise InputError(
            f"{path}: its only column is called {printable(repr(names[0]), 100)}; the file seems to have {separator!r} "
            "between its columns: write it with commas"
        )


def _parquet_table(path: Path) -> pd.DataFrame:
    """Read a Parquet file without the index that pandas may have stored in it."""
    import pyarrow.parquet as pq

    with reader_errors(path, "Parquet"):
        table: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
        return table


def _selected(table: pd.DataFrame, columns: tuple[str, ...] | None, path: Path) -> pd.DataFrame:
    """Return the columns of a table; InputError if one is absent, or if all are taken and one is an index."""
    names = [str(name) for name in table.columns]
    if columns is None:
        index = next((name for name in names if name.startswith(("Unnamed: ", "__index_level_"))), None)
        if index is not None:
            raise InputError(f"{path}: a column has no name, like an index; choose columns with data.columns")
        return table
    for name in columns:
        if name not in names:
            raise InputError(f"data.columns: {path} has no column {name!r}; it has {printable(', '.join(names), 200)}")
    return table[list(columns)]


def _column(column: "pd.Series[float]", path: Path, codes: bool) -> np.ndarray:
    """Return a column as float64, or codes of its values; InputError if it holds anything but numbers, without."""
    if _has_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    present, values = column.dropna(), np.full(len(column), np.nan)
    if not _is_coded(column):
        values[column.notna()] = [float(str(value)) for value in present]  # decimals, and integers of more than 64 bits
        return values
    if codes:
        _check_texts(present, path)
        values[column.notna()] = np.unique(present.map(str).to_numpy(object), return_inverse=True)[1]
        return values
    wrong = ((row, value) for row, value in present.items() if not is_number(str(value)) or _is_truth_value(value))
    row, value = next(wrong, (None, None))
    example = "" if row is None else f" ({printable(repr(value), 60)} in row {row})"
    raise InputError(
        f"{path}: column {column.name!r} holds other values than numbers{example}; choose columns with data.columns, "
        "or encode it as numbers"
    )


def _has_numeric_dtype(column: "pd.Series[float]") -> bool:
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return numeric and column.dtype.kind != "c"


def _is_coded(column: "pd.Series[float]") -> bool:
    """Return True if a column holds anything but numbers, as texts and truth values."""
    if _has_numeric_dtype(column):
        return False
    return not all(
        isinstance(value, numbers.Real | Decimal) and not _is_truth_value(value) for value in column.dropna()
    )


def _is_truth_value(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _check_texts(texts: "pd.Series[float]", path: Path) -> None:
    """Raise InputError for values that are no texts, and if most of the texts are numbers.

    The order of codes would not be that of dates or numbers.
    """
    wrong = next((value for value in texts if not isinstance(value, str | bool | np.bool_ | numbers.Real)), None)
    if wrong is not None:
        raise InputError(
            f"{path}: column {texts.name!r} holds {type(wrong).__name__} ({printable(str(wrong), 60)}), which is "
            "neither a number nor a text; write it as numbers, such as days since a date, or as texts"
        )
    numeric = [is_number(str(value)) or bool(_WRITTEN_NUMBER.fullmatch(str(value).strip())) for value in texts]
    if 2 * sum(numeric) <= len(texts):
        return
    example = "" if all(numeric) else f" ({printable(repr(texts.iloc[numeric.index(False)]), 60)} is not)"
    raise InputError(
        f"{path}: column {texts.name!r} is text, but {sum(numeric)} of its {len(texts)} values are numbers{example}; "
        "write it as numbers, or as texts that are no numbers"
    )
