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
        assert tab.evaluate(f"{box}.height") > 50
        assert tab.evaluate(f"document.querySelectorAll('#figure-{figure.name} svg path').length") > 5
    assert tab.evaluate("document.documentElement.scrollWidth") == width, "the page fits into the window"
    forest = "document.querySelector('#figure-claims-forest .view')"
    assert tab.evaluate(f"{forest}.scrollWidth <= {forest}.clientWidth"), "the forest plot needs no scrolling"
    tab.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000


@pytest.fixture
def headline(tab: Browser, page: tuple[Path, Report]) -> Browser:
    """The tab with the page, and ``headline``: the figure at the top."""
    file, report = page
    tab.open(file, 1280)
    tab.evaluate(f"var headline = document.querySelector('#figure-{report.figures[0].name}')")
    return tab


def test_the_pointer_shows_the_value_of_a_mark(headline: Browser, page: tuple[Path, Report]) -> None:
    points = page[1].figures[0].views[0].points
    x, y, _, _ = points[-1]
    texts = [text for other_x, other_y, text, _ in points if abs(other_x - x) + abs(other_y - y) < 0.5]
    script = f"""(() => {{
      const svg = headline.querySelector("svg"), at = new DOMPoint({x}, {y}).matrixTransform(svg.getScreenCTM());
      svg.dispatchEvent(new PointerEvent("pointermove", {{clientX: at.x, clientY: at.y}}));
      return document.querySelector(".tip:not([hidden])")?.textContent;
    }})()"""
    assert headline.evaluate(script) in texts
    assert headline.console_errors() == []


def test_a_click_on_the_legend_hides_a_curve_and_shows_it_again(headline: Browser) -> None:
    hidden = "[...headline.querySelectorAll('[data-curve=\"0\"]')].every((e) => getComputedStyle(e).display === 'none')"
    click = "headline.querySelector('[data-legend=\"0\"][role=button]').dispatchEvent(new MouseEvent('click'))"
    assert headline.evaluate("headline.querySelectorAll('[data-curve=\"0\"]').length") > 1
    assert headline.evaluate(hidden) is False
    headline.evaluate(click)
    assert headline.evaluate(hidden) is True
    headline.evaluate(click)
    assert headline.evaluate(hidden) is False
    assert headline.console_errors() == []


def test_a_button_switches_between_logarithmic_and_linear(headline: Browser) -> None:
    shown = "headline.querySelector('.view:not([hidden])').dataset.scale"
    assert headline.evaluate(shown) == "log"
    headline.evaluate("headline.querySelector('button').click()")
    assert headline.evaluate(shown) == "linear"
    assert headline.evaluate("headline.querySelector('button').textContent") == "Switch to log scale"


def test_tables_are_sorted_by_their_numbers(headline: Browser) -> None:
    column = """(() => {
      const table = document.querySelector("#last-table");
      const names = [...table.tHead.rows[0].cells].map((head) => head.textContent);
      const index = names.indexOf("generation") + 1;
      table.tHead.rows[0].cells[index].click();
      return [...table.tBodies[0].rows].map((row) => row.cells[index].querySelector("data")?.value);
    })()"""
    numbers = [float(value) for value in headline.evaluate(column) if value]
    assert len(numbers) > 2
    assert numbers == sorted(numbers)


def test_figures_are_turned_over_in_dark_mode_and_not_on_paper(headline: Browser) -> None:
    filters = "[...document.querySelectorAll('figure svg')].map((svg) => getComputedStyle(svg).filter)"
    assert set(headline.evaluate(filters)) == {"none"}
    headline.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert set(headline.evaluate(filters)) == {"invert(1) hue-rotate(180deg)"}
    headline.call("Emulation.setEmulatedMedia", media="print")
    assert set(headline.evaluate(filters)) == {"none"}, "paper is white"
    headline.call("Emulation.setEmulatedMedia", media="", features=[])
