"""The page as a browser shows it, on a desk and on a phone."""

from pathlib import Path

import pytest
from browser import browser, found

from raysc import registry
from raysc.results.report.page import report
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep

pytestmark = pytest.mark.skipif(
    found() is None, reason="no Chromium here; Debian has it: apt-get install --no-install-recommends chromium"
)
SWEEPS = Path(__file__).parents[3] / "sweeps"
SMALL = {
    "quickstart": (
        "loop.generations=2", "loop.budget.steps=4", "seeds=2", "model.width=16", "model.depth=1", "sample.steps=2",
        "data.rows=40", "space.0.initial.steps=[4, 8]", "space.1.initial.steps=[4, 8]",
        "metrics=[{name: frechet_distance, features: pixels}, {name: precision, features: pixels}]",
    ),
    "kazdan2024/gaussian": ("loop.generations=20", "space.data.dim=[1, 3]", "space.data.rows=[10, 32]", "seeds=5"),
}  # fmt: skip
CLAIM = """
claims:
  - {says: replace is worse than accumulate, metric: METRIC, of: {regime: replace}, than: {regime: accumulate},
     relation: above, for_each: [AXES]}
"""
SAID = {
    "quickstart": ("'frechet_distance[pixels]'", "initial.steps"),
    "kazdan2024/gaussian": ("mean_error", "data.dim, data.rows"),
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module", params=list(SMALL))
def page(request, run_sweep, tmp_path_factory):
    """The report of a shipped sweep, reduced, with a claim: its file and what it was made from."""
    folder = tmp_path_factory.mktemp("report")
    metric, axes = SAID[request.param]
    file = folder / "grid.yaml"
    text = (SWEEPS / f"{request.param}.yaml").read_text(encoding="utf-8").partition("\nclaims:")[0]
    file.write_text(text + CLAIM.replace("METRIC", metric).replace("AXES", axes), encoding="utf-8")
    sweep, objects = read_sweep(str(file), SMALL[request.param], registry), Objects.at(str(folder / "store"))
    run_sweep(sweep, objects)
    made = report(sweep, objects)
    return made.write(folder / "report"), made


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_all_of_it_and_has_nothing_to_complain_of(tab, page, width, tmp_path):
    file, made = page
    tab.open(file, width)
    assert tab.complaints() == []
    own, *others = tab.requests()
    assert own == file.as_uri()
    assert all(address.startswith("data:") for address in others), "no request leaves the page"
    assert tab.ask("document.querySelectorAll('#claims-table tbody tr').length") == 1
    assert tab.ask("document.querySelector('#claims-table .verdict').innerText") in ("holds", "fails", "undecided")
    for figure in made.figures:
        drawn = f"document.querySelector('#figure-{figure.name} svg').getBoundingClientRect()"
        assert tab.ask(f"{drawn}.width") > 200
        assert tab.ask(f"{drawn}.height") > 80
        assert tab.ask(f"document.querySelectorAll('#figure-{figure.name} svg path').length") > 5
    assert tab.ask("document.documentElement.scrollWidth") == width, "nothing sticks out at the side"
    tab.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
