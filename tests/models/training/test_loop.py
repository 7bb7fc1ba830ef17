import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from raysc.errors import RayscError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows import flow_matching
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training import loop
from raysc.models.training.loop import learning_rate
from raysc.rng import Streams
from raysc.settings import Ema, Train

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
TRAIN = Train(batch=32, clip=1.0, ema=Ema(half_life=5))
SMALL = FlowMatching(width=32, depth=2)


def same(one, other):
    """Whether two states agree to the last bit."""
    groups = [(getattr(one, name), getattr(other, name)) for name in ("weights", "ema", "moments")]
    return all(a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in groups)


@pytest.mark.parametrize(
    "family",
    [FlowMatching(width=32), Ddpm(width=32), FlowMatching(network="unet", channels=8)],
    ids=["flow_matching", "ddpm", "unet"],
)
def test_training_in_two_parts_equals_training_in_one(family, digits):
    start = family.initial(IMAGE, SEED_0)
    whole = family.fit(digits, start, range(12), TRAIN, SEED_0)
    half = family.fit(digits, start, range(5), TRAIN, SEED_0)
    rest = family.fit(digits, half.state, range(5, 12), TRAIN, SEED_0)
    assert same(rest.state, whole.state)
    assert not same(half.state, whole.state)
    assert not whole.diverged


def test_the_start_is_not_changed(digits):
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state
    groups = ("weights", "ema", "moments")
    before = replace(start, **{name: {k: v.clone() for k, v in getattr(start, name).items()} for name in groups})
    SMALL.fit(digits, start, range(3, 8), TRAIN, SEED_0)
    assert same(start, before)


def test_global_random_generators_are_neither_used_nor_moved(digits):
    def run():
        return SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state

    torch.manual_seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - the generator that must not move
    first = run()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    torch.manual_seed(2)
    assert same(run(), first)


def test_initial_weights_differ_between_seeds_and_generations():
    first, *others = [SMALL.initial(IMAGE, streams) for streams in (SEED_0, Streams((1,), 0), Streams((0,), 1))]
    assert same(first, SMALL.initial(IMAGE, SEED_0))
    assert not any(same(first, other) for other in others)


def test_the_loss_falls(digits):
    start = SMALL.initial(IMAGE, SEED_0)
    early = SMALL.fit(digits, start, range(20), TRAIN, SEED_0)
    late = SMALL.fit(digits, early.state, range(20, 200), TRAIN, SEED_0)
    last = SMALL.fit(digits, late.state, range(200, 220), TRAIN, SEED_0)
    assert last.loss < 0.7 * early.loss


def test_ema_is_the_average_with_the_declared_half_life(digits):
    train = Train(batch=16, ema=Ema(half_life=3))
    state = SMALL.initial(IMAGE, SEED_0)
    name = "first.weight"
    snapshots = [state.weights[name].double()]
    for step in range(9):
        state = SMALL.fit(digits, state, range(step, step + 1), train, SEED_0).state
        snapshots.append(state.weights[name].double())
    # After nine steps of half-life three the initial weights count 1/8, and each later ones what is left of them.
    counts = [0.5 ** (9 / 3), *(0.5 ** ((9 - step) / 3) * (1 - 0.5 ** (1 / 3)) for step in range(1, 10))]
    assert sum(counts) == pytest.approx(1)
    expected = sum(count * snapshot for count, snapshot in zip(counts, snapshots, strict=True))
    assert torch.allclose(state.ema[name].double(), expected, atol=1e-7)
    assert not torch.allclose(state.weights[name], state.ema[name], atol=1e-5)


def test_without_ema_the_raw_weights_are_the_model(digits):
    state = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), Train(batch=16), SEED_0).state
    assert all(torch.equal(state.weights[name], state.ema[name]) for name in state.weights)


def test_optimizer_state_is_carried_or_reset_at_the_first_step_only(digits):
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(5), TRAIN, SEED_0).state
    next_generation = Streams((0,), 1)
    reset = TRAIN.model_copy(update={"optimizer_state": "reset"})
    forgotten = replace(start, moments={})

    def fit(state, steps, train):
        return SMALL.fit(digits, state, steps, train, next_generation).state

    assert same(fit(start, range(4), reset), fit(forgotten, range(4), TRAIN))
    assert not same(fit(start, range(4), reset), fit(start, range(4), TRAIN))
    assert same(fit(fit(start, range(2), reset), range(2, 4), reset), fit(start, range(4), reset))


def test_one_step_of_adamw_with_clipping_matches_torch(digits):
    """The first step of Adam moves by lr * g / (|g| + eps): with eps 1e-8 only clipping to tiny norms shows."""
    start = SMALL.initial(IMAGE, SEED_0)

    def moved(clip):
        state = SMALL.fit(digits, start, range(1), Train(batch=16, clip=clip), SEED_0).state
        gradients = [state.moments[f"{name}/exp_avg"] / 0.1 for name in state.weights]
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
        return norm, (state.weights["first.weight"] - start.weights["first.weight"]).abs().max().item()

    free_norm, free_step = moved(None)
    assert free_norm > 0.1
    assert free_step == pytest.approx(1e-3, rel=1e-2)
    assert moved(0.05)[0] == pytest.approx(0.05, rel=1e-3)
    assert moved(1e-9)[1] < 2e-4
    assert moved(1e3)[0] == pytest.approx(free_norm)


def test_the_cosine_goes_from_lr_to_zero_and_the_constant_stays():
    cosine = Train(lr=0.2, schedule="cosine")
    assert [learning_rate(cosine, step, 4) for step in (0, 2, 4)] == pytest.approx([0.2, 0.1, 0.0])
    assert learning_rate(Train(lr=0.2), 3, 4) == 0.2


def test_the_schedule_reaches_the_optimiser(digits):
    start = SMALL.initial(IMAGE, SEED_0)
    cosine = TRAIN.model_copy(update={"schedule": "cosine"})
    two = SMALL.fit(digits, start, range(2), cosine, SEED_0).state
    first = SMALL.fit(digits, start, range(1), TRAIN, SEED_0).state
    halved = SMALL.fit(digits, first, range(1, 2), TRAIN.model_copy(update={"lr": TRAIN.lr / 2}), SEED_0).state
    assert all(torch.allclose(two.weights[name], halved.weights[name], atol=1e-8) for name in two.weights)


def test_precision_may_change_from_fit_to_fit(digits):
    start = SMALL.initial(IMAGE, SEED_0)
    full = SMALL.fit(digits, start, range(8), TRAIN, SEED_0)
    brain = SMALL.fit(digits, start, range(8), TRAIN.model_copy(update={"precision": "bf16"}), SEED_0)
    assert same(SMALL.fit(digits, start, range(8), TRAIN, SEED_0).state, full.state)
    assert not same(brain.state, full.state)
    assert brain.state.weights["first.weight"].dtype == torch.float32
    assert brain.loss == pytest.approx(full.loss, rel=0.02)


def test_fp16_without_a_gpu_is_refused(digits, monkeypatch):
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cpu")
    with pytest.raises(RayscError, match=r"train\.precision: fp16 needs a GPU"):
        SMALL.fit(
            digits, SMALL.initial(IMAGE, SEED_0), range(1), TRAIN.model_copy(update={"precision": "fp16"}), SEED_0
        )


@pytest.mark.parametrize("steps", [1, 3, 60])
def test_a_learning_rate_out_of_this_world_is_recorded_as_divergence(digits, steps):
    start = SMALL.initial(IMAGE, SEED_0)
    fitted = SMALL.fit(digits, start, range(steps), Train(batch=16, lr=1e30), SEED_0)
    assert fitted.diverged
    assert not SMALL.fit(digits, start, range(steps), Train(batch=16), SEED_0).diverged


def test_rows_that_are_not_finite_are_recorded_as_divergence_and_end_training(training_set):
    rows = np.zeros((64, 2), np.float32)
    rows[13] = np.nan
    family = FlowMatching(width=8)
    start = family.initial((2,), SEED_0)
    fitted = family.fit(training_set(rows), start, range(500), Train(batch=64), SEED_0)
    assert fitted.diverged
    assert fitted.state.moments["last.bias/step"].item() == 50


def test_no_steps_leave_the_start(digits):
    start = SMALL.initial(IMAGE, SEED_0)
    assert SMALL.fit(digits, start, range(0), TRAIN, SEED_0).state is start


def test_networks_of_runs_before_do_not_stay_on_a_gpu(digits, monkeypatch):
    networks = []

    def loss(network, batch):
        networks.append(weakref.ref(network))
        return flow_matching._loss(network, batch)

    monkeypatch.setattr(loop, "on_gpu", lambda device: True)
    start, train = SMALL.initial(IMAGE, SEED_0), TRAIN.model_copy(update={"precision": "bf16"})
    gc.disable()
    try:
        state = loop.fit(loss, digits, start, range(1), train, SEED_0).state
        before = len(networks)
        loop.fit(loss, digits, state, range(1, 2), train, SEED_0)
        assert all(network() is None for network in networks[:before])
    finally:
        gc.enable()
