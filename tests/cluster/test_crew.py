"""Crews of several ranks, each a process of its own, as a trial starts them."""

import os
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import ray
from ray.util import placement_group, remove_placement_group

from raysc import progress, registry
from raysc.cluster import crew
from raysc.cluster.crew import ActorCrew
from raysc.cluster.trial import bundles
from raysc.datasets.dataset import Labelled
from raysc.datasets.digits import Digits
from raysc.execution.ranks import TrainedRank
from raysc.metrics.core.classifier import train_classifier
from raysc.metrics.core.features import load_extractors
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.neighbours.recall import Recall
from raysc.models.family import Trained
from raysc.planning.plan import LoopUnit, make_plan
from raysc.pool.mixing import mix
from raysc.pool.rows import Block, MemoryBlock, Rows, TrainingSet
from raysc.pool.shelf import MemoryShelf
from raysc.progress import Told
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.settings import Component, Resources, Sample, Train
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

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
    together = ActorCrew(loop_unit.line.family, (0,), loop_unit.line.data.event, resources, group, {})
    yield together
    together.close()
    ray.util.remove_placement_group(group)


def test_what_rank_0_does_is_told_by_the_process_that_waits_for_it(
    two: ActorCrew, loop_unit: LoopUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Told] = []
    repeat = progress.repeat

    def listen(told: Told | None) -> None:
        repeat(told)
        if told is not None:
            heard.append(told)
            assert progress.told().startswith(f"{told[0]}: {told[2]:,} of {told[3]:,} {told[1]}")

    monkeypatch.setattr(crew, "ASK", 0.02)
    monkeypatch.setattr(progress, "repeat", listen)
    rows = loop_unit.line.data.train((0,))
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    two.fit(0, training_set, "initial", range(STEPS), Train(batch=8))
    trained = [done for what, _, done, total in heard if (what, total) == ("training", STEPS)]
    assert trained == sorted(trained)
    assert len(set(trained)) > 1, "it goes on"
    assert progress.told() == "", "nothing is told of what has ended"
    two.sample(0, 0, 20 * 256, Sample(steps=50), MemoryShelf())
    assert {("sampling", 10)} == {(what, total) for what, _, _, total in heard if what != "training"}, "rank 0's half"


@dataclass(frozen=True)
class Watched:
    """Rows of which is told, in a folder, which process drew them and which loads them."""

    key: Hashable
    first: int
    array: np.ndarray
    folder: Path
    drawn_by: int
    sha256: str = ""
    acceptance: None = None

    @property
    def rows(self) -> int:
        return int(self.array.shape[1])

    def load(self) -> np.ndarray:
        (self.folder / f"{self.first}-{os.getpid()}").touch()
        return self.array


@dataclass(frozen=True)
class WatchedShelf:
    folder: Path

    def put(self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: None = None) -> Block:
        return Watched((source, seeds, first), first, rows, self.folder, os.getpid())


@pytest.mark.usefixtures("running_ray")
def test_each_rank_computes_the_features_of_the_rows_that_it_drew_as_one_rank_does(tmp_path: Path) -> None:
    data, seeds = Digits(), (0,)
    train = data.train(seeds)
    family = cast(Trained, registry.family(Component(name="flow_matching", parameters={"width": 8, "depth": 1}), data))
    few = Labelled(data.labelled_train().rows[:200], data.labelled_train().labels[:200])
    files = {"classifier": train_classifier(few, few).to_files()}
    resources = Resources(workers=2, cpus=1)
    group = placement_group([{"CPU": 1}] * 2)
    alone = TrainedRank(family, seeds, data.event, extractors=load_extractors(files))
    together = ActorCrew(family, seeds, data.event, resources, group, files)
    training_set = mix(Recipe((Take(REAL, 64),)), {REAL: Rows(REAL, (MemoryBlock("real", 0, train),))}, seeds, 0, 64)
    found = {}
    try:
        for name, crew in (("one", alone), ("two", together)):
            folder = tmp_path / name
            folder.mkdir()
            crew.fit(0, training_set, "initial", range(2), Train(batch=32))
            rows = Rows(synthetic(0), crew.sample(0, 0, 700, Sample(steps=2), WatchedShelf(folder)))
            found[name] = rows, crew.features("classifier", rows), {path.name for path in folder.iterdir()}
    finally:
        together.close()
        alone.close()
        remove_placement_group(group)  # else its cores are taken for all tests that follow
    rows, features, loaded = found["two"]
    assert [block.rows for block in rows.blocks] == [256, 444]
    assert loaded == {f"{block.first}-{block.drawn_by}" for block in rows.blocks}, "nobody else's were loaded"
    assert len({block.drawn_by for block in rows.blocks} - {os.getpid()}) == 2
    assert features.shape == (1, 700, 64)
    # Of the same rows, features are the same but for rounding; whole metrics, where two ranks trained, are close.
    extractors = load_extractors(files)
    np.testing.assert_allclose(features, extractors["classifier"].features(rows.load()), rtol=1e-5, atol=1e-6)
    real = Real(data.kind, train, data.test(), extractors)
    metrics = [FrechetDistance(), Recall()]
    one, two = (measure(metrics, None, real, None, lambda _, own=found[name][1]: own) for name in ("one", "two"))
    for column, values in one.items():
        assert two[column] == pytest.approx(values, rel=1e-3), column
