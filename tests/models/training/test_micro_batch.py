"""Out of memory: micro-batches are halved until there is room for them, and what is trained stays the same."""

from types import SimpleNamespace

import pytest
import torch

from raysc.errors import RayscError
from raysc.models.flows import flow_matching
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.training import loop, micro_batch
from raysc.rng import Streams
from raysc.settings import Ema, Train

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
TRAIN = Train(batch=32, ema=Ema(half_life=5))
SMALL = FlowMatching(width=32)


@pytest.fixture(autouse=True)
def forgotten():
    yield
    loop.reset_accelerator()


@pytest.fixture
def told(monkeypatch):
    """What is told of the work, in order, each thing once."""
    said = {}
    monkeypatch.setattr(loop, "tell", lambda what, *_: said.setdefault(what))
    return said


def crowded(room, steps_before=0):
    """A loss on a device that has no room for more rows at once, after so many; and how many it was asked for."""
    asked = []

    def loss(network, batch):
        asked.append(len(batch.rows))
        if len(batch.rows) > room and len(asked) > steps_before:
            raise torch.OutOfMemoryError("no room")
        return flow_matching._loss(network, batch)

    return loss, asked


def same(one, other):
    groups = [(getattr(one, name), getattr(other, name)) for name in ("weights", "ema", "moments")]
    return all(a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in groups)


@pytest.mark.parametrize("steps_before", [0, 3])
def test_micro_batches_are_halved_until_there_is_room_for_them(digits, told, steps_before):
    start, halved = SMALL.initial(IMAGE, SEED_0), TRAIN.model_copy(update={"micro_batch": 4})
    expected = SMALL.fit(digits, start, range(5), halved, SEED_0)
    loss, asked = crowded(6, steps_before)
    found = loop.fit(loss, digits, start, range(5), TRAIN, SEED_0)
    assert asked[: steps_before + 1] == [32] * (steps_before + 1)
    assert asked[steps_before + 1 : steps_before + 4] == [16, 8, 4]
    assert list(told)[-1] == "training with 4 rows at a time, for want of memory"
    assert same(found.state, expected.state)
    assert found.loss == expected.loss


def test_what_was_found_is_remembered_until_the_trial_ends(digits):
    loss, asked = crowded(6)
    state = loop.fit(loss, digits, SMALL.initial(IMAGE, SEED_0), range(5), TRAIN, SEED_0).state
    asked.clear()
    loop.fit(loss, digits, state, range(5, 6), TRAIN, SEED_0)
    assert set(asked) == {4}
    loop.reset_accelerator()
    asked.clear()
    loop.fit(loss, digits, state, range(5, 6), TRAIN, SEED_0)
    assert asked[:4] == [32, 16, 8, 4]


def test_a_device_without_room_for_one_row_is_an_error(digits):
    loss, asked = crowded(0)
    with pytest.raises(RayscError, match=r"no room to train on one row at a time; set train\.recompute"):
        loop.fit(loss, digits, SMALL.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0)
    assert asked == [32, 16, 8, 4, 2, 1]


def test_other_errors_are_not_taken_for_it(digits):
    def broken(network, batch):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        loop.fit(broken, digits, SMALL.initial(IMAGE, SEED_0), range(2), TRAIN, SEED_0)


def test_ranks_that_train_together_do_not_begin_anew_by_themselves(monkeypatch):
    monkeypatch.setattr(micro_batch, "PartialState", lambda: SimpleNamespace(num_processes=2))
    micro_batch.halve("alone", TRAIN, micro_batch.NoRoom())
    assert micro_batch.found("alone") == 8
    with pytest.raises(RayscError, match=r"no room for a micro-batch of 16 rows; set train\.micro_batch to less"):
        micro_batch.halve("together", TRAIN, torch.OutOfMemoryError())
    assert micro_batch.found("together") is None
