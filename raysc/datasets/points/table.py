"""A table of a user with columns of numbers, texts and truth values."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from raysc.datasets.number_files import coded_columns, read_numbers
from raysc.datasets.points.point_file import Points


@dataclass(frozen=True)
class Table(Points):
    """Rows of a CSV or Parquet file with mixed columns, float64 (columns,): numbers as they are, other values as codes.

    A column of texts or truth values becomes 0, 1, 2, ... in the order of its sorted values. Missing values are
    refused, and so are columns of text most of whose values are numbers. All parameters are those of ``points``.

    The held-out rows are drawn as those of ``points`` are. Training rows that equal a held-out row stay: rows of few
    distinct values repeat, and without the repeated ones the training rows would have other proportions than the file.
    So metrics of copies and of the nearest training row count equal rows as well as memorised ones.
    """

    version: ClassVar[int] = 2  # 2: training rows that equal a held-out row stay
    keeps_copies: ClassVar[bool] = True

    def _numbers(self) -> np.ndarray:
        return read_numbers(Path(self.path), self.columns, codes=True)

    def coded_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that hold codes."""
        return coded_columns(Path(self.path), self.columns)
