"""What a process says that it is busy with."""

import numpy as np
import pytest

from raysc import progress
from raysc.formatting import clock
from raysc.progress import Activity, tell, told
from raysc.store import leases
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects


@pytest.fixture(autouse=True)
def idle():
    tell("nothing", "things", 1, 1)
    yield
    tell("nothing", "things", 1, 1)


def test_rates_and_the_time_left_are_those_since_it_began():
    now = Activity("training", "steps", 1_000, 1_200, 20_000, began=10.0)
    assert now.text(15.0) == "training: 1,200 of 20,000 steps, 40 a second, about 7 min 50 s left"
    slow = Activity("sampling", "blocks of rows", 0, 1, 3, began=0.0)
    assert slow.text(20.0) == "sampling: 1 of 3 blocks of rows, 3 a minute, about 40 s left"
    assert Activity("training", "steps", 5, 5, 10, began=0.0).text(9.0) == "training: 5 of 10 steps"


def test_a_loop_that_ended_is_not_told_and_a_new_one_begins_anew():
    assert told() == ""
    tell("training", "steps", 0, 4)
    began = progress._now.began
    tell("training", "steps", 2, 4)
    assert told().startswith("training: 2 of 4 steps")
    assert progress._now.began == began
    tell("training", "steps", 0, 4)
    assert progress._now.began > began, "the next generation"
    tell("training", "steps", 4, 4)
    assert told() == ""


def test_a_lease_tells_it_to_everybody(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "BEAT", 0.01)
    objects = Objects.at(str(tmp_path))
    with Lease.take(objects, "loop/lineage/0", "mine"):
        tell("training", "steps", 50, 100)
        for _ in range(500):
            if (holder := holders(objects)["loop/lineage/0"]).doing:
                break
        assert holder.doing.startswith("training: 50 of 100 steps")


@pytest.mark.parametrize(
    ("data", "features"),
    [("digits", "pixels"), ("moons", "coordinates")],
    ids=["one seed a unit", "seeds trained together"],
)
def test_training_sampling_measuring_and_storing_are_told(
    data, features, make_sweep, run_sweep, digits_text, tmp_path, monkeypatch
):
    heard = []
    modules = ("models.training", "models.sampling", "models.packs", "metrics.measure", "store.publishing")
    for module in modules:
        monkeypatch.setattr(f"raysc.{module}.tell", lambda *given: heard.append(given))
    text = digits_text.replace("name: digits", f"name: {data}").replace("pixels", features)
    run_sweep(make_sweep(text, "space.regime=mix"), Objects.at(str(tmp_path)))
    assert {what for what, *_ in heard} == {"training", "sampling", "measuring", "storing the model"}
    for what in {what for what, *_ in heard}:
        own = [(done, total) for name, _, done, total in heard if name == what]
        assert own[0][0] == 0
        assert own[-1][0] == own[-1][1], "it ends"
        assert np.diff([done for done, _ in own]).max() >= 1


def test_clocks():
    assert [clock(seconds) for seconds in (4.9, 185, 7800)] == ["4 s", "3 min 05 s", "2 h 10 min"]
