"""The page in a browser, in the widths of a screen and of a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raysc import registry
from raysc.planning.resolved import resolve
from raysc.results.report.page import Report, report
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep
from tests.browser import Browser, browser, browser_path
from tests.conftest import RunSweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        browser_path() is None, reason="no Chromium; on Debian: apt-get install --no-install-recommends chromium"
    ),
]
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
CLAIM_SETTINGS = {
    "quickstart": ("'frechet_distance[pixels]'", "initial.steps"),
    "kazdan2024/gaussian": ("mean_error", "data.dim, data.rows"),
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture(scope="module", params=list(SMALL))
def page(
    request: pytest.FixtureRequest,
    run_sweep: RunSweep,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Report]:
    """The file of a report and the report, of a shipped sweep that is reduced and has one claim."""
    folder = tmp_path_factory.mktemp("report")
    metric, axes = CLAIM_SETTINGS[request.param]
    file = folder / "grid.yaml"
    text = (SWEEPS / f"{request.param}.yaml").read_text(encoding="utf-8").partition("\nclaims:")[0]
    file.write_text(text + CLAIM.replace("METRIC", metric).replace("AXES", axes), encoding="utf-8")
    sweep, objects = read_sweep(str(file), SMALL[request.param], registry), Objects.open(str(folder / "store"))
    run_sweep(sweep, objects)
    page = report(resolve(sweep), objects)
    return page.write(folder / "report"), page


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_whole_page_without_errors(
    tab: Browser, page: tuple[Path, Report], width: int, tmp_path: Path
) -> None:
    file, report = page
    tab.open(file, width)
    assert tab.console_errors() == []
    first, *other = tab.requests()
    assert first == file.as_uri()
    assert all(url.startswith("data:") for url in other), "no request leaves the page"
    assert tab.evaluate("document.querySelectorAll('#claims-table tbody tr').length") == 1
    verdict = tab.evaluate("document.querySelector('#claims-table .verdict').innerText")
    assert verdict in ("holds", "fails", "undecided")
    for figure in report.figures:
        box = f"document.querySelector('#figure-{figure.name} svg').getBoundingClientRect()"
        assert tab.evaluate(f"{box}.width") > 200
        assert tab.evaluate(f"{box}.height") > 80
        assert tab.evaluate(f"document.querySelectorAll('#figure-{figure.name} svg path').length") > 5
    assert tab.evaluate("document.documentElement.scrollWidth") == width, "the page fits into the window"
    tab.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
