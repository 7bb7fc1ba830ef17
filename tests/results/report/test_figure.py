from pathlib import Path

import numpy as np
import pandas as pd

from raysc.results.report.figure import write_numbers


def test_numbers_come_back_from_the_file_as_they_are(tmp_path: Path) -> None:
    numbers = pd.DataFrame(
        {
            "cell": [0, 1, 2],
            "says": ['a "quoted", line', "<b>", None],
            "model.bandwidth": pd.Series([0.1, "scott", None], dtype=object),
            "lambda": [0.1, np.nan, 1e-300],
            "generation": pd.Series([1, None, 3], dtype="Int64"),
            "diverged": [True, False, True],
        }
    )
    write_numbers(numbers, tmp_path / "numbers.csv")
    numbers.to_csv(tmp_path / "wanted.csv", index=False)
    found, wanted = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("numbers", "wanted"))
    found["diverged"] = found["diverged"].astype(bool)
    pd.testing.assert_frame_equal(found, wanted)
