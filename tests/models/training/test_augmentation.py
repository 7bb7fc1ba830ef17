"""EDM's augmentation: what it does to images, what the network is told, and that models are sampled without it."""

import numpy as np
import pytest
import torch
from torch import nn

from raysc.datasets.digits import Digits
from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.models.networks.architectures import predict, with_weights
from raysc.models.neural.augmentation_embedding import LAYER, sampling_network, told
from raysc.models.training import augmentation
from raysc.models.training.batches import Batches
from raysc.models.training.coupling import optimal_transport
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

CPU = torch.device("cpu")
IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
UNET = Edm(network="unet", channels=8)
TRAIN = Train(batch=16, augmentation=0.5, ema=Ema(half_life=3))
SIDE = 32


def parameters(count=1, **values):
    """a_0 to a_7 of some images, zero where nothing is said: ``a3=1.5``."""
    given = np.zeros((count, 8))
    for name, value in values.items():
        given[:, int(name[1])] = value
    return given


def noise(*shape):
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))


def wave(right, down, side=SIDE):
    """A smooth picture that goes on beyond its edges as its own mirror image; places in pixels."""
    across, along = np.pi * right / (side - 1), np.pi * down / (side - 1)
    return np.cos(across) + 0.7 * np.cos(2 * along) + 0.5 * np.cos(3 * across) * np.cos(2 * along)


def drawn_wave(side=SIDE):
    down, right = np.mgrid[:side, :side]
    return torch.from_numpy(wave(right, down, side).astype(np.float32))[None, None]


def expected_wave(matrix):
    """The picture after a forward map of homogeneous places about its middle, (3, 3)."""
    middle = np.eye(3)
    middle[:2, 2] = (SIDE - 1) / 2
    down, right = np.mgrid[:SIDE, :SIDE]
    places = np.stack([right.ravel(), down.ravel(), np.ones(SIDE**2)])
    right, down, _ = np.linalg.inv(middle @ matrix @ np.linalg.inv(middle)) @ places
    return wave(right, down).reshape(SIDE, SIDE)


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def scale(right, down):
    return np.diag([right, down, 1.0])


def move(right, down):
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1.0]])


def test_the_filter_is_orthonormal_to_its_even_shifts_and_smooth():
    taps = np.array(augmentation.SYM6)
    shifted = [taps[2 * shift :] @ taps[: len(taps) - 2 * shift] for shift in range(6)]
    np.testing.assert_allclose(shifted, [1, 0, 0, 0, 0, 0], atol=1e-11)
    assert taps.sum() == pytest.approx(np.sqrt(2))
    moments = [(taps * (-1.0) ** np.arange(12) * np.arange(12) ** power).sum() for power in range(6)]
    np.testing.assert_allclose(moments, 0, atol=1e-6)


def test_flips_are_exact():
    images = noise(3, 2, 5, 6)
    across = augmentation.augmented(images, parameters(3, a0=[1, 0, 1]))
    np.testing.assert_array_equal(across[[0, 2]], np.flip(images.numpy()[[0, 2]], 3))
    assert torch.equal(across[1], images[1])
    down = augmentation.augmented(images, parameters(3, a1=1))
    np.testing.assert_array_equal(down, np.flip(images.numpy(), 2))


def test_resampling_without_a_change_changes_nothing():
    images, stay = noise(2, 3, 7, 12), np.array([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    np.testing.assert_allclose(augmentation._resampled(images, stay), images, atol=2e-5)


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -5), (-2, 4), (13, -11)])
def test_moves_by_whole_pixels_take_pixels_as_they_are(right, down):
    images = noise(2, 3, 10, 16)
    found = augmentation.augmented(images, parameters(2, a6=8 * right / 16, a7=8 * down / 10))
    # beyond the edges the mirror image, and beyond that the mirror image of that one
    pads = ((0, 0), (0, 0), (abs(down),) * 2, (abs(right),) * 2)
    mirrored = np.pad(images.numpy(), pads, mode="reflect")
    top, left = abs(down) - down, abs(right) - right
    np.testing.assert_allclose(found, mirrored[:, :, top : top + 10, left : left + 16], atol=2e-5)


@pytest.mark.parametrize("side", [32, 33])
def test_quarter_turns_are_those_of_numpy(side):
    images = drawn_wave(side)
    for quarters in (1, 2, -1):
        found = augmentation.augmented(images, parameters(a3=quarters * np.pi / 2))
        np.testing.assert_allclose(found[0, 0], np.rot90(images[0, 0], quarters), atol=0.01)


@pytest.mark.parametrize(
    ("given", "matrix"),
    [
        ({"a2": 2.5}, scale(2**0.5, 2**0.5)),
        ({"a2": -5}, scale(0.5, 0.5)),
        ({"a3": 0.7}, turn(-0.7)),
        ({"a5": 1.5}, scale(2**0.3, 2**-0.3)),
        ({"a4": 0.6, "a5": -2}, turn(0.6) @ scale(2**-0.4, 2**0.4) @ turn(-0.6)),
        ({"a6": 0.31, "a7": -0.83}, move(0.31 * SIDE / 8, -0.83 * SIDE / 8)),
        (
            {"a2": 1, "a3": -2, "a4": 2.5, "a5": 1, "a6": 1.1, "a7": 0.4},
            move(1.1 * SIDE / 8, 0.4 * SIDE / 8)
            @ turn(2.5) @ scale(2**0.2, 2**-0.2) @ turn(-2.5) @ turn(2) @ scale(2**0.2, 2**0.2),
        ),
    ],
    ids=["larger", "smaller", "turned", "stretched", "stretched aslant", "moved", "all"],
)  # fmt: skip
def test_each_change_moves_the_picture_as_its_matrix_says(given, matrix):
    found = augmentation.augmented(drawn_wave(), parameters(**given))[0, 0].numpy()
    expected = expected_wave(matrix)
    np.testing.assert_allclose(found, expected, atol=0.015)
    assert np.abs(found - drawn_wave()[0, 0].numpy()).max() > 0.3


def test_what_is_drawn_has_its_share_and_spread():
    a = augmentation.drawn(0.25, 20_000, np.random.default_rng(0)).T
    assert set(a[0]) == set(a[1]) == {0, 1}
    groups = [a[1], a[2], a[3], a[5], a[6]]
    expected = [0.125, 0.25, 0.25, 0.25, 0.25]
    np.testing.assert_allclose([(one != 0).mean() for one in groups], expected, atol=0.015)
    assert a[0].mean() == pytest.approx(0.5, abs=0.015)
    assert ((a[6] != 0) == (a[7] != 0)).all()
    for normal in (a[2], a[5], a[6], a[7]):
        assert normal[normal != 0].std() == pytest.approx(1, abs=0.05)
    assert np.abs(a[3]).max() == pytest.approx(np.pi, abs=0.01)
    assert (a[4][a[5] == 0] == 0).all()
    assert (a[4][a[5] != 0] != 0).mean() == pytest.approx(0.5, abs=0.03)
    together = np.corrcoef([one != 0 for one in groups])[np.triu_indices(5, 1)]
    assert np.abs(together).max() < 0.03


def test_at_share_zero_images_are_mirrored_and_nothing_else():
    drawn = augmentation.drawn(0.0, 100, np.random.default_rng(0))
    assert (drawn[:, 1:] == 0).all()
    assert 30 < drawn[:, 0].sum() < 70


def test_the_network_is_told_what_was_drawn():
    a = augmentation.drawn(0.6, 50, np.random.default_rng(0))
    condition = augmentation.condition(a)
    for row, found in zip(a, condition, strict=True):
        a0, a1, a2, a3, a4, a5, a6, a7 = row
        told = [a0, a1, a2, np.cos(a3) - 1, np.sin(a3), a5 * np.cos(a4), a5 * np.sin(a4), a6, a7]
        np.testing.assert_allclose(found, told, rtol=1e-6)
    assert not augmentation.condition(parameters(4)).any()


def batches(training_set, rank=0, world=1, coupling=None, **settings):
    rows = training_set(Digits().train([0])[0][:64])
    return Batches(rows, Train(batch=16, **settings), rank, world, SEED_0, CPU, coupling)


def test_batches_are_augmented_as_they_say_and_otherwise_as_they_were(training_set):
    plain, changed = (batches(training_set, augmentation=share)(3) for share in (0, 0.1))
    assert plain.condition is None
    assert torch.equal(plain.noise, changed.noise)
    assert torch.equal(plain.times, changed.times)
    of = batches(training_set, augmentation=0.1)
    np.testing.assert_array_equal(changed.condition, augmentation.condition(of._changes(3)))
    assert torch.equal(changed.rows, augmentation.augmented(plain.rows, of._changes(3)))
    as_they_were = (changed.rows == plain.rows).flatten(1).all(1)
    assert torch.equal(as_they_were | ~(changed.condition == 0).all(1), torch.ones(16, dtype=bool))
    assert 0 < as_they_were.sum() < 16
    assert not torch.equal(of(4).condition, changed.condition)


@pytest.mark.parametrize("coupling", [None, optimal_transport])
def test_augmentation_does_not_depend_on_ranks_or_micro_batches(training_set, coupling):
    whole = batches(training_set, coupling=coupling, augmentation=0.4)(3)
    halves = [batches(training_set, rank, 2, coupling, augmentation=0.4)(3) for rank in (0, 1)]
    pieces = [piece for piece, _ in batches(training_set, coupling=coupling, augmentation=0.4, micro_batch=5).pieces(3)]
    assert [len(piece.rows) for piece in pieces] == [5, 5, 5, 1]
    for name in ("noise", "times", "condition"):
        assert torch.equal(torch.cat([getattr(half, name) for half in halves]), getattr(whole, name))
        assert torch.equal(torch.cat([getattr(piece, name) for piece in pieces]), getattr(whole, name))
    # of other numbers of images at once, matrix products round otherwise
    assert torch.allclose(torch.cat([half.rows for half in halves]), whole.rows, atol=1e-5)
    assert torch.equal(torch.cat([piece.rows for piece in pieces]), whole.rows)


@pytest.mark.parametrize("family", [UNET, Ddpm(network="unet", channels=8), FlowMatching(network="unet", channels=8)])
def test_a_network_that_is_told_nothing_samples_as_one_that_is_told_of_no_change(family, digits, tmp_path):
    start = family.initial(IMAGE, SEED_0)
    state = family.fit(digits, start, range(6), TRAIN, SEED_0).state
    assert state.weights[LAYER].shape == (32, 9)
    assert state.weights[LAYER].abs().max() > 0  # it was of no weight before, and learns
    rows, times = noise(4, *IMAGE), torch.tensor([1.0, 50.0, 300.0, 900.0])
    full, bare = with_weights(state.config, state.ema), sampling_network(state)
    with torch.no_grad():
        silent = predict(bare, rows, times)
        assert torch.equal(predict(full, rows, times, torch.zeros(4, 9)), silent)
        assert not torch.equal(predict(full, rows, times, torch.ones(4, 9)), silent)

    family.save(state, tmp_path, training_state=False)
    from diffusers import DiffusionPipeline

    unet: nn.Module = DiffusionPipeline.from_pretrained(tmp_path).unet
    with torch.no_grad():
        assert torch.equal(predict(unet, rows, times), silent)
    sample = Sample(steps=2)
    drawn = family.sample(state, 0, 2, sample, SEED_0)
    np.testing.assert_array_equal(family.sample(family.load(tmp_path), 0, 2, sample, SEED_0), drawn)


def same(one, other):
    groups = [(getattr(one, name), getattr(other, name)) for name in ("weights", "ema", "moments")]
    return all(a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in groups)


def test_training_goes_on_from_a_saved_state_as_if_it_had_never_stopped(digits, tmp_path):
    start = UNET.initial(IMAGE, SEED_0)
    whole = UNET.fit(digits, start, range(4), TRAIN, SEED_0).state
    half = UNET.fit(digits, start, range(2), TRAIN, SEED_0).state
    UNET.save(half, tmp_path, training_state=True)
    back = UNET.load(tmp_path)
    assert same(back, half)
    assert same(UNET.fit(digits, back, range(2, 4), TRAIN, SEED_0).state, whole)


def test_a_retraining_without_augmentation_goes_on_without_the_layer(digits):
    state = UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0).state
    plain = TRAIN.model_copy(update={"augmentation": 0.0})
    bare = told(state, 0)
    assert bare.config == UNET.initial(IMAGE, SEED_0).config
    assert not any("class_embedding" in name for name in (*bare.weights, *bare.ema, *bare.moments))
    assert same(
        UNET.fit(digits, state, range(2), plain, NEXT).state, UNET.fit(digits, bare, range(2), plain, NEXT).state
    )
    again = UNET.fit(digits, bare, range(2), TRAIN, NEXT).state
    assert again.moments[f"{LAYER}/step"].item() == 2
    assert again.moments["conv_in.bias/step"].item() == 4


@pytest.mark.parametrize(
    ("family", "event", "message"),
    [
        (Edm(), IMAGE, r"train\.augmentation: goes with network: unet"),
        (FlowMatching(), (2,), r"train\.augmentation: networks of points"),
        (NormalizingFlow(), (2,), r"train\.augmentation: networks of points"),
    ],
)
def test_families_that_cannot_be_told_refuse_it(family, event, message):
    with pytest.raises(InputError, match=message):
        family.check_settings(event, Train(augmentation=0.1), Sample())
    UNET.check_settings(IMAGE, Train(augmentation=0.1), Sample())
