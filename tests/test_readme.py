"""Every example of the README works as it is printed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.loop import Rules
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.pool.tokens import _parsed
from raysc.regimes.recipe import REAL, synthetic
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

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
        sweep = read_sweep("grid.yaml", (), registry)
        plan = make_plan(resolve(sweep), Objects.open(str(tmp_path / "store")))
        validate(resolve(sweep))
        assert plan.loop


def test_the_regime_of_the_readme_gives_the_rows_that_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "window.py").write_text(blocks("python")[0])
    (tmp_path / "grid.yaml").write_text(blocks("yaml")[1])
    plan = make_plan(resolve(read_sweep("grid.yaml", (), registry)), Objects.open(str(tmp_path / "store")))
    rules: Rules = next(cell.rules for cell in plan.cells if cell.settings.regime.name == "window:Window")
    taken = {take.source: take.count for take in rules.recipe(4).takes}
    assert taken == {REAL: 50, synthetic(2): 50, synthetic(3): 50}


def test_the_regime_of_the_readme_passes_the_tests_that_the_readme_gives_it(tmp_path: Path) -> None:
    regime, _, tests, *_ = blocks("python")
    (tmp_path / "window.py").write_text(regime)
    (tmp_path / "test_window.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_window.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "11 passed" in run.stdout


def test_the_chooser_of_the_readme_keeps_the_samples_that_are_nearest_to_real_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_sweep: Callable[[Sweep, Objects], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "verified.py").write_text(blocks("python")[1])
    (tmp_path / "grid.yaml").write_text(blocks("yaml")[1].replace("window:Window", "verified:Verified"))
    sweep = read_sweep("grid.yaml", ("loop.generations=2", "space.regime='verified:Verified'"), registry)
    objects = Objects.open(str(tmp_path / "store"))
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


def test_without_the_optional_libraries_a_text_sweep_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    _parsed.cache_clear()
    file = ROOT / "sweeps/kazdan2024/pretrain_tinystories_small.yaml"
    sweep = read_sweep(str(file), (), registry)
    with pytest.raises(InputError, match=r"needs tokenizers, which is not installed; run: pip install 'raysc\[text\]'"):
        make_plan(resolve(sweep), Objects.open(str(tmp_path)))
    digits = read_sweep(str(ROOT / "sweeps/quickstart.yaml"), (), registry)
    assert make_plan(resolve(digits), Objects.open(str(tmp_path))).loop


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://arxiv.org/") or (ROOT / target).exists(), target
