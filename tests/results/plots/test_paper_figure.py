import re
from typing import Any

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure

from raysc.errors import InputError
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.results.plots.figure_cells import read_where
from raysc.results.plots.paper_figure import FigureOptions, figure_file, paper_figure
from raysc.results.table.columns import metric_columns
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

Store = tuple[Sweep, Objects]


@pytest.fixture(scope="module")
def digits(digits_store: Store) -> tuple[ResolvedSweep, pd.DataFrame]:
    resolved = resolve(digits_store[0])
    return resolved, load_table(resolved, digits_store[1])


def draw(sweep: tuple[ResolvedSweep, pd.DataFrame], ax: Any = None, **options: Any) -> Figure:
    resolved, table = sweep
    return paper_figure(resolved, table, metric_columns(resolved.sweep)[0], FigureOptions(**options), ax)


def test_where_selects_cells_with_their_controls(digits: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    both = draw(digits)
    assert [ax.get_title() for ax in both.axes] == ["initial steps = 2", "initial steps = 4"]
    single = draw(digits, where=read_where(["initial.steps=2", "regime=mix"]))
    assert [ax.get_title() for ax in single.axes] == [""]
    labels = [line.get_label() for line in single.axes[0].lines]
    assert [label for label in labels if not str(label).startswith("_")] == [
        "mix, $\\lambda$ = 1", "control: real rows only",
    ]  # fmt: skip


def test_panels_and_curves_change_places(digits: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    figure = draw(digits, panels=["regime"])
    assert [ax.get_title() for ax in figure.axes] == ["mix", "replace"]
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == [
        "$\\lambda$ = 1, initial steps = 2", "$\\lambda$ = 1, initial steps = 4",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(3.25, 2.6), (6.75, 2.4)])
def test_the_legend_covers_neither_panels_nor_titles(
    digits: tuple[ResolvedSweep, pd.DataFrame], size: tuple[float, float]
) -> None:
    figure = draw(digits, size=size)
    assert tuple(figure.get_size_inches()) == size
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= -1
    assert legend.x1 <= figure.bbox.x1 + 1
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box is not None
        assert not legend.overlaps(box)
        assert ax.get_window_extent().height > 0.25 * figure.bbox.height


def test_a_pdf_embeds_truetype_fonts_and_is_the_same_every_time(digits: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    options: dict[str, Any] = {"where": {"initial.steps": [2]}, "font": "serif", "size": (3.25, 2.6)}
    first, second = (figure_file(draw(digits, **options), "pdf") for _ in range(2))
    assert first == second
    assert b"/Type3" not in first
    assert re.search(rb"/BaseFont /[A-Z]{6}\+DejaVuSerif", first)


def test_settings_of_the_user_stay(digits: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    with matplotlib.rc_context(
        {"font.size": 17, "axes.labelsize": 13, "axes.prop_cycle": "cycler(color=['red', 'g'])"}
    ):
        figure = draw(digits, where={"initial.steps": [2]})
        assert figure.axes[0].lines[0].get_color() == "red"
        assert figure.get_supxlabel() == "generation"
        assert matplotlib.rcParams["font.size"] == 17


def test_it_draws_into_a_subplot(digits: tuple[ResolvedSweep, pd.DataFrame]) -> None:
    ax = Figure().subplots()
    assert draw(digits, ax=ax, where={"initial.steps": [2]}) is ax.figure
    assert ax.get_xlabel() == "generation"
    assert len(ax.get_legend_handles_labels()[0]) == 3
    with pytest.raises(InputError, match="ax holds one panel and this figure has 2"):
        draw(digits, ax=Figure().subplots())


def test_labels_of_the_file_may_hold_formulas(make_sweep: MakeSweep, digits_text: str, digits: Any) -> None:
    labels = 'labels: {initial.steps: "$s_0$", "frechet_distance[pixels]": FD}\n'
    figure = draw((resolve(make_sweep(digits_text + labels)), digits[1]))
    assert [ax.get_title() for ax in figure.axes] == ["$s_0$ = 2", "$s_0$ = 4"]
    assert figure.get_supylabel() == r"FD $\downarrow$"
    assert make_sweep(digits_text + labels).cells == make_sweep(digits_text).cells
    broken = resolve(make_sweep(digits_text + 'labels: {initial.steps: "$\\\\frac{$"}\n'))
    with pytest.raises(InputError, match=r"labels.initial.steps: matplotlib cannot read the formula"):
        draw((broken, digits[1]))
    with pytest.raises(InputError, match=r"line 11: labels.initial.step: no such axis or metric; did you mean"):
        make_sweep(digits_text + "labels: {initial.step: s}\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": ["lamda"]}, "by lamda: no such axis; did you mean 'lambda'?"),
        ({"panels": ["initial.step"]}, "panels initial.step: no such axis; did you mean 'initial.steps'?"),
        ({"where": {"initial.steps": [3]}}, "where initial.steps=3: cells have 2, 4"),
        ({"by": ["lambda"], "panels": ["regime"]}, "initial.steps differs, too (2, 4): add it to by or panels"),
        ({"font": "Tmes New Roman of mine"}, "font Tmes New Roman of mine: not installed"),
        ({"size": (1.0, 1.0)}, "leaves no room"),
    ],
)
def test_options_that_cannot_work_are_refused(digits: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        draw(digits, **options)


def test_a_selection_without_a_value_is_refused() -> None:
    assert read_where(["lambda=[0.5, 1]", "regime=mix"]) == {"lambda": [0.5, 1], "regime": ["mix"]}
    with pytest.raises(InputError, match=r"--where lambda: expected AXIS=VALUE"):
        read_where(["lambda"])
