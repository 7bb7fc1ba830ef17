"""What the README shows works as it stands there."""

import json
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import transformers

from raysc import catalogue
from raysc.checks import check
from raysc.datasets.tokenizing import trained_tokenizer
from raysc.errors import InputError
from raysc.loop import Rules
from raysc.plan import make_plan
from raysc.pool.tokens import _parsed
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


def test_every_shipped_sweep_file_can_be_planned_and_opens_with_its_command(tmp_path: Path) -> None:
    files = sorted((ROOT / "sweeps").rglob("*.yaml"))
    assert files
    for file in files:
        assert f"raysc sweep sweeps/{file.relative_to(ROOT / 'sweeps')}" in file.read_text()
        sweep = read_sweep(str(file), small_stand_ins(file, tmp_path), catalogue)
        check(sweep, make_plan(sweep, Objects.at(str(tmp_path / "store"))).lines)


def small_stand_ins(file: Path, folder: Path) -> list[str]:
    """Overrides that put small local files in the place of what a sweep file fetches from the hub."""
    text = file.read_text()
    changes = []
    if "name: helpsteer2," in text:
        changes += [f"data.path={stand_in_data(folder)}"]
    if "name: tinystories," in text:
        changes += [f"data.path={stand_in_data(folder)}", "data.rows=4"]
    if "google/gemma-2-2b" in text:
        changes += [f"{key}={stand_in_model(folder)}" for key in ("model.base", "data.tokenizer")]
    return changes


def stand_in_data(folder: Path) -> Path:
    place = folder / "data"
    place.mkdir(exist_ok=True)
    for split, rows in (("train", 12531), ("validation", 5)):
        record = json.dumps({"prompt": "How are you?", "response": "Well."})
        (place / f"{split}.jsonl").write_text(f"{record}\n" * rows)
        pq.write_table(pa.table({"text": ["Once there was a fox."] * 5}), place / f"{split}-0.parquet")
    return place


def stand_in_model(folder: Path) -> Path:
    place = folder / "model"
    sizes = {
        "vocab_size": 300,
        "n_positions": 512,
        "n_embd": 4,
        "n_layer": 1,
        "n_head": 1,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)).save_pretrained(place)
    trained_tokenizer(["How are you?"], 300).save(place)
    return place


def test_without_the_optional_libraries_a_text_sweep_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    _parsed.cache_clear()
    file = ROOT / "sweeps/kazdan2024/pretrain_tinystories_small.yaml"
    sweep = read_sweep(str(file), (), catalogue)
    with pytest.raises(InputError, match=r"needs tokenizers, which is not installed; run: pip install 'raysc\[text\]'"):
        make_plan(sweep, Objects.at(str(tmp_path)))
    digits = read_sweep(str(ROOT / "sweeps/quickstart.yaml"), (), catalogue)
    assert make_plan(digits, Objects.at(str(tmp_path))).loop


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://arxiv.org/") or (ROOT / target).exists(), target


def test_only_the_cluster_room_imports_ray() -> None:
    importing = re.compile(r"^\s*(import ray\b|from ray\b(?!sc))", re.MULTILINE)
    files = [path for path in (ROOT / "raysc").rglob("*.py") if importing.search(path.read_text())]
    assert files
    assert {path.parent.name for path in files} == {"cluster"}
