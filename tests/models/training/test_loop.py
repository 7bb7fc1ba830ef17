import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training import loop
from raysc.models.training.batches import Batch
from raysc.models.training.process_state import reset_process_state
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Train
from tests.neural_states import GROUPS, MakeTrainingSet, equal_states

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
TRAIN = Train(batch=32, clip=1.0, ema=Ema(half_life=5))
SMALL = FlowMatching(width=32, depth=2)


@pytest.mark.parametrize(
    "family",
    [FlowMatching(width=32), Ddpm(width=32), FlowMatching(network="unet", channels=8)],
    ids=["flow_matching", "ddpm", "unet"],
)
def test_training_in_two_parts_equals_training_in_one(family: TrainedFamily, digits: TrainingSet) -> None:
    start = family.initial(IMAGE, SEED_0)
    whole = family.fit(digits, start, range(12), TRAIN, SEED_0)
    half = family.fit(digits, start, range(5), TRAIN, SEED_0)
    rest = family.fit(digits, half.state, range(5, 12), TRAIN, SEED_0)
    assert equal_states(rest.state, whole.state)
    assert not equal_states(half.state, whole.state)
    assert not whole.diverged


def test_the_start_is_not_changed(digits: TrainingSet) -> None:
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state
    clones = {group: {name: tensor.clone() for name, tensor in getattr(start, group).items()} for group in GROUPS}
    before = replace(start, **clones)
    SMALL.fit(digits, start, range(3, 8), TRAIN, SEED_0)
    assert equal_states(start, before)


def test_global_random_generators_are_neither_used_nor_moved(digits: TrainingSet) -> None:
    def numpy_state() -> Any:
        state = np.random.get_state(legacy=False)  # noqa: NPY002 - the generator that must not move
        return state["state"]["key"]

    def run() -> Any:
        return SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state

    torch.manual_seed(1)
    before = torch.get_rng_state(), numpy_state().copy()
    first = run()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(numpy_state(), before[1])
    torch.manual_seed(2)
    assert equal_states(run(), first)


def test_the_loss_falls(digits: TrainingSet) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    early = SMALL.fit(digits, start, range(20), TRAIN, SEED_0)
    late = SMALL.fit(digits, early.state, range(20, 200), TRAIN, SEED_0)
    last = SMALL.fit(digits, late.state, range(200, 220), TRAIN, SEED_0)
    assert last.loss < 0.7 * early.loss


def test_one_step_of_adamw_with_clipping_matches_torch(digits: TrainingSet) -> None:
    """The first step of Adam moves by lr * g / (|g| + eps): with eps 1e-8 only clipping to tiny norms shows."""
    start = SMALL.initial(IMAGE, SEED_0)

    def norm_and_step(clip: float | None) -> tuple[float, float]:
        state = SMALL.fit(digits, start, range(1), Train(batch=16, clip=clip), SEED_0).state
        gradients = [state.moments[f"{name}/exp_avg"] / 0.1 for name in state.weights]
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
        return norm, (state.weights["first.weight"] - start.weights["first.weight"]).abs().max().item()

    free_norm, free_step = norm_and_step(None)
    assert free_norm > 0.1
    assert free_step == pytest.approx(1e-3, rel=1e-2)
    assert norm_and_step(0.05)[0] == pytest.approx(0.05, rel=1e-3)
    assert norm_and_step(1e-9)[1] < 2e-4
    assert norm_and_step(1e3)[0] == pytest.approx(free_norm)


def test_the_schedule_reaches_the_optimiser(digits: TrainingSet) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    cosine = TRAIN.model_copy(update={"schedule": "cosine"})
    two = SMALL.fit(digits, start, range(2), cosine, SEED_0).state
    first = SMALL.fit(digits, start, range(1), TRAIN, SEED_0).state
    halved = SMALL.fit(digits, first, range(1, 2), TRAIN.model_copy(update={"lr": TRAIN.lr / 2}), SEED_0).state
    assert all(torch.allclose(two.weights[name], halved.weights[name], atol=1e-8) for name in two.weights)


def test_precision_may_change_from_fit_to_fit(digits: TrainingSet) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    full = SMALL.fit(digits, start, range(8), TRAIN, SEED_0)
    half = SMALL.fit(digits, start, range(8), TRAIN.model_copy(update={"precision": "bf16"}), SEED_0)
    assert equal_states(SMALL.fit(digits, start, range(8), TRAIN, SEED_0).state, full.state)
    assert not equal_states(half.state, full.state)
    assert half.state.weights["first.weight"].dtype == torch.float32
    assert half.loss == pytest.approx(full.loss, rel=0.02)


@pytest.mark.parametrize(("precision", "tf32"), [("fp32", True), ("fp32_ieee", False)])
def test_ieee_precision_trains_without_tf32_and_leaves_the_setting(
    digits: TrainingSet, precision: str, tf32: bool
) -> None:
    allowed = []

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        allowed.append(torch.backends.cudnn.allow_tf32)
        return SMALL.loss(network, batch)

    train = Train.model_validate({"batch": 8, "precision": precision})
    result = loop.fit(loss, digits, SMALL.initial(IMAGE, SEED_0), range(2), train, SEED_0)
    assert set(allowed) == {tf32}
    assert torch.backends.cudnn.allow_tf32
    unpacked = Train(batch=8, micro_batch=8)
    assert equal_states(result.state, SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(2), unpacked, SEED_0).state)


def test_fp16_without_a_gpu_is_refused(digits: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cpu")
    train = TRAIN.model_copy(update={"precision": "fp16"})
    start = SMALL.initial(IMAGE, SEED_0)
    with pytest.raises(RayscError, match=r"train\.precision: fp16 needs a GPU"):
        SMALL.fit(digits, start, range(1), train, SEED_0)
    with pytest.raises(RayscError, match=r"train\.shard: fp16 cannot be sharded"):
        SMALL.fit(digits, start, range(1), train.model_copy(update={"shard": True}), SEED_0)


@pytest.mark.parametrize("steps", [1, 3, 60])
def test_a_huge_learning_rate_is_recorded_as_divergence(digits: TrainingSet, steps: int) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    result = SMALL.fit(digits, start, range(steps), Train(batch=16, lr=1e30), SEED_0)
    assert result.diverged
    assert not SMALL.fit(digits, start, range(steps), Train(batch=16), SEED_0).diverged


def test_rows_that_are_not_finite_are_recorded_as_divergence_and_end_training(training_set: MakeTrainingSet) -> None:
    rows = np.zeros((64, 2), np.float32)
    rows[13] = np.nan
    family = FlowMatching(width=8)
    start = family.initial((2,), SEED_0)
    result = family.fit(training_set(rows), start, range(500), Train(batch=64), SEED_0)
    assert result.diverged
    assert result.state.moments["last.bias/step"].item() == 50


def test_no_steps_return_the_start(digits: TrainingSet) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    assert SMALL.fit(digits, start, range(0), TRAIN, SEED_0).state is start


def test_networks_of_earlier_runs_do_not_stay_on_a_gpu(digits: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    networks: list[weakref.ref[nn.Module]] = []

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        networks.append(weakref.ref(network))
        return SMALL.loss(network, batch)

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


def out_of_memory_above(rows: int, steps_before: int = 0) -> tuple[loop.Loss, list[int]]:
    """Return a loss that runs out of memory above a number of rows, and the list of row counts of its calls.

    The first ``steps_before`` calls succeed with any number of rows.
    """
    calls: list[int] = []

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        calls.append(len(batch.rows))
        if len(batch.rows) > rows and len(calls) > steps_before:
            raise torch.OutOfMemoryError("no memory")
        return SMALL.loss(network, batch)

    return loss, calls


@pytest.mark.parametrize("steps_before", [0, 3])
def test_micro_batches_are_halved_until_they_fit(
    digits: TrainingSet, monkeypatch: pytest.MonkeyPatch, steps_before: int
) -> None:
    activities = []
    monkeypatch.setattr(loop, "report", lambda activity, *_: activities.append(activity))
    start, in_fours = SMALL.initial(IMAGE, SEED_0), TRAIN.model_copy(update={"clip": None, "micro_batch": 4})
    expected = SMALL.fit(digits, start, range(5), in_fours, SEED_0)
    loss, calls = out_of_memory_above(6, steps_before)
    train = TRAIN.model_copy(update={"clip": None})
    result = loop.fit(loss, digits, start, range(5), train, SEED_0)
    assert calls[: steps_before + 1] == [32] * (steps_before + 1)
    assert calls[steps_before + 1 : steps_before + 4] == [16, 8, 4]
    assert activities[-1] == "training in micro-batches of 4 rows for lack of memory"
    assert equal_states(result.state, expected.state)
    assert result.loss == expected.loss


def test_the_micro_batch_size_is_remembered_until_the_trial_ends(digits: TrainingSet) -> None:
    loss, calls = out_of_memory_above(6)

    def last_calls(state: Any) -> Sequence[int]:
        calls.clear()
        loop.fit(loss, digits, state, range(5, 6), TRAIN, SEED_0)
        return calls

    state = loop.fit(loss, digits, SMALL.initial(IMAGE, SEED_0), range(5), TRAIN, SEED_0).state
    assert set(last_calls(state)) == {4}
    reset_process_state()
    assert last_calls(state)[:4] == [32, 16, 8, 4]


def test_a_device_without_memory_for_one_row_is_an_error(digits: TrainingSet) -> None:
    loss, calls = out_of_memory_above(0)
    with pytest.raises(RayscError, match=r"no memory to train on one row at a time; set train\.recompute"):
        loop.fit(loss, digits, SMALL.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0)
    assert calls == [32, 16, 8, 4, 2, 1]


def test_other_errors_do_not_halve_micro_batches(digits: TrainingSet) -> None:
    def broken(network: nn.Module, batch: Batch) -> Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        loop.fit(broken, digits, SMALL.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0)
