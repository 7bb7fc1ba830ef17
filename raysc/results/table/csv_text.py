"""Tables as CSV that spreadsheets open without running a cell as a formula."""

import pandas as pd

from raysc.formatting import is_number

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a spreadsheet takes for a formula, or skips before one."""


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with headings; empty fields are missing values, ``inf`` and ``-inf`` infinite ones."""
    return str(without_formulas(table).to_csv(index=False))


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before each text that begins as a formula does; headings are text, too.

    Numbers stay numbers, also those that are written as text.
    """
    texts = [position for position in range(table.shape[1]) if not _holds_numbers(table.iloc[:, position])]
    result = table.copy()
    for position in texts:
        result.isetitem(position, table.iloc[:, position].map(_neutral, na_action="ignore").to_numpy())
    return result.set_axis([_neutral(name) for name in table], axis=1)


def _holds_numbers(column: "pd.Series[float]") -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)


def _neutral(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(FORMULA_STARTS) or (is_number(cell) and cell.strip() == cell):
        return cell
    return f"'{cell}"
