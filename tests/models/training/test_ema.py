from pathlib import Path

import pytest
import torch

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training.ema import EmaWeights
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Train
from tests.neural_states import equal_states, equal_tensors

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
SMALL = FlowMatching(width=16, depth=1)


def test_ema_weights_are_averaged_in_place_and_leave_their_start() -> None:
    start, parameters = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}
    ema = EmaWeights(start, parameters, Train(batch=4, ema=Ema(half_life=1)))
    ema.update(0)
    assert ema.tensors["w"].tolist() == [2.0, 4.0]
    ema.update(1)
    assert ema.tensors["w"].tolist() == [2.5, 5.0]
    assert start["w"].tolist() == [1.0, 2.0]


def test_without_the_setting_ema_weights_stay_as_they_are() -> None:
    ema = EmaWeights({"w": torch.ones(2)}, {"w": torch.zeros(2)}, Train())
    ema.update(0)
    assert ema.tensors["w"].tolist() == [1.0, 1.0]


def test_ema_is_the_average_with_the_declared_half_life(digits: TrainingSet) -> None:
    train = Train(batch=16, ema=Ema(half_life=3))
    state = SMALL.initial(IMAGE, SEED_0)
    name = "first.weight"
    snapshots = [state.weights[name].double()]
    for step in range(9):
        state = SMALL.fit(digits, state, range(step, step + 1), train, SEED_0).state
        snapshots.append(state.weights[name].double())
    # After nine steps of half-life three the initial weights count 1/8, and later ones what is left of theirs.
    shares = [0.5 ** (9 / 3), *(0.5 ** ((9 - step) / 3) * (1 - 0.5 ** (1 / 3)) for step in range(1, 10))]
    assert sum(shares) == pytest.approx(1)
    expected = torch.stack([share * snapshot for share, snapshot in zip(shares, snapshots, strict=True)]).sum(dim=0)
    assert torch.allclose(state.ema[name].double(), expected, atol=1e-7)
    assert not torch.allclose(state.weights[name], state.ema[name], atol=1e-5)


def test_without_ema_the_raw_weights_are_the_model(digits: TrainingSet) -> None:
    state = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(3), Train(batch=16), SEED_0).state
    assert equal_tensors(state.weights, state.ema)


def test_an_average_that_does_not_sample_is_kept_for_the_start_of_a_retraining(
    digits: TrainingSet, tmp_path: Path
) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    states = [
        SMALL.fit(digits, start, range(4), Train(batch=16, ema=Ema(half_life=3, samples=samples)), SEED_0).state
        for samples in (True, False)
    ]
    assert equal_tensors(states[1].ema, states[1].weights)
    assert equal_tensors(states[1].weights, states[0].weights)
    assert equal_tensors(states[1].average, states[0].ema)
    SMALL.save(states[1], tmp_path, training_state=True)
    loaded = SMALL.load(tmp_path)
    assert equal_states(loaded, states[1])
    from_ema = Train(batch=16, ema=Ema(half_life=3), start_weights="ema", optimizer_state="reset")
    retrained = [SMALL.fit(digits, state, range(2), from_ema, Streams((0,), 1)).state for state in (states[0], loaded)]
    assert equal_tensors(retrained[0].weights, retrained[1].weights)
    assert equal_tensors(retrained[0].ema, retrained[1].ema)


def test_the_half_life_may_be_in_rows_and_ramp_up(digits: TrainingSet) -> None:
    start = SMALL.initial(IMAGE, SEED_0)
    by_steps, by_rows = (
        SMALL.fit(digits, start, range(6), Train(batch=16, ema=ema), SEED_0).state
        for ema in (Ema(half_life=3), Ema(half_life_rows=48))
    )
    assert equal_tensors(by_steps.ema, by_rows.ema)
    ramp = Ema(half_life_rows=500_000, rampup=0.05)
    assert ramp.decay(0, 256) == 0
    assert ramp.decay(1000, 256) == pytest.approx(0.5 ** (256 / (0.05 * 256_000)))
    assert ramp.decay(10**6, 256) == pytest.approx(0.5 ** (256 / 500_000))
    state = SMALL.fit(digits, start, range(1), Train(batch=16, ema=ramp), SEED_0).state
    assert equal_tensors(state.ema, state.weights)
