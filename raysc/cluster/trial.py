"""One Tune trial: it runs one unit on the resources it was given."""

import os
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import ray
from ray import tune

from raysc.cluster.crew import ActorCrew
from raysc.cluster.object_shelf import ObjectBlock, ObjectShelf
from raysc.cluster.process_resources import use_resources
from raysc.cluster.reference_features import Reference
from raysc.cluster.versions import Versions, disagreement, versions
from raysc.errors import RayscError
from raysc.execution import closed_form, initial, trained
from raysc.execution.ranks import ClosedFormRank, TrainedRank
from raysc.execution.unit_context import Bench
from raysc.metrics.core.features import load_extractors
from raysc.metrics.core.measure import Real, RealFeatures, vectors_of
from raysc.metrics.core.metric import Metric
from raysc.models.family import ClosedForm, Trained
from raysc.planning.plan import InitialUnit, Unit
from raysc.planning.resolved import measured_generations_of
from raysc.pool.rows import Block, MemoryBlock
from raysc.pool.shelf import Shelf
from raysc.regimes.recipe import REAL
from raysc.settings import Keep, Resources
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetShelf
from raysc.store.publishing import Attempt, Damaged
from raysc.store.trash import set_damaged_aside
from raysc.sweepfile.sweep import Sweep

FAILURE = "failure"
"""Key of a report that holds a traceback."""


@dataclass(frozen=True)
class RealData:
    """The real rows of one data setting, put into the object store once per sweep.

    Attributes:
        train: (1, n, *event) where all seeds share them; None where each seed has its own, made in its trial.
        test: (rows, *event).
        extractors: name -> files of a network that computes features.
        references: name -> what it makes of these rows, ``Vectors``.
    """

    train: "ray.ObjectRef[Any] | None"
    test: "ray.ObjectRef[Any]"
    extractors: Mapping[str, Mapping[str, bytes]]
    references: Mapping[str, Reference]


@dataclass(frozen=True)
class Shared:
    """What all trials of a wave have in common.

    Attributes:
        sweep: what asked for them.
        objects: the store.
        keeps: lineage -> what stays of it, by all sweeps that name it.
        versions: the driver's: a trial runs on no others.
    """

    sweep: Sweep
    objects: Objects
    keeps: Mapping[str, Keep]
    versions: Versions


@dataclass(frozen=True)
class Job:
    """What a unit's trial needs.

    Attributes:
        shared: common to all trials; in the object store once, since a sweep of 10,000 cells is large.
        unit: the unit.
        metrics: by address.
        real: its data.
        queued: when the wave was handed to Ray, seconds since the epoch.
    """

    shared: "ray.ObjectRef[Shared]"
    unit: Unit
    metrics: Mapping[str, Metric]
    real: RealData
    queued: float


def bundles(resources: Resources) -> list[dict[str, float]]:
    """A trial's placement group: with one rank the trial's own bundle, with several an empty one before theirs."""
    rank = {"CPU": float(resources.cpus), **({"GPU": resources.gpus} if resources.gpus else {})}
    return [rank] if resources.workers == 1 else [{}, *[rank] * resources.workers]


def run_trial(config: Mapping[str, Any], jobs: Mapping[str, "ray.ObjectRef[Job]"]) -> None:
    """The trainable: ``config`` holds the axes of the search space and the unit's name."""
    job = ray.get(jobs[config["unit"]])
    try:
        run_job(job, ray.get(job.shared), tune.report)
    except Exception:
        # Tune hands errors on by files; where the disk is full, the driver would never learn why.
        tune.report({FAILURE: traceback.format_exc()})
        raise


def run_job(job: Job, shared: Shared, report: Callable[[dict[str, Any]], None]) -> None:
    """Run a unit to its end, unless somebody else is running it; what it publishes is its result.

    What is found damaged on the way is set aside, and the unit goes on: then it is missing, and made again.
    """
    # Nodes that came up after the preflight are checked here.
    if differs := disagreement(shared.versions, versions(text=True)):
        raise RayscError(f"node {os.uname().nodename} has {differs}; install the same versions everywhere")
    lease = Lease.take(shared.objects, job.unit.name, shared.sweep.name)
    if lease is None:
        return
    resources = shared.sweep.resources
    use_resources(resources, job.unit.line.family.trained)

    def tell(columns: Mapping[str, Any]) -> None:
        lease.reached(int(columns["generation"]))
        report(dict(columns))

    with lease:
        bench = _bench(job, shared, tell)
        while True:
            try:
                _run(job, resources, bench)
                return
            except Damaged as damage:
                # One that came from a rank's process wears a Ray error's clothes; its cause is the original.
                set_damaged_aside(shared.objects, getattr(damage, "cause", damage))


def _run(job: Job, resources: Resources, bench: Bench) -> None:
    unit, extractors = job.unit, job.real.extractors
    if not unit.line.family.trained:
        assert not isinstance(unit, InitialUnit), "closed-form families make their own generation 0"
        rank = ClosedFormRank(cast(ClosedForm, unit.line.family), unit.seeds, extractors=load_extractors(extractors))
        closed_form.run(unit, _extracting(rank, bench, job.real), rank)
        return
    family, event = cast(Trained, unit.line.family), unit.line.data.event
    crew: ActorCrew | TrainedRank
    if resources.workers > 1:
        group = ray.util.get_current_placement_group()
        crew = ActorCrew(family, unit.seeds, event, resources, group, extractors)
    else:
        crew = TrainedRank(family, unit.seeds, event, extractors=load_extractors(extractors))
    try:
        bench = _extracting(crew, bench, job.real)
        if isinstance(unit, InitialUnit):
            initial.run(unit, bench, crew)
        else:
            trained.run(unit, bench, crew)
    finally:
        crew.close()


def _extracting(crew: ActorCrew | TrainedRank | ClosedFormRank, bench: Bench, real: RealData) -> Bench:
    """A bench whose features the crew computes; those of real rows only where each seed has rows of its own."""
    for name, reference in real.references.items():
        if reference.train is None:
            train = vectors_of(crew.features(name, bench.real_rows))
        else:
            train = (ray.get(reference.train),)
        bench.real.known[name] = RealFeatures(train, ray.get(reference.test))
    return replace(bench, extract=crew.features)


def _bench(job: Job, shared: Shared, report: Callable[[Mapping[str, Any]], None]) -> Bench:
    unit, data = job.unit, job.unit.line.data
    block: Block
    if job.real.train is None:
        block = MemoryBlock((REAL, unit.seeds), 0, data.train(unit.seeds))
    else:
        block = ObjectBlock(job.real.train, 0, data.count)
    test = ray.get(job.real.test)
    sweep, objects = shared.sweep, shared.objects

    def shelf(attempt: Attempt) -> Shelf:
        return ParquetShelf(objects, attempt.prefix) if sweep.pool == "parquet" else ObjectShelf()

    return Bench(
        objects=objects,
        generations=sweep.generations,
        measured=frozenset(measured_generations_of(sweep, unit.line)),
        seeds=unit.seeds,
        data=data,
        real_block=block,
        real=Real(data.kind, block.load(), test, data=data),
        metrics=job.metrics,
        shelf=shelf,
        provenance=_provenance(job, sweep),
        report=report,
        keep=shared.keeps.get(unit.line.keys.lineage, sweep.keep),
        checkpoint_seconds=60 * sweep.resources.checkpoint_minutes,
        until=sweep.until,
        waited=time.time() - job.queued,
    )


def _provenance(job: Job, sweep: Sweep) -> dict[str, Any]:
    resources = sweep.resources
    return {
        "lineage": job.unit.line.keys.settings,
        "versions": dict(versions(text=job.unit.line.data.kind == "text")),
        "ranks": resources.workers,
        "device": device_name() if resources.gpus else f"cpu, {resources.cpus:g} per rank",
        "host": os.uname().nodename,
        "node": ray.get_runtime_context().get_node_id(),
        "sweep": sweep.resolved,
    }


def device_name() -> str:
    """The name of the accelerator that this process sees."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
