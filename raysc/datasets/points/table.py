"""A table of a user with columns of numbers, texts and truth values."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysc.datasets.number_files import read_numbers
from raysc.datasets.points.point_file import Points


@dataclass(frozen=True)
class Table(Points):
    """Rows of a CSV or Parquet file with mixed columns, float64 (columns,): numbers as they are, other values as codes.

    A column of texts or truth values becomes 0, 1, 2, ... in the order of its sorted values. Missing values are
    refused. All parameters are those of ``points``, and so is the held-out share: training rows that equal a held-out
    row are left out.
    """

    def _numbers(self) -> np.ndarray:
        return read_numbers(Path(self.path), self.columns, codes=True)
