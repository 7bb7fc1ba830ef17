import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from raysc.planning.open_sweep import open_sweep
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.report.page import Report, report
from raysc.results.thresholds.answers import threshold_text
from raysc.store.objects import Objects
from raysc.sweepfile.yaml_writer import sweep_yaml
from tests.conftest import MakeSweep, RunSweep
from tests.results.report.conftest import ReadPage
from tests.results.thresholds.test_rounds import SEARCH, search

pytestmark = pytest.mark.slow


def words(text: str) -> str:
    """Return a text with single spaces."""
    return " ".join(text.split())


def test_the_page_loads_nothing_and_its_ids_are_unique(digits_report: Report, read_page: ReadPage) -> None:
    page = read_page(digits_report.html)
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "audio", "video", "img")
        for name in ("src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
        if tag == "a":
            assert (attributes["href"] or "").startswith(("#", "figures/"))
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "url(http" not in digits_report.html
    (script,) = re.findall(r"<script>(.*?)</script>", digits_report.html, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in digits_report.html
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:url\(#|xlink:href="#)([^")]+)', digits_report.html)
    assert references
    assert set(references) <= set(ids)


def test_every_link_to_a_section_has_its_section(gaussian_report: Report, read_page: ReadPage) -> None:
    tags = read_page(gaussian_report.html).tags
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    assert {link for link in links if link.startswith("#")} == {
        f"#{attributes['id']}" for tag, attributes in tags if tag == "section"
    }


@pytest.mark.parametrize("fixture", ["gaussian_report", "digits_report"])
def test_every_figure_is_on_the_page_with_a_description_and_in_files(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    page: Report = request.getfixturevalue(fixture)
    names = [figure.name for figure in page.figures if figure.name != "claims-forest"]
    assert names[0].startswith("curves-"), "the headline"
    assert names[1:3] == ["stability-excess", "stability-slope"]
    assert names[-3:] == ["samples", "rows", "time"]
    assert sum(name.startswith("curves-") for name in names) == 2
    file = page.write(tmp_path / "report")
    assert file.read_text(encoding="utf-8") == page.html
    for figure in page.figures:
        assert f'id="figure-{figure.name}"' in page.html
        assert figure.svg in page.html
        assert len(figure.alt) > 40
        files = tmp_path / "report" / "figures"
        assert (files / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG")
        assert (files / f"{figure.name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert len(pd.read_csv(files / f"{figure.name}.csv")) == len(figure.numbers) > 0
    page.write(tmp_path / "report")  # replaces the files of the first report


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


def test_hostile_text_is_escaped(
    make_sweep: MakeSweep,
    run_sweep: RunSweep,
    gaussian_text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_page: ReadPage,
) -> None:
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
    sweep, objects = make_sweep(text), Objects.open(str(tmp_path / "store"))
    unit = make_plan(resolve(sweep), objects).units[0]
    objects.put(f"sweeps/{sweep.name}/failures/{unit.name}.txt", f"Traceback\nError: {HOSTILE}".encode())
    assert read_page(report(resolve(sweep), objects).html).text.count(HOSTILE) >= 4, "the failure, the file, the claim"
    run_sweep(sweep, objects)
    finished = report(resolve(sweep), objects)
    page = read_page(finished.html)
    assert [tag for tag, _ in page.tags if tag in ("script", "img")] == ["script"], "the page's own"
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert page.tables["last-table"][1][2][1] == HOSTILE, "the axis"
    assert HOSTILE in page.tables["claims-table"][1][1][1]
    figure = next(figure for figure in finished.figures if figure.name == "curves-frechet_distance")
    assert "regime.note " + SHORT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in figure.svg
    assert "…" in figure.svg, "a label that is too long for a figure is cut"


EDGES = {
    "one seed": (("seeds=1",), "One seed has no interval"),
    "one generation": (("loop.generations=1",), "3 distinct seeds"),
    "one cell": (("space={regime: replace}", "control=false"), "no control"),
    "only the control": (("space={regime: real_only}",), "control: real rows only"),
    "all diverged": (
        ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]"),
        "<h3>Diverged seeds</h3>",
    ),
    "nothing above 0 on a log scale": (("data.dim=8", "data.rows=5", "metrics=[det_ratio]"), "det_ratio"),
    "nothing above 0 in one panel": (
        ("space={regime: replace, data.dim: [2, 40]}", "metrics=[det_ratio]"),
        "no value above 0",
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases_have_a_page(
    edge: str, make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    overrides, expected = EDGES[edge]
    sweep, objects = make_sweep(gaussian_text, *overrides), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    html = report(resolve(sweep), objects).html
    assert expected in html
    assert "The sweep is complete." in html
    assert ">nan<" not in html.lower()
    assert ">nan " not in html.lower()


def test_a_sweep_without_results_lists_its_failures(make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path) -> None:
    sweep, objects = make_sweep(gaussian_text), Objects.open(str(tmp_path))
    for unit in make_plan(resolve(sweep), objects).units:
        name = f"sweeps/{sweep.name}/failures/{unit.name}.txt"
        objects.put(name, b"Traceback (most recent call last):\n  ...\nMemoryError: too large\n")
    page = report(resolve(sweep), objects)
    assert page.html.count("MemoryError: too large") == 4
    assert "Nothing is published yet" in page.html
    assert page.figures == ()
    for sentence in ("There are no results to draw yet.", "There are no samples yet.", "No time was recorded."):
        assert sentence in page.html


def test_an_unfinished_sweep_has_a_page_with_its_progress(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, read_page: ReadPage
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(digits_text, "seeds=1", "loop.generations=1", "space.regime=mix"), objects)
    page = read_page(report(resolve(make_sweep(digits_text)), objects).html)
    assert "The sweep is not complete: 10 of 36 measured generations" in words(page.text)
    assert [row[3][1] for row in page.tables["last-table"][1:]] == ["1/2"] * 6
    assert [row[4][1] for row in page.tables["last-table"][1:]] == ["1", "1", "0", "0", "1", "1"]


def test_the_result_stands_first_in_one_sentence(gaussian_report: Report, read_page: ReadPage) -> None:
    text = words(read_page(gaussian_report.html).text)
    assert re.search(
        r"At generation 4, frechet_distance is [\d.]+ \[.*?\] times the control's for replace, lambda 1", text
    )
    assert text.index("times the control's") < text.index("Claims")


def test_the_answers_of_a_search_stand_first(make_sweep: MakeSweep, tmp_path: Path, read_page: ReadPage) -> None:
    objects = Objects.open(tmp_path)
    state = search(make_sweep(SEARCH), objects)
    text = words(read_page(report(state.resolved, objects).html).text)
    answers = " ".join(f"{threshold_text('lambda', answer)}." for answer in state.searches)
    assert answers.startswith("sample.covariance_scale 1: lambda: none up to 16; ")
    assert 0 < text.index(answers) < text.index("Threshold of lambda") < text.rindex("Collapse profile")


def test_without_failures_the_page_says_so(gaussian_report: Report) -> None:
    assert "No unit failed, and no model diverged." in gaussian_report.html


def test_the_introduction_is_read_from_the_store_too(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path, read_page: ReadPage
) -> None:
    sweep = make_sweep("# Does it\n# hold?\n#\n#     raysc sweep grid.yaml\n" + gaussian_text, "seeds=2")
    folder = tmp_path / "store/sweeps" / sweep.name
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text(sweep_yaml(sweep))
    for source in (str(folder), folder.as_uri()):
        copy, objects = open_sweep(source, None, ())
        text = read_page(report(resolve(copy), objects).html).text
        assert "Does it hold?" in text
        assert "With --set seeds=2" in text


def test_the_profile_is_a_table(gaussian_report: Report, read_page: ReadPage) -> None:
    page = read_page(gaussian_report.html)
    assert [*page.tables][:2] == ["claims-table", "profile-table"]
    rows = page.tables["profile-table"][1:]
    assert [row[0][1] for row in rows] == ["replace", "mix", "mix"]
    assert len(rows[0]) == 2 + 4, "two axes, and the definitions that frechet_distance and feature_variance serve"
    assert all(words(row[2][1]).split()[0] in ("collapses", "does", "undecided") for row in rows)
    assert "modes: modes of the data are lost; not measured: add recall" in words(page.text)
    assert len(gaussian_report.tables["profile"]) == 3 * 8
