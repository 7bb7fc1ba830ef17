from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raysc.results.plots.style import style
from raysc.results.report.figures.rendering import render, write_numbers


def test_a_csv_file_has_the_numbers_in_full_precision(tmp_path: Path) -> None:
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
    write_numbers(numbers, tmp_path / "arrow.csv")
    numbers.to_csv(tmp_path / "pandas.csv", index=False)
    actual, expected = (pd.read_csv(tmp_path / f"{writer}.csv") for writer in ("arrow", "pandas"))
    actual["diverged"] = actual["diverged"].astype(bool)
    pd.testing.assert_frame_equal(actual, expected)


def test_an_svg_has_title_and_description_and_no_style_sheet() -> None:
    with style("name"):
        figure = Figure()
        figure.subplots().plot([1, 2])
        rendered = render(figure, "name", "a < b", "caption", 'an "alt"', pd.DataFrame())
    assert rendered.svg.startswith('<svg role="img" aria-label="an &quot;alt&quot;"')
    assert "<title>a &lt; b</title>" in rendered.svg
    assert "<style" not in rendered.svg
    assert "<metadata" not in rendered.svg
    assert rendered.png.startswith(b"\x89PNG")
