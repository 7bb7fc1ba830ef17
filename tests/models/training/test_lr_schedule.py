import numpy as np
import pytest

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.state import State
from raysc.models.training.lr_schedule import learning_rate
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ramp, Train
from tests.neural_states import MakeTrainingSet, equal_tensors

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
SMALL = FlowMatching(width=16, depth=1)


def test_the_cosine_goes_from_lr_to_zero_and_the_constant_stays() -> None:
    cosine = Train(lr=0.2, schedule="cosine")
    assert [learning_rate(cosine, step, 4) for step in (0, 2, 4)] == pytest.approx([0.2, 0.1, 0.0])
    assert learning_rate(Train(lr=0.2), 3, 4) == 0.2


def test_a_warm_up_rises_linearly_to_the_full_rate() -> None:
    warmup = Train(lr=0.4, warmup=0.35)  # ceil(0.35 * 10) = 4 steps
    assert [learning_rate(warmup, step, 10) for step in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])


def test_a_ramp_rises_from_zero_in_steps_or_rows() -> None:
    steps = Train(lr=0.4, ramp=Ramp(steps=8))
    assert [learning_rate(steps, step, 100) for step in (0, 2, 8, 50)] == pytest.approx([0, 0.1, 0.4, 0.4])
    rows = Train(lr=1e-3, batch=256, ramp=Ramp(rows=10_000_000))
    # One epoch of CIFAR-10 with the papers' settings: the rate ends at 5e-6.
    assert learning_rate(rows, 50_000 // 256, 196) == pytest.approx(5e-6, rel=2e-3)


def test_a_ramp_restarts_or_continues_from_the_steps_before(digits: TrainingSet) -> None:
    first: State = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(4), Train(batch=16), SEED_0).state
    assert first.steps == 4

    def fit(start: State, steps: range, restarted: bool) -> State:
        train = Train(batch=16, ramp=Ramp(steps=8, restarted=restarted))
        state: State = SMALL.fit(digits, start, steps, train, NEXT, 6).state
        return state

    at_half_rate = SMALL.fit(digits, first, range(1), Train(batch=16, lr=1e-3 * 4 / 8), NEXT).state
    assert equal_tensors(fit(first, range(1), restarted=False).weights, at_half_rate.weights)
    at_rate_0 = fit(first, range(1), restarted=True)
    assert equal_tensors(at_rate_0.weights, first.weights)
    assert not equal_tensors(fit(at_rate_0, range(1, 2), restarted=True).weights, first.weights)
    whole = fit(first, range(6), restarted=False)
    parts = fit(fit(first, range(2), restarted=False), range(2, 6), restarted=False)
    assert equal_tensors(whole.weights, parts.weights)
    assert whole.steps == parts.steps == 10


def test_packs_follow_the_ramp_too(training_set: MakeTrainingSet) -> None:
    points = training_set(np.random.default_rng(0).standard_normal((64, 2), dtype=np.float32))
    first = SMALL.fit(points, SMALL.initial((2,), SEED_0), range(4), Train(batch=16), SEED_0).state
    assert first.steps == 4
    ramp, constant = (
        SMALL.fit(points, first, range(1), train, NEXT).state
        for train in (Train(batch=16, ramp=Ramp(steps=8, restarted=False)), Train(batch=16, lr=1e-3 * 4 / 8))
    )
    assert equal_tensors(ramp.weights, constant.weights)
