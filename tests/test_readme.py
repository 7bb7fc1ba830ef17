"""Every example of the README works as it is printed."""

import re
import sys
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
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


TYPICAL = """
data: {name: gaussian, dim: 1, rows: 50}
model: gaussian
loop: {generations: 5}
space: {regime: mix, lambda: 1.0, curation: "typical:Typical"}
metrics: [frechet_distance]
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_sweep_file_of_the_readme_can_be_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("yaml")
    (tmp_path / "grid.yaml").write_text(text)
    sweep = read_sweep("grid.yaml", (), registry)
    plan = make_plan(resolve(sweep), Objects.open(str(tmp_path / "store")))
    validate(resolve(sweep))
    assert plan.loop


def test_the_curation_of_the_readme_keeps_the_rows_that_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "typical.py").write_text(blocks("python")[0])
    (tmp_path / "grid.yaml").write_text(TYPICAL)
    plan = make_plan(resolve(read_sweep("grid.yaml", (), registry)), Objects.open(str(tmp_path / "store")))
    rules: Rules = next(cell.rules for cell in plan.cells if cell.settings.curation.name == "typical:Typical")
    real, samples = rules.recipe(4).takes
    assert (real.source, real.count, samples.source, samples.count) == (REAL, 50, synthetic(3), 50)
    assert samples.among == 100
    assert samples.choose is not None
    candidates, generator = np.array([[9.0], [1.0], [-8.0], [0.5]]), np.random.default_rng(0)
    assert set(samples.choose(candidates, np.zeros((2, 1)), 2, generator)) == {1, 3}


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
