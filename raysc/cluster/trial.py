"""A Tune trial: it runs one unit on the resources of its placement group."""

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import ray
from ray import tune

from raysc.cluster import ray_compat
from raysc.cluster.crew import ActorCrew, CrewModel
from raysc.cluster.object_blocks import ObjectBlock, ObjectBlockStore
from raysc.cluster.real_data import RealData
from raysc.cluster.versions import Versions, disagreement, versions
from raysc.errors import RayscError
from raysc.execution import closed_form_unit, coupled_trained_unit, coupled_unit, initial_unit, trained_unit
from raysc.execution.coupled_trained_unit import CoupledTrainedModel
from raysc.execution.coupled_unit import CoupledModel
from raysc.execution.measurer import Measurer
from raysc.execution.metric_writer import MetricWriter
from raysc.execution.ranks import ClosedFormRank, TrainedRank
from raysc.execution.unit_context import UnitContext
from raysc.machine.process_resources import use_resources
from raysc.metrics.core.features import LoadedExtractors, load_extractors
from raysc.metrics.core.measure import RealFeatures, RealSets, vectors_by_seed
from raysc.metrics.core.metric import Metric
from raysc.models.family import ClosedFormFamily, TrainedFamily
from raysc.planning.resolved import measured_generations_of
from raysc.planning.units import InitialUnit, LoopUnit, Unit, is_outdated
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL
from raysc.settings import Keep, Resources
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import Attempt, DamagedObjectError
from raysc.store.trash import move_damaged_to_trash
from raysc.sweepfile.sweep import Sweep

FAILURE = "failure"
"""Key of a report that holds a traceback."""

Report = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class WaveInputs:
    """Inputs that all trials of a wave share.

    Attributes:
        sweep: the sweep.
        objects: the store.
        retention: lineage -> the retention of all sweeps that use it.
        versions: the versions of the driver; a trial refuses to run on others.
    """

    sweep: Sweep
    objects: Objects
    retention: Mapping[str, Keep]
    versions: Versions


@dataclass(frozen=True)
class TrialInputs:
    """Inputs of one trial.

    Attributes:
        wave: inputs of the whole wave; in the object store once, since a sweep of 10,000 cells is large.
        unit: the unit.
        metrics: key -> metric.
        real_data: the real rows of the unit's data setting.
        queued: time at which the wave was handed to Ray, in seconds since the epoch.
        models: of a unit of coupled models: the inputs of each of them; empty for a single model.
    """

    wave: "ray.ObjectRef[WaveInputs]"
    unit: Unit
    metrics: Mapping[str, Metric]
    real_data: RealData
    queued: float
    models: "tuple[TrialInputs, ...]" = ()


def bundles(resources: Resources) -> list[dict[str, float]]:
    """Return the bundles of a trial's placement group.

    With one rank, the trial itself is the rank. With several, an empty bundle for the trial comes before theirs.
    """
    rank = {"CPU": float(resources.cpus), **({"GPU": resources.gpus} if resources.gpus else {})}
    return [rank] if resources.workers == 1 else [{}, *[rank] * resources.workers]


def run_trial(config: Mapping[str, Any], inputs: Mapping[str, "ray.ObjectRef[TrialInputs]"]) -> None:
    """Run the unit of a trial; the trainable of every Tune run.

    Args:
        config: a point of the search space, with the name of the unit.
        inputs: name of a unit -> the inputs of its trial.
    """
    trial_inputs = ray.get(inputs[config["unit"]])
    try:
        run_unit(trial_inputs, ray.get(trial_inputs.wave), tune.report)
    except Exception:
        # Tune passes errors on in files; with a full disk they are empty, and the driver does not learn the reason.
        tune.report({FAILURE: traceback.format_exc()})
        raise


def run_unit(inputs: TrialInputs, wave: WaveInputs, report: Callable[[dict[str, Any]], None]) -> None:
    """Run a unit to its end, unless another process holds its lease or has published a part of it in another pack.

    Its result is what it publishes. Damaged objects move to the trash, and the unit starts again: then they are
    missing, and are made again.

    Args:
        inputs: inputs of the trial.
        wave: inputs of the wave.
        report: called with the columns of each published generation.

    Raises:
        RayscError: the versions of this node differ from those of the driver.
    """
    # The preflight checks only nodes that were up before the run.
    if differences := disagreement(wave.versions, versions(text=True)):
        raise RayscError(f"node {os.uname().nodename} has {differences}; install the same versions everywhere")
    coupled_keys = tuple(model.unit.cell.keys.lineage for model in inputs.models[1:])
    lease = Lease.acquire(wave.objects, inputs.unit.name, wave.sweep.name, coupled_keys)
    if lease is None:
        return
    use_resources(wave.sweep.resources, inputs.unit.cell.family.trained)

    def report_generation(columns: Mapping[str, Any]) -> None:
        lease.report_generation(int(columns["generation"]))
        report(dict(columns))

    with lease:
        if is_outdated(inputs.unit, wave.objects):
            return  # the driver plans again, without the published part
        wait_seconds = time.time() - inputs.queued
        while True:
            try:
                _run_with_crew(inputs, wave, report_generation, wait_seconds)
                return
            except DamagedObjectError as damage:
                move_damaged_to_trash(wave.objects, ray_compat.unwrap(damage))


def _run_with_crew(inputs: TrialInputs, wave: WaveInputs, report: Report, wait_seconds: float) -> None:
    """Start the crew of a unit, run the unit, and end the crew."""
    unit, by_model = inputs.unit, inputs.models or (inputs,)
    # Tune has one row per trial: it shows model 0.
    reports = [report, *[_ignore] * (len(by_model) - 1)]
    if not unit.cell.family.trained:
        assert isinstance(unit, LoopUnit), "closed-form families make their own generation 0"
        loaded: LoadedExtractors = {}
        models = [
            _closed_form_model(of_model, wave, report_of_model, wait_seconds, loaded)
            for of_model, report_of_model in zip(by_model, reports, strict=True)
        ]
        if len(models) > 1:
            coupled_unit.run(models)
        else:
            closed_form_unit.run(unit, models[0].context, models[0].crew)
        return
    crews = _trained_crews(by_model, wave.sweep.resources)
    try:
        contexts = [
            _context(of_model, wave, crew, report_of_model, wait_seconds)
            for of_model, crew, report_of_model in zip(by_model, crews, reports, strict=True)
        ]
        if isinstance(unit, InitialUnit):
            initial_unit.run(unit, contexts[0], crews[0])
        elif unit.cell.coupled:
            coupled_trained_unit.run(list(map(CoupledTrainedModel, unit.models, contexts, crews)))
        else:
            trained_unit.run(unit, contexts[0], crews[0])
    finally:
        for crew in crews:
            crew.close()


def _ignore(columns: Mapping[str, Any]) -> None:
    """Report nothing."""


def _closed_form_model(
    inputs: TrialInputs, wave: WaveInputs, report: Report, wait_seconds: float, loaded: LoadedExtractors
) -> CoupledModel:
    """Return one model of a closed-form unit, with its crew, which is this process; ``loaded``: networks so far."""
    cell, extractors = inputs.unit.cell, load_extractors(inputs.real_data.extractors, loaded)
    rank = ClosedFormRank(
        cast(ClosedFormFamily, cell.family), cell.stream_seeds(inputs.unit.seeds), extractors=extractors
    )
    return CoupledModel(cell, _context(inputs, wave, rank, report, wait_seconds), rank)


def _trained_crews(inputs: Sequence[TrialInputs], resources: Resources) -> Sequence[ActorCrew | TrainedRank]:
    """Return the crew of each model of a unit: this process, or actors for several ranks that all models share."""
    models = []
    for of_model in inputs:
        cell, extractors = of_model.unit.cell, of_model.real_data.extractors
        family = cast(TrainedFamily, cell.family)
        models.append(CrewModel(family, of_model.unit.seeds, cell.data.event, extractors, cell.model_number))
    if resources.workers == 1:
        loaded: LoadedExtractors = {}
        return [model.rank(loaded) for model in models]
    return ActorCrew.start(models, resources, ray.util.get_current_placement_group())


def _context(
    inputs: TrialInputs,
    wave: WaveInputs,
    crew: ActorCrew | TrainedRank | ClosedFormRank,
    report: Report,
    wait_seconds: float,
) -> UnitContext:
    """Build the context of a unit; its crew computes the features of networks."""
    sweep, objects, unit, data = wave.sweep, wave.objects, inputs.unit, inputs.unit.cell.data
    real_block = _real_block(inputs)
    real = RealSets(
        data.kind,
        real_block.load(),
        ray.get(inputs.real_data.test),
        data=data,
        feature_cache=_real_features(inputs.real_data, Rows(REAL, (real_block,)), crew),
    )

    def block_store(attempt: Attempt) -> BlockStore:
        return ParquetBlockStore(objects, attempt.prefix) if sweep.pool == "parquet" else ObjectBlockStore()

    return UnitContext(
        objects=objects,
        generations=unit.cell.generations,
        seeds=unit.seeds,
        data=data,
        real_block=real_block,
        measurer=Measurer(
            metrics=inputs.metrics,
            generations=frozenset(measured_generations_of(sweep, unit.cell)),
            data=data,
            real=real,
            seeds=len(unit.seeds),
            until=sweep.until,
            extract=crew.features,
        ),
        writer=MetricWriter(objects, unit.seeds, report),
        block_store=block_store,
        provenance=_provenance(unit, sweep),
        keep=wave.retention.get(unit.cell.keys.lineage, sweep.keep),
        checkpoint_seconds=60 * sweep.resources.checkpoint_minutes,
        wait_seconds=wait_seconds,
    )


def _real_block(inputs: TrialInputs) -> Block:
    """Return the real rows of the unit's pack: from the object store, or made here where each seed has its own."""
    unit, train = inputs.unit, inputs.real_data.train
    if train is None:
        return MemoryBlock((REAL, unit.seeds), 0, unit.cell.data.train(unit.cell.data_seeds(unit.seeds)))
    return ObjectBlock(train, 0, unit.cell.data.count)


def _real_features(
    real_data: RealData, real_rows: Rows, crew: ActorCrew | TrainedRank | ClosedFormRank
) -> dict[str, RealFeatures]:
    """Return the features of the real rows by extractor; the crew computes those of rows that differ by seed."""
    features = {}
    for extractor, reference in real_data.reference_features.items():
        if reference.train is None:
            train = vectors_by_seed(crew.features(extractor, real_rows))
        else:
            train = (ray.get(reference.train),)
        features[extractor] = RealFeatures(train, ray.get(reference.test))
    return features


def _provenance(unit: Unit, sweep: Sweep) -> dict[str, Any]:
    """Return what a manifest records about the process that made a generation."""
    resources = sweep.resources
    return {
        "lineage": unit.cell.keys.settings,
        "versions": dict(versions(text=unit.cell.data.kind == "text")),
        "ranks": resources.workers,
        "device": device_name() if resources.gpus else f"cpu, {resources.cpus:g} per rank",
        "host": os.uname().nodename,
        "node": ray.get_runtime_context().get_node_id(),
        "sweep": sweep.resolved,
    }


def device_name() -> str:
    """Return the name of the accelerator that this process sees."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
