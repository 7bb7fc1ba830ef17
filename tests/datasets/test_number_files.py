from decimal import Decimal
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
        ("a.csv", "x;y\n1;2\n", "its only column is called 'x;y'; the file seems to have ';' between its columns"),
        ("a.csv", "1\t2\n3\t4\n", "the file seems to have '\\t' between its columns"),
        ("a.csv", "1 2\n3 4\n", "the file seems to have ' ' between its columns"),
        ("a.csv", "x, y,x\n1,2,3\n", "two columns are called 'x'"),
        ("a.csv", 'x,y\n"1,234",2\n"5,678",3\n', "column 'x' holds other values than numbers ('1,234' in row 0)"),
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
        (np.zeros((5, 0)), "the array has no columns, its shape is (5, 0)"),
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
    with pytest.raises(InputError, match="'x' is in the list twice"):
        read_numbers(write(tmp_path, "a.csv"), ("x", "y", "x"))
    with pytest.raises(InputError, match="the list is empty"):
        read_numbers(write(tmp_path, "a.csv"), ())
    with pytest.raises(InputError, match="whose columns have no names"):
        read_numbers(write(tmp_path, "a.npy"), ("x",))


@pytest.mark.parametrize("codes", [False, True])
@pytest.mark.parametrize(
    "column",
    [
        pd.Series([Decimal("1.00"), Decimal("9.50"), Decimal("10.00")]),
        pd.Series([1.0, 9.5, 10.0]).astype("category"),
    ],
)
def test_decimals_and_categories_of_numbers_are_numbers(tmp_path: Path, column: pd.Series, codes: bool) -> None:
    pd.DataFrame({"x": column}).to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read_numbers(tmp_path / "a.parquet", None, codes)[:, 0], [1, 9.5, 10])


def test_integers_beyond_64_bits_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n99999999999999999999,red\n3,blue\n")
    np.testing.assert_array_equal(read_numbers(tmp_path / "a.csv", None, codes=True), [[1e20, 1], [3, 0]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["10", "9", "?", "2"],
            "column 'x' is text, but 3 of its 4 values are numbers ('?' is not); write it as numbers",
        ),
        (["18446744073709551610", "-1"], "column 'x' is text, but 2 of its 2 values are numbers; write it as numbers"),
        (["1,234", "12,001.5", "999"], "3 of its 3 values are numbers"),
        (["1,5", "10,25"], "2 of its 2 values are numbers"),
        (["12%", "9 %", "100%"], "3 of its 3 values are numbers"),
        (["$5", "$12.50", "-$3", "(4)"], "4 of its 4 values are numbers"),
        (["\u22121", "\u221212.5", "3"], "3 of its 3 values are numbers"),
        (["0x10", "0xff", "1_000"], "3 of its 3 values are numbers"),
    ],
)
def test_texts_that_are_numbers_get_no_codes(tmp_path: Path, values: list[str], message: str) -> None:
    pd.DataFrame({"x": values, "y": range(len(values))}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError) as error:
        read_numbers(tmp_path / "a.csv", None, codes=True)
    assert message in str(error.value)


@pytest.mark.parametrize("values", [["192.168.0.1", "10.0.0.1"], ["2024-01-02", "2023-12-31"], ["1.2.3", "1.10.0"]])
def test_texts_of_digits_that_are_no_numbers_get_codes(tmp_path: Path, values: list[str]) -> None:
    pd.DataFrame({"x": values, "y": range(len(values))}).to_csv(tmp_path / "a.csv", index=False)
    codes = read_numbers(tmp_path / "a.csv", None, codes=True)[:, 0]
    np.testing.assert_array_equal(codes, [1, 0] if values[0] > values[1] else [0, 1])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_datetime(["2024-01-02", "2023-01-01"])),
        pd.Series([[1.0, 2.0], [3.0, 4.0]]),
        pd.Series([{"a": 1}, {"a": 2}]),
        pd.Series([b"a", b"\xff"]),
    ],
)
def test_dates_lists_and_bytes_get_no_codes(tmp_path: Path, column: pd.Series) -> None:
    pd.DataFrame({"x": column}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"column 'x' holds .*, which is neither a number nor a text"):
        read_numbers(tmp_path / "a.parquet", None, codes=True)
    with pytest.raises(InputError, match="column 'x' holds other values than numbers"):
        read_numbers(tmp_path / "a.parquet", None)


def test_one_value_has_one_code_wherever_it_stands_in_a_long_file(tmp_path: Path) -> None:
    """With a type for each piece of a file, 1.50 is a number in one piece and a text in the next."""
    values = ["1.50"] * 200_000 + ["red"] * 250_000 + ["1.50"]
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(values))
    codes = read_numbers(tmp_path / "a.csv", None, codes=True)[:, 0]
    assert set(codes) == {0, 1}
    assert codes[0] == codes[-1] == 0


def test_blank_lines_before_the_names_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\n\nx,y\n1,2\n3,4\n")
    np.testing.assert_array_equal(read_numbers(tmp_path / "a.csv", ("y",)), [[2], [4]])


def test_a_zip_file_of_arrays_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, np.ones((3, 2)))
    with pytest.raises(InputError, match="npz"):
        read_numbers(tmp_path / "a.npy", None)
