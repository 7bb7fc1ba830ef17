"""Out of memory: the micro-batch is halved until a step fits, and what is trained stays the same."""

import pytest
import torch

from raysc.errors import RayscError
from raysc.models import gpu, training
from raysc.models.flow_matching import FlowMatching
from raysc.models.networks import predict
from raysc.models.training import reset_accelerator
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Train

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
UNET = FlowMatching(network="unet", channels=8, multipliers=(1,))
TRAIN = Train(batch=12, clip=1.0, ema=Ema(half_life=3), dropout=0.1)


class Device:
    """One with room for so many rows at once; as a GPU, it says so in the middle of a step."""

    def __init__(self, room):
        self.room, self.tried = room, []

    def loss(self, network, batch):
        self.tried.append(len(batch.rows))
        values = predict(network, batch.rows, batch.times)
        if len(batch.rows) > self.room:
            torch.autograd.backward(values.sum())
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity")
        return (values - batch.noise).square().mean()

    def fit(self, digits, start, train=TRAIN, streams=SEED_0):
        return training.fit(self.loss, digits, start, range(3), train, streams)


@pytest.fixture(autouse=True)
def a_gpu(monkeypatch):
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
    yield
    reset_accelerator()


@pytest.fixture
def start():
    return UNET.initial(IMAGE, SEED_0)


def same(one, other):
    groups = [(getattr(one, name), getattr(other, name)) for name in ("weights", "ema", "moments")]
    return all(a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in groups)


def test_the_micro_batch_is_halved_until_it_fits_and_the_batch_stays(digits, start, monkeypatch):
    told = []
    monkeypatch.setattr(training, "tell", lambda what, *_: told.append(what))
    device = Device(room=4)
    fitted = device.fit(digits, start)
    # A row for the shapes of dropout; 12, 6 and 3 rows are tried; three steps of four pieces; a look at the result.
    assert device.tried == [1, 12, 6, 3, *[3] * 12, 3]
    assert set(told) == {"training in micro-batches of 3, as memory has no room for 12 rows"}
    asked = Device(room=100).fit(digits, start, TRAIN.model_copy(update={"micro_batch": 3}))
    assert same(fitted.state, asked.state)
    whole = Device(room=100).fit(digits, start)
    assert fitted.loss == pytest.approx(whole.loss, rel=1e-4)


def test_later_generations_of_a_trial_do_not_try_again(digits, start):
    device = Device(room=6)
    first = device.fit(digits, start)
    del device.tried[:]
    device.fit(digits, first.state, streams=NEXT)
    assert device.tried == [1, *[6] * 6, 6]
    reset_accelerator()  # the trial ends
    del device.tried[:]
    device.fit(digits, first.state, streams=NEXT)
    assert device.tried == [1, 12, 6, *[6] * 6, 6]


def test_a_micro_batch_that_was_asked_for_is_the_most(digits, start):
    device = Device(room=100)
    device.fit(digits, start, TRAIN.model_copy(update={"micro_batch": 4}))
    assert device.tried == [1, 4, *[4] * 9, 4]


def test_no_room_for_one_row_is_one_clear_error(digits, start):
    with pytest.raises(RayscError, match=r"cannot train on a single row at once; take a smaller network"):
        Device(room=0).fit(digits, start, TRAIN.model_copy(update={"dropout": 0.0}))


def test_other_errors_are_not_taken_for_it(digits, start):
    def broken(network, batch):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        training.fit(broken, digits, start, range(3), Train(batch=4), SEED_0)


def test_elsewhere_nothing_is_tried(digits, start, monkeypatch):
    monkeypatch.setattr(gpu, "on_gpu", lambda device: False)
    device = Device(room=100)
    device.fit(digits, start)
    assert device.tried == [1, *[12] * 3, 12]
