"""EDM's augmentation: its images and labels, and sampling without it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raysc.datasets.images.digits import Digits
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import with_weights
from raysc.models.networks.network import predict
from raysc.models.neural.augmentation_embedding import LAYER, sampling_network, with_augmentation_embedding
from raysc.models.training import augmentation
from raysc.models.training.batches import Batches
from raysc.models.training.coupling import Coupling, drawn_optimal_transport, optimal_transport
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train
from tests.neural_states import MakeTrainingSet, equal_states

CPU = torch.device("cpu")
IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
UNET = Edm(network="unet", channels=8)
TRAIN = Train(batch=16, augmentation=0.5, ema=Ema(half_life=3))
SIDE = 32


def parameters(count: int = 1, /, **values: float | Sequence[int]) -> np.ndarray:
    """Augmentation parameters of images, 0 unless given by name: ``a3=1.5``."""
    array = np.zeros((count, 8))
    for name, value in values.items():
        array[:, int(name[1])] = value
    return array


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))


def wave(right: np.ndarray, down: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A smooth image that continues beyond its edges as its mirror image; positions in pixels."""
    x, y = np.pi * right / (side - 1), np.pi * down / (side - 1)
    values: np.ndarray = np.cos(x) + 0.7 * np.cos(2 * y) + 0.5 * np.cos(3 * x) * np.cos(2 * y)
    return values


def wave_image(side: int = SIDE) -> Tensor:
    down, right = np.mgrid[:side, :side]
    return torch.from_numpy(wave(right, down, side).astype(np.float32))[None, None]


def mapped_wave(matrix: np.ndarray) -> np.ndarray:
    """The image after a forward map (3, 3) of homogeneous positions about its centre."""
    centre = np.eye(3)
    centre[:2, 2] = (SIDE - 1) / 2
    down, right = np.mgrid[:SIDE, :SIDE]
    positions = np.stack([right.ravel(), down.ravel(), np.ones(SIDE**2)])
    right, down, _ = np.linalg.inv(centre @ matrix @ np.linalg.inv(centre)) @ positions
    return wave(right, down).reshape(SIDE, SIDE)


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def scaling(right: float, down: float) -> np.ndarray:
    return np.diag([right, down, 1.0])


def translation(right: float, down: float) -> np.ndarray:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1.0]])


def test_the_filter_is_orthonormal_to_its_even_shifts_and_smooth() -> None:
    taps = np.array(augmentation.SYM6)
    shifted = [taps[2 * shift :] @ taps[: len(taps) - 2 * shift] for shift in range(6)]
    np.testing.assert_allclose(shifted, [1, 0, 0, 0, 0, 0], atol=1e-11)
    assert taps.sum() == pytest.approx(np.sqrt(2))
    moments = [(taps * (-1.0) ** np.arange(12) * np.arange(12) ** power).sum() for power in range(6)]
    np.testing.assert_allclose(moments, 0, atol=1e-6)


def test_flips_are_exact() -> None:
    images = noise(3, 2, 5, 6)
    left_to_right = augmentation.augment(images, parameters(3, a0=[1, 0, 1]))
    np.testing.assert_array_equal(left_to_right[[0, 2]], np.flip(images.numpy()[[0, 2]], 3))
    assert torch.equal(left_to_right[1], images[1])
    top_to_bottom = augmentation.augment(images, parameters(3, a1=1))
    np.testing.assert_array_equal(top_to_bottom, np.flip(images.numpy(), 2))


def test_resampling_by_the_identity_changes_nothing() -> None:
    images, identity = noise(2, 3, 7, 12), np.array([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    np.testing.assert_allclose(augmentation._resample(images, identity), images, atol=2e-5)


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -5), (-2, 4), (13, -11)])
def test_translations_by_whole_pixels_copy_pixels(right: int, down: int) -> None:
    images = noise(2, 3, 10, 16)
    result = augmentation.augment(images, parameters(2, a6=8 * right / 16, a7=8 * down / 10))
    # beyond the edges the mirror image, and beyond it the mirror image of the mirror image
    pads = ((0, 0), (0, 0), (abs(down),) * 2, (abs(right),) * 2)
    mirrored = np.pad(images.numpy(), pads, mode="reflect")
    top, left = abs(down) - down, abs(right) - right
    np.testing.assert_allclose(result, mirrored[:, :, top : top + 10, left : left + 16], atol=2e-5)


@pytest.mark.parametrize("side", [32, 33])
def test_quarter_turns_are_those_of_numpy(side: int) -> None:
    images = wave_image(side)
    for quarters in (1, 2, -1):
        result = augmentation.augment(images, parameters(a3=quarters * np.pi / 2))
        np.testing.assert_allclose(result[0, 0], np.rot90(images[0, 0], quarters), atol=0.01)


@pytest.mark.parametrize(
    ("values", "matrix"),
    [
        ({"a2": 2.5}, scaling(2**0.5, 2**0.5)),
        ({"a2": -5}, scaling(0.5, 0.5)),
        ({"a3": 0.7}, rotation(-0.7)),
        ({"a5": 1.5}, scaling(2**0.3, 2**-0.3)),
        ({"a4": 0.6, "a5": -2}, rotation(0.6) @ scaling(2**-0.4, 2**0.4) @ rotation(-0.6)),
        ({"a6": 0.31, "a7": -0.83}, translation(0.31 * SIDE / 8, -0.83 * SIDE / 8)),
        (
            {"a2": 1, "a3": -2, "a4": 2.5, "a5": 1, "a6": 1.1, "a7": 0.4},
            translation(1.1 * SIDE / 8, 0.4 * SIDE / 8)
            @ rotation(2.5) @ scaling(2**0.2, 2**-0.2) @ rotation(-2.5) @ rotation(2) @ scaling(2**0.2, 2**0.2),
        ),
    ],
    ids=["larger", "smaller", "rotation", "stretch", "diagonal stretch", "translation", "all"],
)  # fmt: skip
def test_each_parameter_maps_the_image_by_its_matrix(values: dict[str, float], matrix: np.ndarray) -> None:
    result = augmentation.augment(wave_image(), parameters(**values))[0, 0].numpy()
    np.testing.assert_allclose(result, mapped_wave(matrix), atol=0.015)
    assert np.abs(result - wave_image()[0, 0].numpy()).max() > 0.3


def test_parameters_have_their_probabilities_and_spreads() -> None:
    a = augmentation.draw_parameters(0.25, 20_000, np.random.default_rng(0)).T
    assert set(a[0]) == set(a[1]) == {0, 1}
    groups = [a[1], a[2], a[3], a[5], a[6]]
    expected = [0.125, 0.25, 0.25, 0.25, 0.25]
    np.testing.assert_allclose([(group != 0).mean() for group in groups], expected, atol=0.015)
    assert a[0].mean() == pytest.approx(0.5, abs=0.015)
    assert ((a[6] != 0) == (a[7] != 0)).all()
    for normal in (a[2], a[5], a[6], a[7]):
        assert normal[normal != 0].std() == pytest.approx(1, abs=0.05)
    assert np.abs(a[3]).max() == pytest.approx(np.pi, abs=0.01)
    assert (a[4][a[5] == 0] == 0).all()
    assert (a[4][a[5] != 0] != 0).mean() == pytest.approx(0.5, abs=0.03)
    correlations = np.corrcoef([group != 0 for group in groups])[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 0.03


def test_at_probability_0_images_are_only_flipped_left_to_right() -> None:
    a = augmentation.draw_parameters(0.0, 100, np.random.default_rng(0))
    assert (a[:, 1:] == 0).all()
    assert 30 < a[:, 0].sum() < 70


def test_labels_are_those_of_the_paper() -> None:
    a = augmentation.draw_parameters(0.6, 50, np.random.default_rng(0))
    for row, labels in zip(a, augmentation.augment_labels(a), strict=True):
        a0, a1, a2, a3, a4, a5, a6, a7 = row
        expected = [a0, a1, a2, np.cos(a3) - 1, np.sin(a3), a5 * np.cos(a4), a5 * np.sin(a4), a6, a7]
        np.testing.assert_allclose(labels, expected, rtol=1e-6)
    assert not augmentation.augment_labels(parameters(4)).any()


def batches(
    training_set: MakeTrainingSet, train: Train, rank: int = 0, world_size: int = 1, coupling: Coupling | None = None
) -> Batches:
    rows = training_set(Digits().train([0])[0][:64])
    return Batches(rows, train, rank, world_size, SEED_0, CPU, coupling)


def test_batches_hold_the_augmented_rows_and_their_labels(training_set: MakeTrainingSet) -> None:
    source = batches(training_set, Train(batch=16, augmentation=0.1))
    plain, augmented = batches(training_set, Train(batch=16))(3), source(3)
    assert plain.augment_labels is None
    assert augmented.augment_labels is not None
    assert torch.equal(plain.noise, augmented.noise)
    assert torch.equal(plain.times, augmented.times)
    a = source._augmentation_parameters(3)
    assert a is not None
    np.testing.assert_array_equal(augmented.augment_labels, augmentation.augment_labels(a))
    assert torch.equal(augmented.rows, augmentation.augment(plain.rows, a))
    unchanged = (augmented.rows == plain.rows).flatten(1).all(1)
    assert torch.equal(unchanged | ~(augmented.augment_labels == 0).all(1), torch.ones(16, dtype=torch.bool))
    assert 0 < unchanged.sum() < 16
    later = source(4).augment_labels
    assert later is not None
    assert not torch.equal(later, augmented.augment_labels)


@pytest.mark.parametrize("coupling", [None, optimal_transport, drawn_optimal_transport])
def test_augmentation_does_not_depend_on_ranks_or_micro_batches(
    training_set: MakeTrainingSet, coupling: Coupling | None
) -> None:
    train = Train(batch=16, augmentation=0.4)
    whole = batches(training_set, train, coupling=coupling)(3)
    halves = [batches(training_set, train, rank, 2, coupling)(3) for rank in (0, 1)]
    in_fives = batches(training_set, train.model_copy(update={"micro_batch": 5}), coupling=coupling)
    micro_batches = [micro_batch for micro_batch, _ in in_fives.micro_batches(3)]
    assert [len(micro_batch.rows) for micro_batch in micro_batches] == [5, 5, 5, 1]
    for name in ("noise", "times", "augment_labels"):
        expected = getattr(whole, name)
        assert torch.equal(torch.cat([getattr(half, name) for half in halves]), expected)
        assert torch.equal(torch.cat([getattr(micro_batch, name) for micro_batch in micro_batches]), expected)
    # matrix products of other numbers of images round differently
    assert torch.allclose(torch.cat([half.rows for half in halves]), whole.rows, atol=1e-5)
    assert torch.equal(torch.cat([micro_batch.rows for micro_batch in micro_batches]), whole.rows)


@pytest.mark.parametrize("family", [UNET, Ddpm(network="unet", channels=8), FlowMatching(network="unet", channels=8)])
def test_a_network_without_labels_samples_as_one_with_labels_of_0(
    family: TrainedFamily, digits: TrainingSet, tmp_path: Path
) -> None:
    start = family.initial(IMAGE, SEED_0)
    state = family.fit(digits, start, range(6), TRAIN, SEED_0).state
    assert state.weights[LAYER].shape == (32, 9)
    assert state.weights[LAYER].abs().max() > 0  # weights of 0 at the start, and trained
    rows, times = noise(4, *IMAGE), torch.tensor([1.0, 50.0, 300.0, 900.0])
    full, plain = with_weights(state.config, state.ema), sampling_network(state)
    with torch.no_grad():
        model_output = predict(plain, rows, times)
        assert torch.equal(predict(full, rows, times, torch.zeros(4, 9)), model_output)
        assert not torch.equal(predict(full, rows, times, torch.ones(4, 9)), model_output)

    family.save(state, tmp_path, training_state=False)
    from diffusers import DiffusionPipeline

    unet: nn.Module = DiffusionPipeline.from_pretrained(tmp_path).unet
    with torch.no_grad():
        assert torch.equal(predict(unet, rows, times), model_output)
    sample = Sample(steps=2)
    expected = family.sample(state, 0, 2, sample, SEED_0)
    np.testing.assert_array_equal(family.sample(family.load(tmp_path), 0, 2, sample, SEED_0), expected)


def test_training_continues_from_a_saved_state_bit_for_bit(digits: TrainingSet, tmp_path: Path) -> None:
    start = UNET.initial(IMAGE, SEED_0)
    whole = UNET.fit(digits, start, range(4), TRAIN, SEED_0).state
    half = UNET.fit(digits, start, range(2), TRAIN, SEED_0).state
    UNET.save(half, tmp_path, training_state=True)
    loaded = UNET.load(tmp_path)
    assert equal_states(loaded, half)
    assert equal_states(UNET.fit(digits, loaded, range(2, 4), TRAIN, SEED_0).state, whole)


def test_a_retraining_without_augmentation_continues_without_the_layer(digits: TrainingSet) -> None:
    state = UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0).state
    without = TRAIN.model_copy(update={"augmentation": 0.0})
    plain = with_augmentation_embedding(state, 0)
    assert plain.config == UNET.initial(IMAGE, SEED_0).config
    assert not any("class_embedding" in name for name in (*plain.weights, *plain.ema, *plain.moments))
    first, second = (UNET.fit(digits, start, range(2), without, NEXT).state for start in (state, plain))
    assert equal_states(first, second)
    augmented = UNET.fit(digits, plain, range(2), TRAIN, NEXT).state
    assert augmented.moments[f"{LAYER}/step"].item() == 2
    assert augmented.moments["conv_in.bias/step"].item() == 4
