import re

import numpy as np
import pandas as pd
import pytest

from raysc.cli.arguments import open_sweep
from raysc.planning.plan import make_plan
from raysc.planning.resolved import lines
from raysc.results.report.page import report
from raysc.results.table.stability import stability
from raysc.results.table.table import load_table, quality_column
from raysc.store.objects import Objects
from raysc.sweepfile.yaml_writer import written


def test_the_page_asks_for_nothing_and_its_ids_are_unique(digits_report, read_page):
    page = read_page(digits_report.html)
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "audio", "video", "img")
        for name in ("src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
        if tag == "a":
            assert attributes["href"].startswith(("#", "figures/"))
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "url(http" not in digits_report.html
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(#|xlink:href="#)([^")]+)', digits_report.html)
    assert used
    assert set(used) <= set(ids)


def test_numbers_of_the_page_are_the_tables(gaussian_report, gaussian_store, read_page):
    sweep, objects = gaussian_store
    table = load_table(sweep, objects)
    last = table[table["generation"] == 4]
    rows = read_page(gaussian_report.html).tables["last-table"][1:]
    assert [[text for _, text in row[:4]] for row in rows] == [
        ["replace", "1", "3/3", "4"],
        ["mix", "0.5", "3/3", "4"],
        ["mix", "2", "3/3", "4"],
        ["real_only", "", "3/3", "4"],
    ]
    for cell, row in enumerate(rows):
        for place, name in ((4, "frechet_distance"), (5, "feature_variance")):
            values = last.loc[last["cell"] == cell, name]
            number, text = row[place]
            assert number == pytest.approx(values.mean(), rel=1e-14)
            mean, deviation = (float(part) for part in text.split(" ± "))
            assert mean == pytest.approx(values.mean(), abs=0.05 * deviation)
            assert deviation == pytest.approx(values.std(), rel=0.06)
    for one, row in zip(stability(lines(sweep), table, quality_column(sweep)), rows, strict=False):
        number, text = row[6]
        assert number == one.excess.mean
        assert float(text.split()[0]) == pytest.approx(one.excess.mean, abs=0.06 * (one.excess.high - one.excess.low))
    assert rows[3][6] == (None, "control")


def test_curves_are_drawn_from_the_means_in_their_csv_which_are_the_tables(gaussian_report, gaussian_store):
    table = load_table(*gaussian_store)
    figure = next(one for one in gaussian_report.figures if one.name == "curves-frechet_distance")
    logs = np.log(table["frechet_distance"]).groupby([table["cell"], table["generation"]])
    drawn = figure.numbers.set_index(["cell", "generation"])
    np.testing.assert_allclose(drawn["mean"], np.exp(logs.mean()))
    assert (drawn["seeds"] == 3).all()
    assert "Geometric mean over 3 distinct seeds" in figure.caption
    floors = table.groupby("cell")["frechet_distance_floor"].mean()
    np.testing.assert_allclose(drawn["floor"].groupby("cell").first(), floors)


def test_claims_come_first_with_their_verdicts_and_figures(gaussian_report, read_page):
    page = read_page(gaussian_report.html)
    rows = page.tables["claims-table"][1:]
    assert len(rows) == 2
    assert rows[0][0][1] in ("holds", "fails", "undecided")
    assert "somewhere, section 1" in rows[0][1][1]
    assert re.search(r"[\d.]+, 95 % interval [\d.]+ to [\d.]+, 3 seeds", rows[0][2][1])
    assert "expected to fail: three seeds tell little" in rows[1][1][1]
    assert page.text.index("Claims") < page.text.index("Last generation") < page.text.index("Curves over generations")
    frame = gaussian_report.tables["claims"]
    assert frame["says"].tolist() == ["replace loses to the control", "mixing does no harm"]
    assert frame["verdict"].tolist() == [row[0][1].split("not as")[0] for row in rows]


@pytest.mark.parametrize("which", ["gaussian_report", "digits_report"])
def test_every_figure_is_on_the_page_with_words_for_those_who_do_not_see_it_and_as_files(which, request, tmp_path):
    made = request.getfixturevalue(which)
    names = [figure.name for figure in made.figures]
    assert names[:2] == ["stability-excess", "stability-slope"]
    assert names[-3:] == ["samples", "rows", "time"]
    assert sum(name.startswith("curves-") for name in names) == 2
    page = made.write(tmp_path / "report")
    assert page.read_text(encoding="utf-8") == made.html
    for figure in made.figures:
        assert f'id="figure-{figure.name}"' in made.html
        assert figure.svg in made.html
        assert len(figure.alt) > 40
        files = tmp_path / "report" / "figures"
        assert (files / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG")
        assert (files / f"{figure.name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert len(pd.read_csv(files / f"{figure.name}.csv")) == len(figure.numbers) > 0
    made.write(tmp_path / "report")  # again, over the older one


def test_theory_lies_beside_the_mean_that_it_speaks_of(make_sweep, run_sweep, gaussian_text, tmp_path):
    sweep = make_sweep(gaussian_text, "metrics=[trace_ratio]", "space={regime: replace}", "control=false")
    run_sweep(sweep, objects := Objects.at(str(tmp_path)))
    made = report(sweep, objects)
    figure = made.figures[0]
    assert figure.name == "curves-trace_ratio"
    np.testing.assert_allclose(figure.numbers["theory"], (1 - 1 / 20) ** np.arange(1, 6))
    table = load_table(sweep, objects)
    np.testing.assert_allclose(figure.numbers["mean"], table.groupby("generation")["trace_ratio"].mean())
    assert "no control" in made.html
    assert 'id="stability-table"' not in made.html


HOSTILE = """<img src=x onerror="alert(1)"> & '$\\\\frac{' {{ 7 * 7 }} </script></svg><script>alert(2)</script>"""
SHORT = r"<b>$\frac{\x&"
PLUG_IN = """
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.regimes.recipe import REAL, Recipe, Take


@dataclass(frozen=True)
class Labelled:
    note: str = ""
    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(REAL, rows),))
"""


def test_hostile_words_are_shown_as_words(make_sweep, run_sweep, gaussian_text, tmp_path, monkeypatch, read_page):
    (tmp_path / "labelled_regime.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    text = (
        f"# {HOSTILE}\n"
        + gaussian_text.split("space:")[0]
        + f"space: {{regime: 'labelled_regime:Labelled', regime.note: [{quoted}, '{SHORT}']}}\nseeds: 3\n"
        + "metrics: [frechet_distance]\n"
        + f"claims:\n  - says: {quoted}\n    source: {quoted}\n    metric: frechet_distance\n"
        + f"    of: {{regime.note: {quoted}}}\n    than: control\n    relation: above\n    for_each: [regime.note]\n"
    )
    sweep, objects = make_sweep(text), Objects.at(str(tmp_path / "store"))
    unit = make_plan(sweep, objects).units[0]
    objects.put(f"sweeps/{sweep.name}/failures/{unit.name}.txt", f"Traceback\nError: {HOSTILE}".encode())
    assert read_page(report(sweep, objects).html).text.count(HOSTILE) >= 4, "the failure, the file, the claim"
    run_sweep(sweep, objects)
    made = report(sweep, objects)
    page = read_page(made.html)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert page.tables["last-table"][1][2][1] == HOSTILE, "the axis"
    assert HOSTILE in page.tables["claims-table"][1][1][1]
    figure = next(one for one in made.figures if one.name == "curves-frechet_distance")
    assert "regime.note " + SHORT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in figure.svg
    assert "…" in figure.svg, "what is too long for a figure is cut there"


EDGES = {
    "one seed": (("seeds=1",), "One seed has no interval"),
    "one generation": (("loop.generations=1",), "3 distinct seeds"),
    "one cell": (("space={regime: replace}", "control=false"), "no control"),
    "control alone": (("space={regime: real_only}",), "control: real rows only"),
    "all diverged": (
        ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]"),
        "Cells with models that diverged",
    ),
    "nothing above 0 on a log scale": (("data.dim=8", "data.rows=5", "metrics=[det_ratio]"), "det_ratio"),
    "nothing above 0 in one panel": (
        ("space={regime: replace, data.dim: [2, 40]}", "metrics=[det_ratio]"),
        "no value above 0",
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_small_and_unlucky_sweeps_have_a_page(edge, make_sweep, run_sweep, gaussian_text, tmp_path):
    overrides, words = EDGES[edge]
    sweep, objects = make_sweep(gaussian_text, *overrides), Objects.at(str(tmp_path))
    run_sweep(sweep, objects)
    made = report(sweep, objects)
    assert words in made.html
    assert "The sweep is complete." in made.html
    assert ">nan<" not in made.html.lower()
    assert ">nan " not in made.html.lower()


def test_a_sweep_that_failed_as_a_whole_says_why(make_sweep, gaussian_text, tmp_path):
    sweep, objects = make_sweep(gaussian_text), Objects.at(str(tmp_path))
    for unit in make_plan(sweep, objects).units:
        name = f"sweeps/{sweep.name}/failures/{unit.name}.txt"
        objects.put(name, b"Traceback (most recent call last):\n  ...\nMemoryError: too large\n")
    made = report(sweep, objects)
    assert made.html.count("MemoryError: too large") == 4
    assert "Nothing is published yet" in made.html
    assert made.figures == ()


def test_half_a_sweep_has_a_page_and_says_how_far_it_is(make_sweep, run_sweep, digits_text, tmp_path, read_page):
    objects = Objects.at(str(tmp_path))
    run_sweep(make_sweep(digits_text, "seeds=1", "loop.generations=1", "space.regime=mix"), objects)
    made = report(make_sweep(digits_text), objects)
    page = read_page(made.html)
    assert "The sweep is not complete: 10 of 36 measured generations are there" in " ".join(page.text.split())
    assert [row[3][1] for row in page.tables["last-table"][1:]] == ["1/2"] * 6
    assert [row[4][1] for row in page.tables["last-table"][1:]] == ["1", "1", "0", "0", "1", "1"]


def test_a_failure_that_was_made_good_is_not_told(make_sweep, gaussian_store, gaussian_report):
    assert "No unit failed, and no model diverged." in gaussian_report.html


def test_what_a_sweep_asks_is_told_wherever_it_is_read_from(make_sweep, gaussian_text, tmp_path, read_page):
    sweep = make_sweep("# Does it\n# hold?\n#\n#     raysc sweep grid.yaml\n" + gaussian_text, "seeds=2")
    folder = tmp_path / "store/sweeps" / sweep.name
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text(written(sweep))
    for place in (str(folder), folder.as_uri()):
        told = read_page(report(*open_sweep(place, None, ())).html).text
        assert "Does it hold?" in told
        assert "With --set seeds=2" in told
