"""Shipped sweeps: each can be planned; corner cells run, with few seeds and generations and networks hardly trained."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML
from sklearn.datasets import make_moons
from sklearn.neighbors import KernelDensity

from raysc import registry
from raysc.datasets.text.tokenizer import train_tokenizer
from raysc.libraries.optional import text_library
from raysc.models.training.lr_schedule import learning_rate
from raysc.planning.plan import make_plan
from raysc.planning.resolved import measured_generations, resolve
from raysc.planning.validation import validate
from raysc.results.claims.judging import judge_claims
from raysc.results.table.columns import main_columns
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent / "sweeps"
SEEDS, GENERATIONS = (0, 1, 2), 12
PAPERS = ("kazdan2024", "bertrand2023", "theory")


FILES = sorted(ROOT.rglob("*.yaml"))


def named(files: list[Path]) -> list[object]:
    return [pytest.param(file, id=str(file.relative_to(ROOT))) for file in files]


def plain(file: Path) -> dict[str, Any]:
    """Read a file as YAML alone: the data of some files are absent before ``image_files`` makes them."""
    values: dict[str, Any] = YAML(typ="safe").load(file)
    return values


def closed_form(file: Path) -> bool:
    """Return True without a budget of training; by the text, since each process that collects tests asks it of all."""
    return re.search(r"^[^#]*\bbudget[\w.]*\s*:", file.read_text(encoding="utf-8"), re.MULTILINE) is None


def small_trained(file: Path) -> bool:
    return file.parent.name == "bertrand2023" and file.stem.endswith("_small")


def corners(sweep: Sweep) -> Sweep:
    """The cells that have the smallest or largest value of every numeric axis, and all of the others.

    Of coupled models all cells: one cannot run without those that it reads.
    """
    ends = {}
    for axis in sweep.cells[0].axes:
        values = [cell.axes[axis] for cell in sweep.cells if cell.axes[axis] is not None]
        if values and all(isinstance(value, int | float) for value in values):
            ends[axis] = {min(values), max(values), None}
    if sweep.cells[0].coupling is not None:
        ends = {}
    cells = [cell for cell in sweep.cells if all(cell.axes[axis] in own for axis, own in ends.items())]
    generations = min(GENERATIONS, sweep.generations)
    measure = sweep.measure if isinstance(sweep.measure, str) else (0, generations)
    return replace(
        sweep, cells=tuple(cells), claims=(), seeds=SEEDS, generations=generations, measure=measure, control="none"
    )


@pytest.mark.usefixtures("image_files")
@pytest.mark.parametrize("file", named(FILES))
def test_a_sweep_opens_with_its_command_and_can_be_planned_and_judged(file: Path, tmp_path: Path) -> None:
    assert f"raysc sweep sweeps/{file.relative_to(ROOT)}" in file.read_text()
    sweep = read_sweep(str(file), small_stand_ins(file, tmp_path), registry)
    objects = Objects.open(str(tmp_path / "store"))
    plan = make_plan(resolve(sweep), objects)
    validate(resolve(sweep))
    assert plan.loop
    judged = judge_claims(resolve(sweep), load_table(resolve(sweep), objects))
    assert len(judged) == len(sweep.claims)
    assert {one.verdict for one in judged} <= {"undecided"}, "nothing was run"


# Of a retraining in Bertrand et al. 2023 and in the code that theirs calls: rows a step, learning rate there is at its
# start and end, dropout, mirrored, augmentation, gradient norm, what the average keeps in a step, optimiser and start.
RETRAINING = {
    "cifar10_otcfm": (128, 2e-4, 2e-4, 0.1, False, 0.0, 1.0, 0.9999, "carried", "raw"),
    "cifar10_ddpm": (128, 2e-4, 2e-4, 0.1, True, 0.0, 1.0, 0.9999, "carried", "raw"),
    "cifar10_iddpm": (128, 2e-4, 2e-4, 0.1, True, 0.0, 1.0, 0.9999, "carried", "raw"),
    "cifar10_edm": (256, 0.0, 5e-6, 0.13, False, 0.12, None, 0.5 ** (256 / 5e5), "reset", "ema"),
    "ffhq64_edm": (256, 0.0, 1.4e-6, 0.05, False, 0.15, None, 0.5 ** (256 / 5e5), "reset", "ema"),
}


@pytest.mark.usefixtures("image_files")
@pytest.mark.parametrize("name", RETRAINING)
def test_images_at_full_size_are_retrained_as_in_the_paper(name: str, tmp_path: Path) -> None:
    file = ROOT / "bertrand2023" / f"{name}.yaml"
    for cell in read_sweep(str(file), small_stand_ins(file, tmp_path), registry).cells:
        train, before = cell.loop_train, cell.initial.steps or 390_000  # a checkpoint has taken as many steps
        rows = plain(file)["loop"]["budget"].get("rows_seen", 50000)
        steps = rows // train.batch
        rates = [learning_rate(train, step, steps, before) for step in (0, steps)]
        average = None if train.ema is None else train.ema.decay(0, train.batch)
        found = [train.dropout, train.flips, train.augmentation, train.clip, average]
        batch, *expected_rates, dropout, flips, augmentation, clip, decay, optimizer_state, start = RETRAINING[name]
        assert train.batch == batch
        assert rates == pytest.approx(expected_rates, rel=2e-2)
        assert found == [dropout, flips, augmentation, clip, None if decay is None else pytest.approx(decay, abs=1e-7)]
        assert [train.optimizer_state, train.start_weights] == [optimizer_state, start]
        assert cell.loop_sample.latents == ("repeated" if "edm" in name else "fresh")


@pytest.mark.parametrize("file", named([file for file in FILES if file.parent.name in PAPERS]))
def test_the_sweeps_of_papers_make_claims(file: Path) -> None:
    assert plain(file)["claims"]


@pytest.mark.parametrize("file", named([file for file in FILES if closed_form(file)]))
def test_the_corner_cells_of_a_closed_form_sweep_run(
    file: Path, run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path
) -> None:
    sweep = corners(read_sweep(str(file), (), registry))
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert len(table) == len(sweep.cells) * len(SEEDS) * len(measured_generations(sweep))
    assert not table["diverged"].any()
    for column in main_columns(sweep):
        assert not np.isnan(table[column.name]).any(), column.name


MOONS_NLL = {10: 2.4, 100: 0.73}
"""Of Kazdan et al. 2024: rows -> mean negative log likelihood of generation 0 on moons, width 0.1, to two digits."""


def test_density_estimates_of_moons_score_as_in_the_paper(
    run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path
) -> None:
    sweep = read_sweep(str(ROOT / "kazdan2024" / "kde.yaml"), (), registry)
    chosen = {"data.name": "moons", "model.bandwidth": 0.1, "regime": "replace"}
    cells = [
        cell for cell in sweep.cells if chosen.items() <= cell.axes.items() and cell.axes["data.rows"] in MOONS_NLL
    ]
    sweep = replace(sweep, cells=tuple(cells), claims=(), measure=(0, 99))
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects).set_index(["generation", "data.rows"])["nll"]
    for rows, expected in MOONS_NLL.items():
        scores = table[0, rows]
        assert len(scores) == 100
        assert scores.mean() == pytest.approx(expected, rel=0.01 + 4 * scores.sem() / expected)
    scores, expected_scores = np.log(table[99, 100]), np.log([nll_after_100_fits(seed) for seed in range(40)])
    error = np.hypot(scores.sem(), np.std(expected_scores) / np.sqrt(40))
    assert scores.mean() == pytest.approx(expected_scores.mean(), abs=4 * error)


def nll_after_100_fits(seed: int) -> float:
    """Compute the paper's score under replace with scikit-learn, of 100 rows of moons and width 0.1."""
    generator = np.random.RandomState(seed)
    rows, _ = make_moons(100, noise=0.05, random_state=generator)
    held_out, _ = make_moons(500, noise=0.05, random_state=generator)
    for _ in range(99):
        rows = KernelDensity(bandwidth=0.1).fit(rows).sample(100, random_state=generator)
    return float(-KernelDensity(bandwidth=0.1).fit(rows).score(held_out) / 500)


@pytest.mark.parametrize("file", named([file for file in FILES if small_trained(file)]))
def test_the_corner_cells_of_a_small_trained_sweep_run(
    file: Path, run_sweep: Callable[[Sweep, Objects], None], tmp_path: Path
) -> None:
    (budget,) = plain(file)["loop"]["budget"]
    less = ["data.rows=24", "train.batch=8", f"loop.budget.{budget}={2 if budget == 'epochs' else 16}", "claims=[]"]
    for number, block in enumerate(plain(file)["space"]):
        less += [f"space.{number}.initial.steps=[2]"]
        less += [f"space.{number}.loop.budget.{budget}=16"] if f"loop.budget.{budget}" in block else []
    if plain(file).get("sample", {}).get("sampler") == "dopri5":
        less += ["sample.rtol=0.1", "sample.atol=0.1"]
    if "digits" in str(plain(file)["data"]):
        less += ["metrics=[{name: frechet_distance, features: pixels}]"]  # of the others a classifier must be trained
    sweep = replace(corners(read_sweep(str(file), less, registry)), seeds=(0,), generations=2)
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert len(table) == len(sweep.cells) * 3
    assert not table["diverged"].any()
    for column in main_columns(sweep):
        assert not np.isnan(table[column.name]).any(), column.name


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
    transformers = text_library("transformers", "a stand-in")
    transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)).save_pretrained(place)
    train_tokenizer(["How are you?"], 300).save(place)
    return place
