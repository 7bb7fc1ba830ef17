"""Packs of seeds: the same as each seed alone, and one that diverges harms nobody else."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from raysc.datasets.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.family import in_packs
from raysc.models.flows import flow_matching
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.models.neural.state import State
from raysc.models.training import loop
from raysc.models.training.batches import Batches
from raysc.models.training.coupling import optimal_transport
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

TRAIN = Train(batch=32, clip=1.0, ema=Ema(half_life=5), schedule="cosine")
PACK, ALONE = Streams((0, 1, 2, 3), 0), Streams((2,), 0)
FAMILIES = [
    FlowMatching(width=32),
    FlowMatching(width=32, coupling="optimal_transport"),
    Ddpm(width=32),
    NormalizingFlow(width=16, bins=4),
]
names = pytest.mark.parametrize("family", FAMILIES, ids=["flow_matching", "ot", "ddpm", "normalizing_flow"])


def rows_of(seeds: tuple[int, ...], rows: np.ndarray | None = None) -> TrainingSet:
    drawn = EightGaussians(rows=200).train(seeds) if rows is None else rows
    return TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, drawn),)),))


def seed_of(state: State, number: int) -> State:
    """One seed of a pack, without the axis."""

    def own(tensors):
        return {name: value if name.endswith("/step") else value[number] for name, value in tensors.items()}

    return State(state.config, own(state.weights), own(state.ema), own(state.moments))


def assert_close(one: State, other: State, atol: float) -> None:
    for group in ("weights", "ema"):
        ours, theirs = getattr(one, group), getattr(other, group)
        assert ours.keys() == theirs.keys()
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=atol)


@names
def test_a_seed_in_a_pack_is_the_seed_alone_but_for_rounding(family):
    pack = family.fit(rows_of(PACK.seeds), family.initial((2,), PACK), range(12), TRAIN, PACK)
    alone = family.fit(rows_of((2,)), family.initial((2,), ALONE), range(12), TRAIN, ALONE)
    assert_close(seed_of(pack.state, 2), seed_of(alone.state, 0), atol=2e-5)
    assert pack.loss[2] == pytest.approx(alone.loss[0], rel=1e-4)
    together = family.sample(pack.state, 250, 300, Sample(), PACK)
    by_itself = family.sample(alone.state, 250, 300, Sample(), ALONE)
    assert together.shape == (4, 300, 2)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together[2], by_itself[0], atol=2e-3)
    assert np.abs(together[2] - together[1]).max() > 0.1


@pytest.mark.parametrize(
    ("family", "loss", "coupling"),
    [
        (FAMILIES[0], flow_matching._loss, None),
        (FAMILIES[1], flow_matching._loss, optimal_transport),
        (FAMILIES[2], FAMILIES[2]._loss, None),
    ],
    ids=["flow_matching", "ot", "ddpm"],
)
def test_a_pack_trains_as_accelerate_trains_each_seed(family, loss, coupling):
    train = TRAIN.model_copy(update={"warmup": 0.5})
    pack = family.fit(rows_of(PACK.seeds), family.initial((2,), PACK), range(12), train, PACK).state
    start = seed_of(family.initial((2,), PACK), 2)
    batches = partial(Batches, coupling=coupling)
    lone = loop.fit(loss, rows_of((2,)), start, range(12), train, ALONE, batches_of=batches).state
    assert_close(seed_of(pack, 2), lone, atol=1e-5)


@names
def test_training_in_two_parts_equals_training_in_one(family):
    start = family.initial((2,), PACK)
    whole = family.fit(rows_of(PACK.seeds), start, range(9), TRAIN, PACK)
    half = family.fit(rows_of(PACK.seeds), start, range(4), TRAIN, PACK, 9)
    rest = family.fit(rows_of(PACK.seeds), half.state, range(4, 9), TRAIN, PACK)
    for group in ("weights", "ema", "moments"):
        ours, theirs = getattr(rest.state, group), getattr(whole.state, group)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not whole.diverged.any()


def test_the_optimiser_state_is_carried_or_reset():
    family = FAMILIES[0]
    start = family.fit(rows_of(PACK.seeds), family.initial((2,), PACK), range(5), TRAIN, PACK).state
    following = Streams(PACK.seeds, 1)

    def fit(state, how):
        train = TRAIN.model_copy(update={"optimizer_state": how})
        return family.fit(rows_of(PACK.seeds), state, range(3), train, following).state.weights["first.weight"]

    assert torch.equal(fit(start, "reset"), fit(replace(start, moments={}), "carried"))
    assert not torch.equal(fit(start, "reset"), fit(start, "carried"))


@names
def test_a_seed_that_diverges_leaves_the_others_as_they_are(family):
    rows = EightGaussians(rows=200).train(PACK.seeds)
    broken = rows.copy()
    broken[1, 17] = np.nan
    start = family.initial((2,), PACK)
    train = TRAIN.model_copy(update={"batch": 200})
    fitted = family.fit(rows_of(PACK.seeds, broken), start, range(4), train, PACK)
    calm = family.fit(rows_of(PACK.seeds, rows), start, range(4), train, PACK)
    assert fitted.diverged.tolist() == [False, True, False, False]
    assert not calm.diverged.any()
    for number in (0, 2, 3):
        assert_close(seed_of(fitted.state, number), seed_of(calm.state, number), atol=1e-6)
    drawn = family.sample(fitted.state, 0, 256, Sample(steps=2) if family is not FAMILIES[3] else Sample(), PACK)
    assert np.isfinite(drawn[[0, 2, 3]]).all()


def test_training_ends_when_every_seed_has_diverged():
    family = FAMILIES[0]
    rows = np.full((4, 64, 2), np.nan, np.float32)
    fitted = family.fit(rows_of(PACK.seeds, rows), family.initial((2,), PACK), range(500), TRAIN, PACK)
    assert fitted.diverged.all()
    assert fitted.state.moments["last.bias/step"].item() == loop.CHECK_EVERY


@names
def test_a_pack_comes_back_from_its_files_to_the_last_bit(family, tmp_path):
    state = family.fit(rows_of(PACK.seeds), family.initial((2,), PACK), range(3), TRAIN, PACK).state
    family.save(state, tmp_path, training_state=True)
    back = family.load(tmp_path)
    assert back.config == state.config
    assert back.seeds == 4
    for group in ("weights", "ema", "moments"):
        ours, theirs = getattr(back, group), getattr(state, group)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_files_from_before_packs_are_packs_of_one(tmp_path):
    family = FAMILIES[0]
    state = family.fit(rows_of((2,)), family.initial((2,), ALONE), range(3), TRAIN, ALONE).state
    family.save(state, tmp_path, training_state=True)
    for name in ("model", "training_state"):
        file = tmp_path / f"{name}.safetensors"
        alone = {key: value if key.endswith("/step") else value[0] for key, value in load_file(file).items()}
        save_file({key: value.contiguous() for key, value in alone.items()}, file)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config.pop("seeds") == 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    back = family.load(tmp_path)
    assert back.seeds == 1
    rest = [family.fit(rows_of((2,)), one, range(3, 5), TRAIN, ALONE).state for one in (state, back)]
    assert all(torch.equal(rest[0].weights[name], rest[1].weights[name]) for name in state.weights)


def test_points_train_in_packs_and_images_do_not():
    assert in_packs(FlowMatching(), (2,))
    assert not in_packs(FlowMatching(), (1, 8, 8))
    with pytest.raises(InputError, match="normalizing_flow models points"):
        NormalizingFlow().check((1, 8, 8))


def test_settings_that_packs_do_not_go_by_are_refused():
    for family in FAMILIES:
        with pytest.raises(InputError, match=r"train\.precision: networks of points train in plain float32"):
            family.check_settings((2,), Train(precision="bf16"), Sample())
    FlowMatching().check_settings((1, 8, 8), Train(precision="bf16"), Sample())
