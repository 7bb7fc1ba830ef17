from dataclasses import replace

import pytest
import torch

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.state import State
from raysc.models.training.optimizer_state import OptimizerState, carries_optimizer_state, starting_weights
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Train
from tests.neural_states import equal_states, equal_tensors

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
TRAIN = Train(batch=32, clip=1.0, ema=Ema(half_life=5))
SMALL = FlowMatching(width=32, depth=2)


def step(state: State, train: Train, steps: range) -> State:
    """One AdamW step of constant gradients, as every training run takes it."""
    parameters = {name: weight.clone().requires_grad_() for name, weight in state.weights.items()}
    optimizer_state = OptimizerState(parameters, state, steps, train, None)
    optimizer_state.load_moments(state.moments)
    optimizer_state.set_learning_rate(steps.start)
    for parameter in parameters.values():
        parameter.grad = torch.ones_like(parameter)
    optimizer_state.adamw.step()
    optimizer_state.update_ema(steps.start)
    return optimizer_state.to_state(steps.start)


def test_a_state_written_and_loaded_again_continues_bit_for_bit() -> None:
    train = Train(lr=0.1, weight_decay=0.1, ema=Ema(half_life=2))
    weights = {"layer.weight": torch.arange(6.0).view(2, 3), "layer.bias": torch.ones(2)}
    start = State({}, weights, weights, steps=7)
    first = step(start, train, range(2, 3))
    assert first.steps == 8
    assert first.moments["layer.bias/step"].item() == 1
    assert sorted({key.rpartition("/")[2] for key in first.moments}) == ["exp_avg", "exp_avg_sq", "step"]
    kept = replace(first, moments={key: value.clone() for key, value in first.moments.items()})
    second = step(first, train, range(3, 4))
    assert second.moments["layer.bias/step"].item() == 2
    assert equal_states(first, kept), "a state is never modified"
    assert equal_states(step(kept, train, range(3, 4)), second)
    assert not equal_states(step(replace(kept, moments={}), train, range(3, 4)), second)
    assert equal_tensors(start.weights, {"layer.weight": torch.arange(6.0).view(2, 3), "layer.bias": torch.ones(2)})


def test_weights_and_optimiser_state_of_the_first_step_and_of_later_ones() -> None:
    start = State({}, {"w": torch.zeros(1)}, {"w": torch.ones(1)})
    from_ema, reset = Train(start_weights="ema"), Train(optimizer_state="reset")
    assert starting_weights(start, range(4), Train()) is start.weights
    assert starting_weights(start, range(4), from_ema) is start.ema
    assert starting_weights(start, range(2, 4), from_ema) is start.weights
    assert carries_optimizer_state(range(4), Train())
    assert not carries_optimizer_state(range(4), reset)
    assert carries_optimizer_state(range(2, 4), reset)


def test_optimizer_state_is_carried_or_reset_at_the_first_step_only(digits: TrainingSet) -> None:
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(5), TRAIN, SEED_0).state
    reset = TRAIN.model_copy(update={"optimizer_state": "reset"})
    without_moments = replace(start, moments={})

    def fit(state: State, steps: range, train: Train) -> State:
        result: State = SMALL.fit(digits, state, steps, train, NEXT).state
        return result

    assert equal_states(fit(start, range(4), reset), fit(without_moments, range(4), TRAIN))
    assert not equal_states(fit(start, range(4), reset), fit(start, range(4), TRAIN))
    assert equal_states(fit(fit(start, range(2), reset), range(2, 4), reset), fit(start, range(4), reset))


def test_a_retraining_starts_from_raw_or_ema_weights_at_its_first_step_only(digits: TrainingSet) -> None:
    train = Train(batch=16, ema=Ema(half_life=20))
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(6), train, SEED_0).state
    from_ema = train.model_copy(update={"start_weights": "ema"})

    def weights(state: State, steps: range, train: Train) -> State:
        result: State = SMALL.fit(digits, state, steps, train, NEXT).state
        return result

    assert equal_states(weights(start, range(3), from_ema), weights(replace(start, weights=start.ema), range(3), train))
    assert not equal_states(weights(start, range(3), from_ema), weights(start, range(3), train))
    in_two_parts = weights(weights(start, range(1), from_ema), range(1, 3), from_ema)
    assert equal_states(in_two_parts, weights(start, range(3), from_ema))


@pytest.mark.parametrize("event", [IMAGE, (2,)], ids=["one seed", "pack"])
def test_the_steps_of_all_generations_are_counted(event: tuple[int, ...], training_set: object) -> None:
    state = SMALL.initial(event, SEED_0)
    parameters = {name: weight.clone().requires_grad_() for name, weight in state.weights.items()}
    for weight in parameters.values():
        weight.grad = torch.zeros_like(weight)
    optimizer_state = OptimizerState(parameters, replace(state, steps=10), range(4, 6), Train(), None)
    optimizer_state.adamw.step()
    assert optimizer_state.to_state(5).steps == 12
