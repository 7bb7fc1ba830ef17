"""Waves of units on Ray: one Tune run for each wave."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import ray
from ray import tune

from raysc import registry
from raysc.cluster import ray_compat, search_space
from raysc.cluster.failures import Failures
from raysc.cluster.loggers import logger_callbacks
from raysc.cluster.plugin_shipping import plugin_modules, shipped_plugins
from raysc.cluster.real_data import RealDataCache
from raysc.cluster.trial import TrialInputs, WaveInputs, bundles, run_trial
from raysc.cluster.unit_labels import trial_name, varying_axes
from raysc.cluster.versions import versions
from raysc.errors import RayscError
from raysc.metrics.core.metric import Metric
from raysc.planning.plan import Plan
from raysc.planning.resolved import metric_keys
from raysc.planning.units import LoopUnit, Unit
from raysc.store.objects import Objects
from raysc.store.spans import published_chain
from raysc.store.sweep_record import retention_by_key

MAX_RETRIES = 2
"""Number of times that a failed unit is started again; it continues after its last published generation."""


def run_units(
    units: Sequence[Unit],
    plan: Plan,
    objects: Objects,
    real_data: RealDataCache,
    failures: Failures,
    callbacks: Sequence[tune.Callback] = (),
) -> None:
    """Run units of one wave of a plan. Ray must be up.

    Args:
        units: of the wave; loops start once their generation 0 is published.
        plan: the plan of the units.
        objects: the store.
        real_data: real rows in the object store; the data settings of the units are added.
        failures: the failures so far; one of the callbacks adds those of this wave.
        callbacks: Tune callbacks beside the loggers of the sweep.

    Raises:
        DamagedObjectError: stored features of the real rows are damaged.
        RayscError: Tune cannot write its records, and no unit of the wave failed.
    """
    with shipped_plugins(plugin_modules(plan.resolved)):
        for unit in units:
            real_data.get(unit.cell)
        inputs = _trial_inputs(units, plan, objects, real_data)
        failures_before = len(failures)
        try:
            _tuner(units, plan, objects, inputs, callbacks).fit()
        except ray_compat.UNREADABLE as error:
            # Tune reads its own files at the end; on a full disk they are empty. Failed units say so already.
            if len(failures) == failures_before:
                raise RayscError(
                    f"Ray Tune cannot keep its records in {tune_folder(plan.sweep.name, objects)}: {error}"
                ) from error


def _trial_inputs(
    units: Sequence[Unit], plan: Plan, objects: Objects, real_data: RealDataCache
) -> dict[str, "ray.ObjectRef[TrialInputs]"]:
    """Put the inputs of each unit's trial into the object store, by the unit's name."""
    lineages = {model.keys.lineage for unit in units for model in unit.cell.models}
    retention = {lineage: keep for lineage, keep in retention_by_key(objects).items() if lineage in lineages}
    has_text = any(cell.data.kind == "text" for cell in plan.cells)
    wave = ray.put(WaveInputs(plan.sweep, objects, retention, versions(has_text)))
    metrics: dict[tuple[str, ...], dict[str, Metric]] = {}

    def of_unit(unit: Unit) -> TrialInputs:
        keys = plan.resolved.metric_keys[unit.cell.number]
        if keys not in metrics:
            components = metric_keys(plan.sweep, unit.cell)
            metrics[keys] = {key: registry.build("metric", component) for key, component in components.items()}
        return TrialInputs(wave, unit, metrics[keys], real_data.get(unit.cell), time.time())

    inputs = {}
    for unit in units:
        models = unit.models if isinstance(unit, LoopUnit) and unit.cell.coupled else ()
        inputs[unit.name] = ray.put(replace(of_unit(unit), models=tuple(map(of_unit, models))))
    return inputs


def _tuner(
    units: Sequence[Unit],
    plan: Plan,
    objects: Objects,
    inputs: dict[str, "ray.ObjectRef[TrialInputs]"],
    callbacks: Sequence[tune.Callback],
) -> tune.Tuner:
    """Return the Tune run of a wave: one trial for each unit."""
    sweep = plan.sweep
    ray_compat.set_tune_switches()
    points = [search_space.point(unit) for unit in units]
    axes = varying_axes(plan.resolved)
    names = {unit.name: trial_name(unit, axes) for unit in units}
    trainable = tune.with_resources(
        tune.with_parameters(run_trial, inputs=inputs), tune.PlacementGroupFactory(bundles(sweep.resources))
    )
    return tune.Tuner(
        trainable,
        param_space=search_space.search_space(sweep, points),
        tune_config=tune.TuneConfig(
            search_alg=search_space.UnitGenerator(units, lambda rows: bool(published_chain(objects, *rows, start=0))),
            num_samples=len(points),
            reuse_actors=True,
            trial_name_creator=lambda trial: names[trial.config["unit"]],
            trial_dirname_creator=lambda trial: names[trial.config["unit"]],
        ),
        run_config=tune.RunConfig(
            name=datetime.now().strftime("%Y%m%d-%H%M%S-%f"),
            storage_path=tune_folder(sweep.name, objects),
            verbose=0,
            callbacks=[*callbacks, *logger_callbacks(sweep)],
            failure_config=tune.FailureConfig(max_failures=MAX_RETRIES),
        ),
    )


def tune_folder(sweep: str, objects: Objects) -> str:
    """Return the folder of Tune's own records of a sweep: one folder a wave, never read back by raysc."""
    path = f"sweeps/{sweep}/tune"
    return str(objects.folder / path) if objects.folder is not None else f"{objects.uri}/{path}"
