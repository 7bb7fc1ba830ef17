"""Crews of several ranks, each a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import ray

from raysc import activity
from raysc.activity import Told
from raysc.cluster import crew
from raysc.cluster.crew import ActorCrew
from raysc.cluster.trial import bundles
from raysc.plan import LoopUnit, make_plan
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.pool.shelf import MemoryShelf
from raysc.regimes.recipe import REAL
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.sweepfile.settings import Resources, Sample, Train

STEPS = 1_000


@pytest.fixture
def loop_unit(make_sweep: Callable[..., Sweep], digits_text: str, tmp_path: Path) -> LoopUnit:
    return make_plan(make_sweep(digits_text), Objects.at(str(tmp_path))).loop[0]


@pytest.fixture
def two(running_ray: None, loop_unit: LoopUnit) -> Iterator[ActorCrew]:
    """Two ranks that are to train a tiny model of digits."""
    resources = Resources(workers=2)
    group = ray.util.placement_group(bundles(resources)[1:])
    ray.get(group.ready())
    together = ActorCrew(loop_unit.line.family, (0,), loop_unit.line.data.event, resources, group)
    yield together
    together.close()
    ray.util.remove_placement_group(group)


def test_what_rank_0_does_is_told_by_the_process_that_waits_for_it(
    two: ActorCrew, loop_unit: LoopUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Told] = []
    repeat = activity.repeat

    def listen(told: Told | None) -> None:
        repeat(told)
        if told is not None:
            heard.append(told)
            assert activity.told().startswith(f"{told[0]}: {told[2]:,} of {told[3]:,} {told[1]}")

    monkeypatch.setattr(crew, "ASK", 0.02)
    monkeypatch.setattr(activity, "repeat", listen)
    rows = loop_unit.line.data.train((0,))
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    two.fit(0, training_set, "initial", range(STEPS), Train(batch=8))
    trained = [done for what, _, done, total in heard if (what, total) == ("training", STEPS)]
    assert trained == sorted(trained)
    assert len(set(trained)) > 1, "it goes on"
    assert activity.told() == "", "nothing is told of what has ended"
    two.sample(0, 0, 20 * 256, Sample(steps=50), MemoryShelf())
    assert {("sampling", 10)} == {(what, total) for what, _, _, total in heard if what != "training"}, "rank 0's half"
