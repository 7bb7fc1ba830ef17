from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.datasets.number_files import read_numbers
from raysc.errors import InputError

ROWS = np.array([[1.5, -2.0], [3.0, 0.25], [1e-3, 4.0]])


def write(folder: Path, name: str, rows: np.ndarray = ROWS) -> Path:
    file = folder / name
    frame = pd.DataFrame(rows, columns=["x", "y"])
    if name.endswith(".npy"):
        np.save(file, rows)
    elif name.endswith(".parquet"):
        frame.to_parquet(file)
    else:
        frame.to_csv(file, index=False)
    return file


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.npy", "A.CSV"])
def test_all_formats_give_the_same_rows(tmp_path: Path, name: str) -> None:
    rows = read_numbers(write(tmp_path, name), None)
    np.testing.assert_array_equal(rows, ROWS)
    assert rows.dtype == np.float64


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_columns_are_chosen_in_their_order(tmp_path: Path, name: str) -> None:
    np.testing.assert_array_equal(read_numbers(write(tmp_path, name), ("y", "x")), ROWS[:, ::-1])


def test_a_first_line_of_numbers_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1.5,-2\n3,0.25\n1e-3,4\n")
    np.testing.assert_array_equal(read_numbers(tmp_path / "a.csv", None), ROWS)
    np.testing.assert_array_equal(read_numbers(tmp_path / "a.csv", ("1",)), ROWS[:, 1:])


def test_integers_and_32_bits_are_taken(tmp_path: Path) -> None:
    for dtype in (np.int64, np.uint8, np.float32):
        np.save(tmp_path / "a.npy", np.arange(6, dtype=dtype).reshape(3, 2))
        np.testing.assert_array_equal(read_numbers(tmp_path / "a.npy", None), np.arange(6.0).reshape(3, 2))


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    read_numbers(write(tmp_path, "a.csv"), None)
    np.testing.assert_array_equal(read_numbers(write(tmp_path, "a.csv", ROWS[:2]), None), ROWS[:2])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "x,y\n1,2\n3,\n", "row 1 has no number in column 'y'; 1 of 2 rows are so"),
        ("a.csv", "x,y\n1,2\n3,inf\n", "row 1 has an infinite value in column 'y'"),
        ("a.csv", "x,y\n1,red\n3,4\n", "column 'y' holds other values than numbers ('red' in row 0)"),
        ("a.csv", "x,y\n1,True\n3,False\n", "column 'y' holds other values than numbers (True in row 0)"),
        ("a.csv", ",x\n0,1\n1,2\n", "a column has no name, like an index; choose columns with data.columns"),
        ("a.csv", "x,y\n1,2,3,4\n1\n", "a.csv cannot be read as CSV: "),
        ("a.csv", "", "a.csv cannot be read as CSV: "),
        ("a.parquet", "PAR1", "a.parquet cannot be read as Parquet: "),
        ("a.npy", "x", "a.npy cannot be read as an npy file: "),
        ("a.txt", "1 2\n", "a.txt: expected a file that ends in .csv, .parquet, .npy"),
    ],
)
def test_what_is_no_table_of_finite_numbers_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as error:
        read_numbers(tmp_path / name, None)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(5.0), "expected an array of the shape (rows, coordinates), got (5,)"),
        (np.zeros((2, 3, 4)), "got (2, 3, 4)"),
        (np.array([["a", "b"]]), "expected real numbers, got an array of dtype <U1"),
        (np.zeros((2, 2), complex), "dtype complex128"),
        (np.array([[1.0, np.nan]]), "row 0 has no number in column 1"),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError) as error:
        read_numbers(tmp_path / "a.npy", None)
    assert message in str(error.value)


def test_absent_files_and_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_numbers(tmp_path / "b.csv", None)
    with pytest.raises(InputError, match="has no column 'z'; it has x, y"):
        read_numbers(write(tmp_path, "a.csv"), ("x", "z"))
    with pytest.raises(InputError, match="the list is empty"):
        read_numbers(write(tmp_path, "a.csv"), ())
    with pytest.raises(InputError, match="whose columns have no names"):
        read_numbers(write(tmp_path, "a.npy"), ("x",))
