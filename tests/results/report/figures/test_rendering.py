import re
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raysc.results.plots.style import style
from raysc.results.report.figures.rendering import DataPoint, curve_id, legend_id, render, view, write_numbers


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
    assert rendered.svg == rendered.views[0].svg
    assert "fill: #ffffff" not in rendered.svg, "the background is the page's"
    assert rendered.png.startswith(b"\x89PNG")


def test_points_lie_on_the_drawn_marks() -> None:
    with style("name"):
        figure = Figure(figsize=(3, 2))
        ax = figure.subplots()
        ax.plot([1, 2], [10, 1000], marker="o", gid=curve_id(4, "line"))
        ax.set_yscale("log")
        points = [DataPoint(ax, 1, 10, "first", 4), DataPoint(ax, 2, 1000, "last")]
        drawn = view(figure, "title", "alt", points, "log")
    (marks,) = re.findall(r'<g data-curve="4">(.*?)</g>\s*</g>', drawn.svg, re.DOTALL)
    places = [(float(x), float(y)) for x, y in re.findall(r'<use[^>]* x="([\d.]+)" y="([\d.]+)"', marks)]
    assert [point[2:] for point in drawn.points] == [("first", 4), ("last", None)]
    assert np.allclose([point[:2] for point in drawn.points], places, atol=0.06)


def test_legend_entries_are_marked() -> None:
    with style("name"):
        figure = Figure()
        legend = figure.legend([*figure.subplots().plot([1, 2])], ["curve"])
        legend.get_texts()[0].set_gid(legend_id(0, "text"))
        drawn = view(figure, "title", "alt")
    assert '<g data-legend="0"' in drawn.svg
