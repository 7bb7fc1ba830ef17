"""A crew of several ranks: one actor each in the trial's placement group, training together with DDP.

One plain actor per rank and Accelerate are ten times quicker to start than Ray Train inside Tune, and rank failure is
simple: if one dies, all are killed, and the trial goes on from the last published generation.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import ray
from ray.exceptions import GetTimeoutError
from ray.util.placement_group import PlacementGroup
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from raysc import progress
from raysc.cluster.process_resources import use_resources
from raysc.cluster.reference_features import Files
from raysc.errors import RayscError
from raysc.execution.ranks import TrainedRank, share
from raysc.loop import Fit, From
from raysc.metrics.core.features import load_extractors
from raysc.models.family import Trained
from raysc.pool.rows import Block, Rows, TrainingSet
from raysc.pool.shelf import Shelf
from raysc.settings import Resources, Sample, Train
from raysc.store.publishing import Attempt, Manifest, Stored

ASK = 5.0
"""Seconds between two questions to rank 0 what it does."""
TELLING = "telling"
"""A thread of a rank's process that answers while the other one works."""


class RankActor:
    """The process of one rank."""

    def __init__(self, rank: int, resources: Resources) -> None:
        """Say who this rank is, before anything imports Accelerate.

        Each actor sees only the devices that Ray gave it, so its local rank is 0. Without a device, Accelerate joins
        other ranks only if it is told to use the CPU.
        """
        world = resources.workers
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
        if not resources.gpus:
            os.environ["ACCELERATE_USE_CPU"] = "true"
        use_resources(resources, trained=True)
        self._who = rank, world
        self._rank: Any = None

    def address(self) -> tuple[str, int]:
        """This node's address and a free port on it, for the ranks to meet at."""
        with socket.socket() as free:
            free.bind(("", 0))
            return ray.util.get_node_ip_address(), free.getsockname()[1]

    def join(
        self, host: str, port: int, family: Trained, seeds: tuple[int, ...], event: tuple[int, ...], extractors: Files
    ) -> None:
        """Meet the other ranks, and learn what to train and to measure with."""
        os.environ.update(MASTER_ADDR=host, MASTER_PORT=str(port))
        from accelerate import PartialState

        met = PartialState(cpu="ACCELERATE_USE_CPU" in os.environ).num_processes
        if met != self._who[1]:
            raise RayscError(f"a crew of {self._who[1]} ranks was asked for, but Accelerate sees {met}")
        self._rank = TrainedRank(family, seeds, event, *self._who, load_extractors(extractors))

    def do(self, method: str, *arguments: Any) -> Any:
        """Call a method of ``TrainedRank``."""
        return getattr(self._rank, method)(*arguments)

    @ray.method(concurrency_group=TELLING)
    def doing(self) -> progress.Told | None:
        """What long loop this rank is in."""
        return progress.now()


class ActorCrew:
    """Several ranks behind the interface of one.

    Args of the constructor:
        family, seeds, event: as ``TrainedRank`` takes them.
        resources: ranks, and cores and devices per rank.
        group: the trial's placement group; one bundle a rank (the trial itself needs none).
        extractors: files of the networks that compute features, by name; each rank has its own.
    """

    def __init__(
        self,
        family: Trained,
        seeds: tuple[int, ...],
        event: tuple[int, ...],
        resources: Resources,
        group: PlacementGroup | None,
        extractors: Files,
    ) -> None:
        assert group is not None, "a trial with several ranks has a placement group"
        world = resources.workers
        actor = ray.remote(concurrency_groups={TELLING: 1})(RankActor)  # type: ignore[call-overload]  # not in its stubs
        self._block = family.block
        self._actors: list[Any] = [
            actor.options(
                num_cpus=resources.cpus,
                num_gpus=resources.gpus,
                scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank),
            ).remote(rank, resources)
            for rank in range(world)
        ]
        host, port = ray.get(self._actors[0].address.remote())
        ray.get([one.join.remote(host, port, family, seeds, event, extractors) for one in self._actors])

    def _all(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method on every rank at once: collective calls inside would wait for ever on a missing rank."""
        shared = [ray.put(argument) for argument in arguments]
        return self._wait([one.do.remote(method, *shared) for one in self._actors])

    def _wait(self, work: "list[ray.ObjectRef[Any]]") -> list[Any]:
        """Results. Until they are there, this process says what rank 0 does: the others do the same, or their share."""
        try:
            while True:
                try:
                    return ray.get(work, timeout=ASK)  # raises as soon as one rank fails
                except GetTimeoutError:
                    answers, _ = ray.wait([self._actors[0].doing.remote()], timeout=ASK)
                    for answer in answers:
                        progress.repeat(ray.get(answer))
        finally:
            progress.repeat(None)

    def fit(
        self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train together; every rank then holds the same model."""
        fits: Sequence[Fit] = self._all("fit", generation, training_set, start, steps, train, length)
        return fits[0]

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        """Each rank draws and shelves its own blocks."""
        drawn: Sequence[tuple[Block, ...]] = self._all("sample", generation, first, count, sample, shelf)
        return tuple(chain.from_iterable(drawn))

    def features(self, extractor: str, rows: Rows) -> np.ndarray:
        """Features of rows, (seeds, count, dim): each rank computes them of its share, the rows that it sampled."""
        world, shared = len(self._actors), ray.put(rows)
        shares = [share(0, rows.count, self._block, rank, world) for rank in range(world)]
        asked = [
            one.do.remote("features", extractor, shared, mine)
            for one, mine in zip(self._actors, shares, strict=True)
            if mine
        ]
        return np.concatenate(self._wait(asked), axis=1)

    def ask(self, method: str, rows: np.ndarray) -> np.ndarray:
        """What the held model says of rows, at least one: each rank answers for its share, in their order."""
        return np.concatenate([answer for answer in self._all("ask", method, rows) if answer is not None])

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, Stored]:
        """Rank 0 writes the model; all ranks hold the same."""
        files: list[dict[str, Stored]] = self._wait([self._actors[0].do.remote("save", attempt, training_state)])
        return files[0]

    def load(self, manifest: Manifest) -> None:
        """Every rank loads the model."""
        self._all("load", manifest)

    @property
    def model(self) -> tuple["_Asked", None]:
        """Who answers for the held model, whose state is in the ranks' processes."""
        return _Asked(self), None

    def close(self) -> None:
        """End all ranks, at the end of a trial or when one of them died."""
        for one in self._actors:
            ray.kill(one)


@dataclass(frozen=True)
class _Asked:
    """Has what metrics of models ask, see ``BY_ROWS``, of the model that the ranks of a crew hold."""

    crew: ActorCrew

    def token_losses(self, state: None, rows: np.ndarray) -> np.ndarray:
        """As ``OfText.token_losses`` of the held model."""
        return self.crew.ask("token_losses", rows)
