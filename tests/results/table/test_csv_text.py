import io

import numpy as np
import pandas as pd

from raysc.results.table.csv_text import csv_text


def test_texts_that_begin_as_formulas_do_are_neutralised() -> None:
    cells = ["=1+1", "+cmd", "-a", "@SUM(A1)", "\t=1", "a=1", None]
    read = pd.read_csv(io.StringIO(csv_text(pd.DataFrame({"=name": cells}))))
    assert list(read) == ["'=name"]
    assert read["'=name"].tolist()[:6] == ["'=1+1", "'+cmd", "'-a", "'@SUM(A1)", "'\t=1", "a=1"]
    assert read["'=name"].isna().tolist()[6]


def test_numbers_stay_numbers() -> None:
    table = pd.DataFrame({"x": [-1.5, -np.inf, np.nan], "mixed": [-1, "-2", "word"], "flag": [True, False, True]})
    assert csv_text(table) == "x,mixed,flag\n-1.5,-1,True\n-inf,-2,False\n,word,True\n"
