"""``initial.from``: a stored model in place of generation 0's training."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.execution.records import stored_rows
from raysc.machine.content_cache import empty_content_caches
from raysc.models import pretrained
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train
from raysc.store.objects import Objects
from raysc.store.spans import published_spans
from tests.conftest import MakeSweep, RunSweep
from tests.edm_pickles import EDMPrecond, contents, song_unet, write_pickle
from tests.neural_states import equal_states, equal_tensors

SEED_0 = Streams((0,), 0)
TEXT = """\
name: pretrained
data: {name: digits, rows: 24}
model: {name: ddpm, network: unet, channels: 8}
initial: {from: FOLDER}
loop: {generations: 1, budget: {steps: 2}}
sample: {steps: 2, rows: 24}
train: {batch: 8}
space: {regime: replace}
metrics: [{name: frechet_distance, features: pixels}]
control: false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model of another size than the sweep's: the folder determines the size."""
    family = Ddpm(network="unet", channels=8, res_blocks=2)
    family.save(family.initial((1, 8, 8), Streams((7,), 0)), tmp_path / "model", training_state=False)
    return tmp_path / "model"


def test_generation_0_is_the_stored_model(
    folder: Path, tmp_path: Path, make_sweep: MakeSweep, run_sweep: RunSweep
) -> None:
    sweep = make_sweep(TEXT.replace("FOLDER", str(folder)))
    validate(resolve(sweep))
    objects = Objects.open(str(tmp_path / "store"))
    run_sweep(sweep, objects)
    assert not make_plan(resolve(sweep), objects).units
    (cell,) = resolve(sweep).cells
    assert cell.keys.generation_zero is not None
    (spans,) = published_spans(objects)[cell.keys.generation_zero.rows].values()
    (span,) = spans
    rows = stored_rows(span.read_manifest(objects), 0)
    assert rows is not None
    family = Ddpm(network="unet", channels=8)
    expected = family.sample(family.load(folder), 0, 24, Sample(steps=2), Streams((0,), 0))
    np.testing.assert_array_equal(rows.load(), expected)


def test_a_stored_model_guides_the_samples_of_later_generations(
    folder: Path, tmp_path: Path, make_sweep: MakeSweep, run_sweep: RunSweep
) -> None:
    sweep = make_sweep(TEXT.replace("FOLDER", str(folder)), "loop.sample.guide={weight: 0.0, of: weights}")
    validate(resolve(sweep))
    objects = Objects.open(str(tmp_path / "store"))
    run_sweep(sweep, objects)
    (cell,) = resolve(sweep).cells
    ((span,),) = published_spans(objects)[cell.keys.lineage].values()
    rows = stored_rows(span.read_manifest(objects), 1)
    assert rows is not None
    family = Ddpm(network="unet", channels=8)
    # Weight 0: generation 0's model samples.
    expected = family.sample(family.load(folder), 0, 24, Sample(steps=2), Streams((0,), 1))
    np.testing.assert_allclose(rows.load(), expected, atol=1e-5)


def test_the_key_contains_the_model_and_not_its_path(folder: Path, tmp_path: Path, make_sweep: MakeSweep) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    texts = [TEXT.replace("FOLDER", str(path)) for path in (folder, tmp_path / "copy")]
    original, copied = (resolve(make_sweep(text)).cells[0].keys for text in texts)
    assert original == copied
    empty_content_caches()
    weights = tmp_path / "copy/unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert resolve(make_sweep(texts[1])).cells[0].keys.lineage != original.lineage


def test_a_folder_without_subfolders_loads_too(folder: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    shutil.copytree(folder / "unet", flat)
    shutil.copy(folder / "model_index.json", flat)
    shutil.copy(folder / "scheduler/scheduler_config.json", flat)
    family = Ddpm(network="unet", channels=8)
    flat_state, state = family.load(flat), family.load(folder)
    assert all((flat_state.ema[name] == state.ema[name]).all() for name in state.ema)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model={name: flow_matching, network: unet}", "scheduler has _class_name: DDIMScheduler"),
        ("data=eight_gaussians", "initial.from: only models of images can be loaded"),
    ],
)
def test_models_of_another_kind_are_refused(folder: Path, make_sweep: MakeSweep, override: str, message: str) -> None:
    sweep = make_sweep(TEXT.replace("FOLDER", str(folder)), override, "metrics=[recall]")
    with pytest.raises(InputError, match=message):
        validate(resolve(sweep))


def test_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    family = FlowMatching(network="unet", channels=8)
    family.save(family.initial((1, 8, 8), Streams((0,), 0)), tmp_path, training_state=False)
    with pytest.raises(InputError, match=r"models images of shape \(1, 8, 8\), the data have \(3, 8, 8\)"):
        pretrained.PretrainedFamily(family, str(tmp_path)).initial((3, 8, 8), Streams((0,), 0))


def test_a_source_is_a_folder_or_a_hub_id(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"initial\.from: there is no folder .*, and no model on the hub can have that"
    ):
        pretrained.local_model(str(tmp_path / "missing"))


def test_a_public_checkpoint_is_generation_0_and_its_contents_are_in_the_key(
    tmp_path: Path, make_sweep: MakeSweep, training_set: Callable[[np.ndarray], TrainingSet]
) -> None:
    path = write_pickle(contents(EDMPrecond(song_unet())), tmp_path / "network.pkl")
    family = Edm(network="ddpmpp", channels=4)
    state = pretrained.PretrainedFamily(family, str(path)).initial((3, 8, 8), SEED_0)
    rows = training_set(np.zeros((8, 3, 8, 8), np.uint8))
    trained = family.fit(rows, state, range(1), Train(batch=4, augmentation=0.5, dropout=0.1), SEED_0)
    assert not trained.diverged
    assert trained.state.config == state.config
    family.save(trained.state, tmp_path / "state", training_state=True)
    assert equal_states(family.load(tmp_path / "state"), trained.state)
    with pytest.raises(InputError, match=r"models images of shape \(3, 8, 8\), the data have \(3, 32, 32\)"):
        pretrained.PretrainedFamily(family, str(path)).initial((3, 32, 32), SEED_0)
    with pytest.raises(InputError, match=r"holds a network of kind ddpmpp; set model\.network to it"):
        Edm(network="unet", channels=8).load(path)
    with pytest.raises(InputError, match=r"network\.pkl: its scheduler has"):
        Ddpm(network="ddpmpp", channels=4).load(path)

    original = pretrained.content_hash(str(path))
    renamed = path.rename(tmp_path / "renamed.pkl")
    assert pretrained.content_hash(str(renamed)) == original
    empty_content_caches()
    renamed.write_bytes(renamed.read_bytes() + b"x")
    assert pretrained.content_hash(str(renamed)) != original


def test_a_file_that_is_absent_or_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"initial\.from: there is no file .*absent\.pkl; download it, or train"):
        pretrained.local_model(str(tmp_path / "absent.pkl"))
    (tmp_path / "text.pkl").write_text("hello")
    with pytest.raises(InputError, match=r"text\.pkl is refused as a checkpoint: its pickle"):
        Edm(network="ddpmpp", channels=4).load(tmp_path / "text.pkl")


@pytest.mark.parametrize(
    ("ema", "sampled", "averaged"),
    [(None, "raw", "raw"), (Ema(half_life=1), "ema", "ema"), (Ema(half_life=1, samples=False), "raw", "ema")],
)
def test_generation_0_samples_from_raw_or_averaged_weights_as_training_would(
    public_checkpoints: Path, ema: Ema | None, sampled: str, averaged: str
) -> None:
    family = pretrained.PretrainedFamily(Ddpm(network="unet", channels=8), str(public_checkpoints / "cifar10_1000.pt"))
    state = family.initial((3, 32, 32), SEED_0)
    generation_0 = family.fit(cast(TrainingSet, None), state, range(0), Train(ema=ema), SEED_0).state
    weights = {"raw": state.weights, "ema": state.ema}
    assert not equal_tensors(state.weights, state.ema)
    assert equal_tensors(generation_0.ema, weights[sampled])
    assert equal_tensors(generation_0.averaged_weights, weights[averaged])
    assert generation_0.moments.keys() == state.moments.keys()
