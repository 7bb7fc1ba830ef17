"""Packs of seeds: equal to each seed alone, and unaffected by a seed that diverges."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.models.autoencoders.vae import Vae
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.models.neural.state import State
from raysc.models.packing import needs_packs, packs_seeds, supports_packing
from raysc.models.training import loop
from raysc.models.training.batches import Batches
from raysc.models.training.coupling import Coupling, optimal_transport
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams, stream
from raysc.settings import Ema, Sample, Train
from tests.neural_states import assert_close, equal_states

TRAIN = Train(batch=32, clip=1.0, ema=Ema(half_life=5), schedule="cosine")
PACK, SINGLE = Streams((0, 1, 2, 3), 0), Streams((2,), 0)
FLOW, COUPLED_FLOW = FlowMatching(width=32), FlowMatching(width=32, coupling="optimal_transport")
IMAGE = (1, 8, 8)
DDPM, NORMALIZING_FLOW, VAE = Ddpm(width=32), NormalizingFlow(width=16, bins=4), Vae(latent_dim=2, width=16)
families = pytest.mark.parametrize(
    "family",
    [FLOW, COUPLED_FLOW, DDPM, NORMALIZING_FLOW, VAE],
    ids=["flow_matching", "ot", "ddpm", "normalizing_flow", "vae"],
)


def training_set(rows: np.ndarray) -> TrainingSet:
    """Rows (seeds, count, 2) as the training set of a pack."""
    return TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))


def eight_gaussians(seeds: tuple[int, ...]) -> TrainingSet:
    return training_set(EightGaussians(rows=200).train(seeds))


def seed_of(state: State, number: int) -> State:
    """One seed of a pack, without the seed axis."""

    def select(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value if name.endswith("/step") else value[number] for name, value in tensors.items()}

    return State(state.config, select(state.weights), select(state.ema), select(state.moments))


def assert_close_weights(first: State, second: State, atol: float) -> None:
    assert_close(first.weights, second.weights, atol)
    assert_close(first.ema, second.ema, atol)


@families
def test_a_seed_in_a_pack_equals_the_seed_alone_up_to_rounding(family: TrainedFamily) -> None:
    pack = family.fit(eight_gaussians(PACK.seeds), family.initial((2,), PACK), range(12), TRAIN, PACK)
    single = family.fit(eight_gaussians((2,)), family.initial((2,), SINGLE), range(12), TRAIN, SINGLE)
    assert_close_weights(seed_of(pack.state, 2), seed_of(single.state, 0), atol=2e-5)
    assert np.asarray(pack.loss)[2] == pytest.approx(np.asarray(single.loss)[0], rel=1e-4)
    pack_rows = family.sample(pack.state, 250, 300, Sample(), PACK)
    rows = family.sample(single.state, 250, 300, Sample(), SINGLE)
    assert pack_rows.shape == (4, 300, 2)
    assert pack_rows.dtype == np.float32
    np.testing.assert_allclose(pack_rows[2], rows[0], rtol=1e-5, atol=2e-3)
    assert np.abs(pack_rows[2] - pack_rows[1]).max() > 0.1


@pytest.mark.parametrize(
    ("family", "coupling"),
    [(FLOW, None), (COUPLED_FLOW, optimal_transport), (DDPM, None)],
    ids=["flow_matching", "ot", "ddpm"],
)
def test_a_pack_trains_as_accelerate_trains_each_seed(family: FlowMatching | Ddpm, coupling: Coupling | None) -> None:
    train = TRAIN.model_copy(update={"warmup": 0.5})
    pack = family.fit(eight_gaussians(PACK.seeds), family.initial((2,), PACK), range(12), train, PACK).state
    start = family.initial((2,), PACK).map_tensors(lambda tensor: tensor[2:3])
    batches = partial(Batches, coupling=coupling)
    rows = eight_gaussians((2,))
    single = loop.fit(family.loss, rows, start, range(12), train, SINGLE, make_batches=batches).state
    assert_close_weights(seed_of(pack, 2), seed_of(single, 0), atol=1e-5)


@families
def test_training_in_two_parts_equals_training_in_one(family: TrainedFamily) -> None:
    start, rows = family.initial((2,), PACK), eight_gaussians(PACK.seeds)
    whole = family.fit(rows, start, range(9), TRAIN, PACK)
    half = family.fit(rows, start, range(4), TRAIN, PACK, 9)
    rest = family.fit(rows, half.state, range(4, 9), TRAIN, PACK)
    assert equal_states(rest.state, whole.state)
    assert not np.any(whole.diverged)


def test_the_optimiser_state_is_carried_or_reset() -> None:
    rows = eight_gaussians(PACK.seeds)
    start = FLOW.fit(rows, FLOW.initial((2,), PACK), range(5), TRAIN, PACK).state

    def fit(state: State, optimizer_state: str) -> Tensor:
        train = TRAIN.model_copy(update={"optimizer_state": optimizer_state})
        weights: Tensor = FLOW.fit(rows, state, range(3), train, Streams(PACK.seeds, 1)).state.weights["first.weight"]
        return weights

    assert torch.equal(fit(start, "reset"), fit(replace(start, moments={}), "carried"))
    assert not torch.equal(fit(start, "reset"), fit(start, "carried"))


@families
def test_a_seed_that_diverges_does_not_affect_the_rest(family: TrainedFamily) -> None:
    rows = EightGaussians(rows=200).train(PACK.seeds)
    broken = rows.copy()
    broken[1, 17] = np.nan
    start = family.initial((2,), PACK)
    train = TRAIN.model_copy(update={"batch": 200})
    result = family.fit(training_set(broken), start, range(4), train, PACK)
    expected = family.fit(training_set(rows), start, range(4), train, PACK)
    assert np.asarray(result.diverged).tolist() == [False, True, False, False]
    assert not np.any(expected.diverged)
    for number in (0, 2, 3):
        assert_close_weights(seed_of(result.state, number), seed_of(expected.state, number), atol=1e-6)
    sample = Sample() if family is NORMALIZING_FLOW else Sample(steps=2)
    assert np.isfinite(family.sample(result.state, 0, 256, sample, PACK)[[0, 2, 3]]).all()


def test_training_ends_when_every_seed_has_diverged() -> None:
    rows = training_set(np.full((4, 64, 2), np.nan, np.float32))
    result = FLOW.fit(rows, FLOW.initial((2,), PACK), range(500), TRAIN, PACK)
    assert np.all(result.diverged)
    assert result.state.moments["last.bias/step"].item() == loop.CHECK_EVERY


@families
def test_a_saved_pack_is_loaded_bit_for_bit(family: TrainedFamily, tmp_path: Path) -> None:
    state = family.fit(eight_gaussians(PACK.seeds), family.initial((2,), PACK), range(3), TRAIN, PACK).state
    family.save(state, tmp_path, training_state=True)
    loaded = family.load(tmp_path)
    assert loaded.config == state.config
    assert loaded.seeds == 4
    assert equal_states(loaded, state)


@pytest.mark.parametrize("event", [(2,), IMAGE])
def test_files_without_a_seed_axis_are_packs_of_one(event: tuple[int, ...], tmp_path: Path) -> None:
    """Files from before such networks were packs have no seed axis and no number of seeds."""
    rows = images((2,)) if event == IMAGE else eight_gaussians((2,))
    state = FLOW.fit(rows, FLOW.initial(event, SINGLE), range(3), TRAIN, SINGLE).state
    FLOW.save(state, tmp_path, training_state=True)
    for name in ("model", "training_state"):
        file = tmp_path / f"{name}.safetensors"
        tensors = {key: value if key.endswith("/step") else value[0] for key, value in load_file(file).items()}
        save_file({key: value.contiguous() for key, value in tensors.items()}, file)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config.pop("seeds") == 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded = FLOW.load(tmp_path)
    assert loaded.seeds == 1
    first, second = (FLOW.fit(rows, start, range(3, 5), TRAIN, SINGLE).state for start in (state, loaded))
    assert equal_states(first, second)


def images(seeds: tuple[int, ...]) -> TrainingSet:
    return training_set(np.stack([stream(seed, 0, "data").integers(0, 256, (40, *IMAGE), np.uint8) for seed in seeds]))


@pytest.mark.parametrize("family", [FLOW, Ddpm(width=32), Edm(width=32)], ids=["flow_matching", "ddpm", "edm"])
def test_a_seed_of_images_is_the_same_in_every_pack_up_to_rounding(family: TrainedFamily) -> None:
    pack = family.fit(images(PACK.seeds), family.initial(IMAGE, PACK), range(8), TRAIN, PACK)
    rows = family.sample(pack.state, 10, 30, Sample(steps=3), PACK)
    assert rows.shape == (4, 30, *IMAGE)
    assert rows.dtype == np.uint8
    for seeds in ((2,), (3, 2)):
        streams = Streams(seeds, 0)
        fitted = family.fit(images(seeds), family.initial(IMAGE, streams), range(8), TRAIN, streams)
        number = seeds.index(2)
        assert_close_weights(seed_of(fitted.state, number), seed_of(pack.state, 2), atol=1e-5)
        sampled = family.sample(fitted.state, 10, 30, Sample(steps=3), streams)[number]
        assert np.abs(sampled.astype(int) - rows[2].astype(int)).max() <= 1


def test_a_pack_of_images_trains_as_accelerate_trains_each_seed() -> None:
    start = FLOW.initial(IMAGE, SINGLE)
    fits = [FLOW.fit(images((2,)), start, range(8), TRAIN, SINGLE).state]
    fits.append(FLOW.fit(images((2,)), start, range(8), TRAIN.model_copy(update={"micro_batch": 16}), SINGLE).state)
    assert_close_weights(fits[0], fits[1], atol=1e-5)


def test_an_image_seed_that_diverges_does_not_affect_the_rest() -> None:
    start = FLOW.initial(IMAGE, PACK)
    poison = torch.tensor([0.0, torch.inf, 0.0, 0.0])
    broken = start.map_tensors(lambda tensor: tensor + poison.view(-1, *[1] * (tensor.ndim - 1)))
    results = [FLOW.fit(images(PACK.seeds), state, range(4), TRAIN, PACK) for state in (start, broken)]
    assert np.asarray(results[1].diverged).tolist() == [False, True, False, False]
    healthy, rows = (FLOW.sample(result.state, 0, 10, Sample(steps=2), PACK) for result in results)
    assert not rows[1].any(), "black images"
    np.testing.assert_array_equal(rows[[0, 2, 3]], healthy[[0, 2, 3]])


def test_points_and_small_perceptrons_of_images_train_in_packs() -> None:
    assert supports_packing(FlowMatching(), (2,))
    assert supports_packing(FlowMatching(), IMAGE)
    assert not supports_packing(FlowMatching(width=1024), IMAGE)
    assert not supports_packing(FlowMatching(network="unet"), IMAGE)
    assert needs_packs(FlowMatching(), (2,))
    assert not needs_packs(FlowMatching(), IMAGE)
    for settings, workers, packed in (({}, 1, True), ({}, 2, False), ({"flips": True}, 1, False)):
        assert packs_seeds(FlowMatching(), IMAGE, (TRAIN.model_copy(update=settings),), workers) == packed
    with pytest.raises(InputError, match="normalizing_flow models points"):
        NormalizingFlow().check((1, 8, 8))
