"""scikit-learn's digits without scikit-learn, whose import takes a second in every process.

Where a version of the library keeps the file elsewhere, its own loader is called.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

DIGITS_FILE = "datasets/data/digits.csv.gz"
"""File of the digits within the package: a line an image, 64 grey levels from 0 to 16 and the digit."""


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return grey levels, float64 (1797, 8, 8), and digits, int64 (1797,), as ``sklearn.datasets.load_digits``."""
    spec = find_spec("sklearn")
    file = Path(spec.origin).parent / DIGITS_FILE if spec is not None and spec.origin else None
    if file is None or not file.exists():
        from sklearn.datasets import load_digits as load

        digits = load()
        return digits.images, digits.target.astype(np.int64)
    table = np.loadtxt(file, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64)
