"""``initial.from``: a stored model in the place of generation 0's training."""

import shutil

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.execution.records import stored_rows
from raysc.models import pretrained
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training.process_state import reset_process_state
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.rng import Streams
from raysc.settings import Sample
from raysc.store.objects import Objects
from raysc.store.spans import published_spans

TEXT = """\
name: loaded
data: {name: digits, rows: 24}
model: {name: ddpm, network: unet, channels: 8}
initial: {from: PLACE}
loop: {generations: 1, budget: {steps: 2}}
sample: {steps: 2, rows: 24}
train: {batch: 8}
space: {regime: replace}
metrics: [{name: frechet_distance, features: pixels}]
control: false
"""


@pytest.fixture(autouse=True)
def forget():
    yield
    reset_process_state()


@pytest.fixture
def folder(tmp_path):
    family = Ddpm(network="unet", channels=8, res_blocks=2)  # another size than the sweep's: the folder's counts
    family.save(family.initial((1, 8, 8), Streams((7,), 0)), tmp_path / "model", training_state=False)
    return tmp_path / "model"


def test_generation_0_is_the_stored_model(folder, tmp_path, make_sweep, run_sweep):
    sweep = make_sweep(TEXT.replace("PLACE", str(folder)))
    validate(resolve(sweep))
    objects = Objects.open(str(tmp_path / "store"))
    run_sweep(sweep, objects)
    assert not make_plan(resolve(sweep), objects).units
    (line,) = resolve(sweep).cells
    assert line.keys.generation_zero is not None
    ((zero,),) = published_spans(objects)[line.keys.generation_zero.rows].values()
    drawn = stored_rows(zero.read_manifest(objects), 0).load()
    family = Ddpm(network="unet", channels=8)
    expected = family.sample(family.load(folder), 0, 24, Sample(steps=2), Streams((0,), 0))
    np.testing.assert_array_equal(drawn, expected)


def test_the_key_goes_by_what_the_model_is_and_not_by_where_it_lies(folder, tmp_path, make_sweep):
    shutil.copytree(folder, tmp_path / "copy")
    texts = [TEXT.replace("PLACE", str(place)) for place in (folder, tmp_path / "copy")]
    first, second = (resolve(make_sweep(text)).cells[0].keys for text in texts)
    assert first == second
    pretrained.content_hash.cache_clear()
    weights = tmp_path / "copy/unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert resolve(make_sweep(texts[1])).cells[0].keys.lineage != first.lineage


def test_a_folder_with_everything_at_its_top_is_read_too(folder, tmp_path):
    flat = tmp_path / "flat"
    shutil.copytree(folder / "unet", flat)
    shutil.copy(folder / "model_index.json", flat)
    shutil.copy(folder / "scheduler/scheduler_config.json", flat)
    family = Ddpm(network="unet", channels=8)
    one, other = family.load(flat), family.load(folder)
    assert all((one.ema[name] == other.ema[name]).all() for name in other.ema)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model={name: flow_matching, network: unet}", "scheduler has _class_name: DDIMScheduler"),
        ("data=eight_gaussians", "initial.from: only models of images can be loaded"),
    ],
)
def test_models_of_another_kind_are_refused(folder, make_sweep, change, words):
    sweep = make_sweep(TEXT.replace("PLACE", str(folder)), change, "metrics=[recall]")
    with pytest.raises(InputError, match=words):
        validate(resolve(sweep))


def test_images_of_another_shape_are_refused(tmp_path):
    family = FlowMatching(network="unet", channels=8)
    family.save(family.initial((1, 8, 8), Streams((0,), 0)), tmp_path, training_state=False)
    with pytest.raises(InputError, match=r"models images of shape \(1, 8, 8\), the data have \(3, 8, 8\)"):
        pretrained.PretrainedFamily(family, str(tmp_path)).initial((3, 8, 8), Streams((0,), 0))


def test_neither_a_folder_nor_a_hub_id(tmp_path):
    with pytest.raises(
        InputError, match=r"initial\.from: there is no folder .*, and no model on the hub can have that"
    ):
        pretrained.local_folder(str(tmp_path / "missing"))
