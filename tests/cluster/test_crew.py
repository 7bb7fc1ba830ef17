"""Crews of several ranks, each in its own process, as a trial starts them."""

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
from raysc.cluster.crew import ActorCrew, CrewModel
from raysc.cluster.trial import bundles
from raysc.datasets.dataset import DataSet, LabelledRows
from raysc.datasets.images.digits import Digits
from raysc.execution.ranks import TrainedRank
from raysc.metrics.core.classifier import train_classifier
from raysc.metrics.core.features import load_extractors
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Metric
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.neighbours.recall import Recall
from raysc.models.family import TrainedFamily
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.tokens import Texts
from raysc.pool.training_set import TrainingSet
from raysc.progress import ProgressArguments
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.settings import Component, Resources, Sample, Train
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

STEPS = 1_000


@pytest.fixture
def loop_unit(make_sweep: Callable[..., Sweep], digits_text: str, tmp_path: Path) -> LoopUnit:
    return make_plan(resolve(make_sweep(digits_text)), Objects.open(str(tmp_path))).loop[0]


@pytest.fixture
def two_ranks(running_ray: None, loop_unit: LoopUnit) -> Iterator[ActorCrew]:
    """Two ranks for a tiny model of digits."""
    resources = Resources(workers=2, cpus=0.5)
    group = ray.util.placement_group(bundles(resources)[1:])
    try:
        ray.get(group.ready())
        family = cast(TrainedFamily, loop_unit.cell.family)
        (two_ranks,) = ActorCrew.start([CrewModel(family, (0,), loop_unit.cell.data.event, {})], resources, group)
        yield two_ranks
        two_ranks.close()
    finally:
        ray.util.remove_placement_group(group)  # else the only core stays reserved in later tests


def test_the_trial_reports_the_progress_of_rank_0(
    two_ranks: ActorCrew, loop_unit: LoopUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots: list[ProgressArguments] = []
    relay = progress.relay

    def listen(snapshot: ProgressArguments | None) -> None:
        relay(snapshot)
        if snapshot is not None:
            snapshots.append(snapshot)
            assert progress.describe().startswith("{0}: {2:,} of {3:,} {1}".format(*snapshot))

    monkeypatch.setattr(crew, "PROGRESS_SECONDS", 0.02)
    monkeypatch.setattr(progress, "relay", listen)
    rows = loop_unit.cell.data.train((0,))
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    two_ranks.fit(0, training_set, "initial", range(STEPS), Train(batch=8))
    steps = [done for activity, _, done, total in snapshots if (activity, total) == ("training", STEPS)]
    assert steps == sorted(steps)
    assert len(set(steps)) > 1, "the progress advances"
    assert progress.describe() == "", "no progress is reported after the end"
    two_ranks.sample(0, 0, 20 * 256, Sample(steps=50), MemoryBlockStore())
    others = {(activity, total) for activity, _, _, total in snapshots if activity != "training"}
    assert others == {("sampling", 10)}, "half of the blocks: those of rank 0"


@dataclass(frozen=True)
class WatchedBlock:
    """A block that records, in a folder, each process that loads it.

    Attributes:
        drawn_by: id of the process that drew the rows.
    """

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
class WatchedBlockStore:
    folder: Path

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        return WatchedBlock((source, seeds, first), first, rows, self.folder, os.getpid())


@pytest.mark.usefixtures("running_ray")
def test_each_rank_computes_the_features_of_its_own_rows_and_they_equal_those_of_one_rank(tmp_path: Path) -> None:
    data, seeds = Digits(), (0,)
    train = data.train(seeds)
    component = Component(name="flow_matching", parameters={"width": 8, "depth": 1})
    family = cast(TrainedFamily, registry.family(component, cast(DataSet, data)))
    few = LabelledRows(data.labelled_train().rows[:200], data.labelled_train().labels[:200])
    files = {"classifier": train_classifier(few, few).to_files()}
    resources = Resources(workers=2, cpus=0.5)
    group = placement_group(bundles(resources)[1:])
    training_set = mix(Recipe((Take(REAL, 64),)), {REAL: Rows(REAL, (MemoryBlock("real", 0, train),))}, seeds, 0, 64)
    results = {}
    try:
        one_rank = TrainedRank(family, seeds, data.event, extractors=load_extractors(files))
        (two_ranks,) = ActorCrew.start([CrewModel(family, seeds, data.event, files)], resources, group)
        for name, crew in (("one", one_rank), ("two", two_ranks)):
            folder = tmp_path / name
            folder.mkdir()
            crew.fit(0, training_set, "initial", range(2), Train(batch=32))
            rows = Rows(synthetic(0), crew.sample(0, 0, 700, Sample(steps=2), WatchedBlockStore(folder)))
            results[name] = rows, crew.features("classifier", rows), {path.name for path in folder.iterdir()}
        two_ranks.close()
        one_rank.close()
    finally:
        remove_placement_group(group)  # else the only core stays reserved in later tests
    rows, features, loads = results["two"]
    blocks = cast(tuple[WatchedBlock, ...], rows.blocks)
    assert [block.rows for block in blocks] == [256, 444]
    assert loads == {f"{block.first}-{block.drawn_by}" for block in blocks}, "each rank loads its own blocks only"
    assert len({block.drawn_by for block in blocks} - {os.getpid()}) == 2
    assert features.shape == (1, 700, 64)
    # Features of the same rows agree up to rounding. Metrics are close, since two ranks add gradients in another order.
    extractors = load_extractors(files)
    np.testing.assert_allclose(features, extractors["classifier"].features(rows.load()), rtol=1e-5, atol=1e-6)
    real = RealSets(data.kind, train, data.test(), extractors)
    metrics: list[Metric] = [FrechetDistance(), Recall()]
    expected, actual = (
        measure(metrics, None, real, None, {"classifier": results[name][1]}.__getitem__) for name in ("one", "two")
    )
    for column, values in expected.items():
        assert actual[column] == pytest.approx(values, rel=1e-3), column
