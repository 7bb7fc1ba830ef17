"""A crew of several ranks: one actor each in the trial's placement group, which train together with DDP.

Plain actors with Accelerate start ten times faster than Ray Train inside Tune. The failure of a rank is simple: all
ranks are killed, and the trial continues from the last published generation.
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
from raysc.cluster.reference_features import Files
from raysc.errors import RayscError
from raysc.execution.ranks import TrainedRank, share, text_scores
from raysc.loop import Fit, StartWeights
from raysc.machine.process_resources import use_resources
from raysc.metrics.core.features import LoadedExtractors, load_extractors
from raysc.models.family import TrainedFamily
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.settings import Resources, Sample, Train
from raysc.store.publishing import Attempt, FileEntry, Manifest

PROGRESS_SECONDS = 5.0
"""Seconds between two requests for the progress of rank 0."""

PROGRESS_THREAD = "progress"
"""Concurrency group of an actor: a thread that answers while the main thread computes."""


@dataclass(frozen=True)
class CrewModel:
    """A model that the ranks of a trial train.

    Attributes:
        family: the model family.
        seeds: the pack.
        event: shape of a row.
        extractors: files of the networks that compute features, by name; each rank loads them.
        number: number of the model among coupled ones.
    """

    family: TrainedFamily
    seeds: tuple[int, ...]
    event: tuple[int, ...]
    extractors: Files
    number: int = 0

    def rank(self, loaded: LoadedExtractors, number: int = 0, world: int = 1) -> TrainedRank:
        """Return a rank of the model in this process; ``loaded`` has the networks of the models before it."""
        networks = load_extractors(self.extractors, loaded)
        return TrainedRank(self.family, self.seeds, self.event, number, world, networks, self.number)


class RankActor:
    """The process of one rank, of all models of a trial."""

    def __init__(self, rank: int, resources: Resources) -> None:
        """Set the environment of a rank, before anything imports Accelerate.

        Each actor sees only the devices that Ray assigned to it, so its local rank is 0. Without a device, Accelerate
        joins other ranks only if ACCELERATE_USE_CPU is set.
        """
        world = resources.workers
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
        if not resources.gpus:
            os.environ["ACCELERATE_USE_CPU"] = "true"
        use_resources(resources, trained=True)
        self._rank_number, self._world = rank, world
        self._ranks: list[TrainedRank] = []

    def address(self) -> tuple[str, int]:
        """Return this node's address and a free port on it, for the process group."""
        with socket.socket() as listener:
            listener.bind(("", 0))
            return ray.util.get_node_ip_address(), listener.getsockname()[1]

    def join(self, host: str, port: int, models: Sequence[CrewModel]) -> None:
        """Join the process group of the ranks, and load the models' families and extractors.

        Args:
            host: address of rank 0.
            port: free port on it.
            models: the models.

        Raises:
            RayscError: Accelerate sees another number of ranks.
        """
        os.environ.update(MASTER_ADDR=host, MASTER_PORT=str(port))
        from accelerate import PartialState

        processes = PartialState(cpu="ACCELERATE_USE_CPU" in os.environ).num_processes
        if processes != self._world:
            raise RayscError(f"the crew has {self._world} ranks, but Accelerate sees {processes}")
        loaded: LoadedExtractors = {}
        self._ranks = [model.rank(loaded, self._rank_number, self._world) for model in models]

    def call(self, model: int, method: str, *arguments: Any) -> Any:
        """Call a method of the ``TrainedRank`` of a model."""
        return getattr(self._ranks[model], method)(*arguments)

    @ray.method(concurrency_group=PROGRESS_THREAD)
    def current_progress(self) -> progress.ProgressArguments | None:
        """Return the progress of the long loop that this rank runs; None outside of loops."""
        return progress.current()


class ActorCrew:
    """Several ranks with the interface of one crew.

    Coupled models have a crew each, and their crews share the ranks, which hold all models and work for one at a time.
    """

    def __init__(self, actors: Sequence[Any], block: int, model: int = 0) -> None:
        """Use ``start`` instead.

        Args:
            actors: the ranks.
            block: rows of a sampling block of the model's family.
            model: index of the model among those of the ranks.
        """
        self._actors = actors
        self._block = block
        self._model = model

    @classmethod
    def start(
        cls, models: Sequence[CrewModel], resources: Resources, group: PlacementGroup | None
    ) -> "list[ActorCrew]":
        """Start the actors and join them.

        Args:
            models: the models that they train.
            resources: number of ranks, and cores and devices per rank.
            group: the trial's placement group, with one bundle per rank (the trial itself needs none).

        Returns:
            The crew of each model.
        """
        assert group is not None, "a trial with several ranks has a placement group"
        world = resources.workers
        rank_actor = ray.remote(concurrency_groups={PROGRESS_THREAD: 1})(RankActor)  # type: ignore[call-overload]  # not in its stubs
        actors: list[Any] = [
            rank_actor.options(
                num_cpus=resources.cpus,
                num_gpus=resources.gpus,
                scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank),
            ).remote(rank, resources)
            for rank in range(world)
        ]
        host, port = ray.get(actors[0].address.remote())
        ray.get([actor.join.remote(host, port, models) for actor in actors])
        return [cls(actors, model.family.block, index) for index, model in enumerate(models)]

    def _call_all(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method on all ranks at once: collective operations inside wait for every rank."""
        refs = [ray.put(argument) for argument in arguments]
        return self._wait([actor.call.remote(self._model, method, *refs) for actor in self._actors])

    def _wait(self, calls: "list[ray.ObjectRef[Any]]") -> list[Any]:
        """Return the results of calls; meanwhile, report the progress of rank 0 as this process's progress."""
        try:
            while True:
                try:
                    return ray.get(calls, timeout=PROGRESS_SECONDS)  # raises as soon as one rank fails
                except GetTimeoutError:
                    ready, _ = ray.wait([self._actors[0].current_progress.remote()], timeout=PROGRESS_SECONDS)
                    for snapshot in ready:
                        progress.relay(ray.get(snapshot))
        finally:
            progress.relay(None)

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Fit the model of a generation on all ranks together; each rank then holds the same model."""
        fits: Sequence[Fit] = self._call_all("fit", generation, training_set, start, steps, train, length)
        return fits[0]

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw rows; each rank stores its own blocks."""
        blocks_by_rank: Sequence[tuple[Block, ...]] = self._call_all(
            "sample", generation, first, count, sample, block_store
        )
        return tuple(chain.from_iterable(blocks_by_rank))

    def features(self, extractor: str, rows: Rows) -> np.ndarray:
        """Compute features of rows, (seeds, count, dim); each rank computes those of the rows that it sampled."""
        world, rows_ref = len(self._actors), ray.put(rows)
        spans = [share(0, rows.count, self._block, rank, world) for rank in range(world)]
        calls = [
            actor.call.remote(self._model, "features", extractor, rows_ref, span)
            for actor, span in zip(self._actors, spans, strict=True)
            if span
        ]
        return np.concatenate(self._wait(calls), axis=1)

    def call_rowwise(self, method: str, rows: np.ndarray) -> np.ndarray:
        """Call the family's ``method(state, rows)`` on at least one row; each rank computes the values of its share."""
        shares: list[np.ndarray | None] = self._call_all("call_rowwise", method, rows)
        return np.concatenate([values for values in shares if values is not None])

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Compute log probabilities of texts (1, count, length), float64 (1, count)."""
        return text_scores(self.call_rowwise("token_losses", rows[0]))

    def save(self, attempt: Attempt, training_state: bool) -> dict[str, FileEntry]:
        """Write the model into an attempt, on rank 0, since all ranks hold the same; return its files."""
        files: list[dict[str, FileEntry]] = self._wait(
            [self._actors[0].call.remote(self._model, "save", attempt, training_state)]
        )
        return files[0]

    def load(self, manifest: Manifest, training_state: bool) -> None:
        """Load the model of a published generation on every rank, with what training needs to continue or without."""
        self._call_all("load", manifest, training_state)

    def mark_diverged(self, diverged: np.ndarray) -> None:
        """Let seeds of the model that the ranks hold count as diverged, on every rank; mask, bool (seeds,)."""
        self._call_all("mark_diverged", diverged)

    def load_base(self, manifest: Manifest) -> None:
        """Load generation 0's model, which guides the samples of all later ones, on every rank."""
        self._call_all("load_base", manifest)

    @property
    def model(self) -> tuple["_RemoteFamily", None]:
        """A proxy of the family and no state, for metrics of models: the state is in the ranks' processes."""
        return _RemoteFamily(self), None

    def close(self) -> None:
        """Kill all ranks, at the end of a trial or after the failure of one of them; other crews may share them."""
        for actor in self._actors:
            ray.kill(actor)


@dataclass(frozen=True)
class _RemoteFamily:
    """The methods of a family that metrics of models call (``ROWWISE_METHODS``), run by the ranks of a crew."""

    crew: ActorCrew

    def token_losses(self, state: None, rows: np.ndarray) -> np.ndarray:
        """Compute ``SupportsText.token_losses`` with the model that the ranks hold."""
        return self.crew.call_rowwise("token_losses", rows)
