"""The documentation: it builds without warnings, has every key of the sweep file, and its examples work as printed."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.settings import Initial, Keep, Resources, Sample, Train, Until
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep
from raysc.sweepfile.claims import ClaimEntry
from raysc.sweepfile.schema import LoopSection, SweepFile
from tests.command_line import RAYSC

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
VERIFIED = """
data: {name: gaussian, dim: 2, rows: 50}
model: gaussian
loop: {generations: 2}
space: {regime: "verified:Verified"}
seeds: 20
metrics: [frechet_distance]
"""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def run(command: list[str], folder: Path) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{shlex.join(command)}: {ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", f"{folder}/trees", str(DOCS), str(folder)],
        DOCS,
    )
    return folder


def test_every_page_is_built_without_warnings(site: Path) -> None:
    assert {page.with_suffix(".html").name for page in PAGES} <= {page.name for page in site.glob("*.html")}


def test_every_key_of_the_sweep_file_is_in_the_reference(site: Path) -> None:
    page = (site / "reference/sweep-file.html").read_text(encoding="utf-8")
    for section in (SweepFile, LoopSection, Initial, Train, Sample, Keep, Resources, Until):
        for key in (info.alias or name for name, info in section.model_fields.items()):
            assert f'<span class="pre">{key}</span>' in page, key
    claims = (site / "reference/claims.html").read_text(encoding="utf-8")
    assert all(f'<span class="pre">{key}</span>' in claims for key in ClaimEntry.model_fields)


def test_every_component_is_in_the_reference(site: Path) -> None:
    pages = {"data": "data-sets", "model": "models", "regime": "regimes", "curation": "curations", "metric": "metrics"}
    for kind in registry.REGISTRIES:
        page = (site / f"reference/{pages[kind]}.html").read_text(encoding="utf-8")
        for name in registry.names(kind):
            assert f'<span class="pre">{name}</span>' in page, name


@pytest.mark.ray
def test_the_tutorial_works_as_printed(tmp_path: Path) -> None:
    (text,) = blocks("tutorial.md", "yaml")
    (tmp_path / "variance.yaml").write_text(text)
    output = ""
    for command in "".join(blocks("tutorial.md", "sh")).splitlines():
        program, *arguments = shlex.split(command)
        assert program == "raysc"
        output += run([*RAYSC, *arguments], tmp_path)
    assert "4 cells x 40 seeds x 30 generations" in output
    assert "holds" in output
    assert (tmp_path / "variance-report" / "index.html").exists() or list((tmp_path / "variance-report").glob("*.html"))


@pytest.mark.ray
def test_the_plug_ins_work_as_printed(tmp_path: Path) -> None:
    (sweep,) = blocks("plugins.md", "yaml")
    *plugins, tests = blocks("plugins.md", "python")
    (tmp_path / "own.yaml").write_text(sweep)
    for name, text in zip(("window", "verified", "typical", "square", "uniform", "area"), plugins, strict=True):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "test_own.py").write_text(tests)
    assert " passed" in run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_own.py"], tmp_path)
    assert "5 cells x 5 seeds x 5 generations" in run([*RAYSC, "sweep", "own.yaml"], tmp_path)


def test_the_hooks_select_correct_weigh_and_redraw_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "verified.py").write_text(blocks("plugins.md", "python")[1])
    (tmp_path / "grid.yaml").write_text(VERIFIED)
    sweep, objects = read_sweep("grid.yaml", (), registry), Objects.open(str(tmp_path / "store"))
    real_take, take = make_plan(resolve(sweep), objects).cells[0].rules.recipe(2).takes
    assert (real_take.count, real_take.weight, real_take.redraw) == (5, 2.0, 2)
    assert (take.count, take.among) == (50, 100)
    assert take.choose is not None
    candidates, real = np.array([[9.0], [2.1], [5.5], [1.0]]), np.array([[1.0], [2.0], [6.0]])
    assert take.choose(candidates, real, 2, np.random.default_rng(0)).tolist() == [3, 1]
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects).query("regime != 'real_only' and generation > 0")
    assert len(table) == 2 * 20
    assert (table["rows_synthetic"] == 50).all()


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (DOCS / target).exists(), f"{page.name}: {target}"
