"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest

from raysc import catalogue
from raysc.checks import check
from raysc.loop import Rules
from raysc.plan import make_plan
from raysc.regimes.recipe import REAL, synthetic
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_sweep_file_of_the_readme_can_be_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "window.py").write_text(blocks("python")[0])
    assert len(blocks("yaml")) == 2
    for text in blocks("yaml"):
        (tmp_path / "grid.yaml").write_text(text)
        sweep = read_sweep("grid.yaml", (), catalogue)
        plan = make_plan(sweep, Objects.at(str(tmp_path / "store")))
        check(sweep, plan.lines)
        assert plan.loop


def test_the_regime_of_the_readme_gives_the_rows_that_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "window.py").write_text(blocks("python")[0])
    (tmp_path / "grid.yaml").write_text(blocks("yaml")[1])
    plan = make_plan(read_sweep("grid.yaml", (), catalogue), Objects.at(str(tmp_path / "store")))
    rules: Rules = next(line.rules for line in plan.lines if line.cell.regime.name == "window:Window")
    taken = {take.source: take.count for take in rules.recipe(4).takes}
    assert taken == {REAL: 50, synthetic(2): 50, synthetic(3): 50}


@pytest.mark.usefixtures("image_files")
def test_every_shipped_sweep_file_can_be_planned_and_opens_with_its_command(tmp_path: Path) -> None:
    files = sorted((ROOT / "sweeps").rglob("*.yaml"))
    assert files
    for file in files:
        assert f"raysc sweep sweeps/{file.relative_to(ROOT / 'sweeps')}" in file.read_text()
        sweep = read_sweep(str(file), (), catalogue)
        check(sweep, make_plan(sweep, Objects.at(str(tmp_path))).lines)


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://arxiv.org/") or (ROOT / target).exists(), target


def test_only_the_cluster_room_imports_ray() -> None:
    importing = re.compile(r"^\s*(import ray\b|from ray\b(?!sc))", re.MULTILINE)
    files = [path for path in (ROOT / "raysc").rglob("*.py") if importing.search(path.read_text())]
    assert files
    assert {path.parent.name for path in files} == {"cluster"}
