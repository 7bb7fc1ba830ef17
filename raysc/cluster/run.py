"""Running a plan on Ray: two waves of Tune trials."""

import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import ray
from ray import cloudpickle, tune

from raysc import catalogue
from raysc.cluster import space
from raysc.cluster.extractors import trained_extractors
from raysc.cluster.progress import Progress
from raysc.cluster.trial import Job, RealData, bundles, run_trial
from raysc.plan import Line, Plan, Unit, measured_generations, metric_keys
from raysc.store.keys import key_of
from raysc.store.objects import Objects

SLOW_IMPORTS = ("tensorboardX", "scipy.stats", "matplotlib.figure", "ray.tune.logger.tensorboardx")

RETRIES = 2
"""How often a unit that failed is started again; it goes on after its last published generation."""


def run_plan(plan: Plan, objects: Objects, progress: Progress) -> None:
    """Run everything that a plan has to do. Ray must be up.

    Args:
        plan: what is missing.
        objects: the store.
        progress: shows what happens, and keeps the failures.
    """
    ship_plugins(plan)
    real = _real_data(plan.units, plan, objects)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    for wave, members in (("initial", plan.initial), ("loop", plan.loop)):
        if members:
            _run_wave(f"{stamp}-{wave}", members, plan, objects, real, progress)


@contextmanager
def running_ray(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine; quiet either way.

    Args:
        address: of a cluster, as ``ray.init`` takes it; None: RAY_ADDRESS if it is set, else this machine.

    What was started here is ended here; a Ray that ran before goes on.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are counted, kept and told at the end
    where = address or os.environ.get("RAY_ADDRESS") or "local"
    ours = not ray.is_initialized()
    if ours:
        # Ray's start is waiting for other processes: time enough for what Tune and the summary import anyway.
        threading.Thread(target=_import, args=SLOW_IMPORTS, daemon=True).start()
        ray.init(
            address=where,
            include_dashboard=False if where == "local" else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)


def ship_plugins(plan: Plan) -> None:
    """Send plug-in modules with the objects made from them: other processes and machines need not have them."""
    components = [*plan.sweep.metrics]
    for line in plan.lines:
        components += [line.cell.data, line.cell.model, line.cell.regime]
    for module in {component.name.partition(":")[0] for component in components if ":" in component.name}:
        cloudpickle.register_pickle_by_value(sys.modules[module])


def _real_data(units: Sequence[Unit], plan: Plan, objects: Objects) -> Mapping[str, RealData]:
    """Put each data setting's rows into the object store, and see to its trained extractors."""
    found: dict[str, RealData] = {}
    for unit in units:
        line = unit.line
        key = _data_key(line)
        if key not in found:
            train = line.data.train((0, 1))
            shared = train.shape[0] == 1
            extractors = trained_extractors(metric_keys(plan.sweep, line).values(), line.data, objects)
            found[key] = RealData(ray.put(train) if shared else None, ray.put(line.data.test()), extractors)
    return found


def _data_key(line: Line) -> str:
    return key_of(line.cell.data.model_dump())


def _run_wave(
    name: str,
    units: Sequence[Unit],
    plan: Plan,
    objects: Objects,
    real: Mapping[str, RealData],
    progress: Progress,
) -> None:
    """One Tune run over some units."""
    sweep = plan.sweep
    measured = frozenset(measured_generations(sweep))
    jobs = {}
    for unit in units:
        metrics = {key: catalogue.build("metric", metric) for key, metric in metric_keys(sweep, unit.line).items()}
        job = Job(sweep, objects, measured, unit, metrics, real[_data_key(unit.line)], time.time())
        jobs[unit.name] = ray.put(job)
    points = [space.point(unit) for unit in units]
    # Tune's newer console output cannot be switched off; the older one is silent at verbose=0.
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    # Tune would take Ctrl-C for itself and end this wave as if it were done, and the next would start.
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    trainable = tune.with_resources(
        tune.with_parameters(run_trial, jobs=jobs), tune.PlacementGroupFactory(bundles(sweep.resources))
    )
    grid = tune.Tuner(
        trainable,
        param_space=space.search_space(sweep, points),
        tune_config=tune.TuneConfig(
            search_alg=space.generator(points),
            num_samples=len(points),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.config["unit"].replace("/", "-"),
        ),
        run_config=tune.RunConfig(
            name=name,
            storage_path=tune_folder(sweep.name, objects),
            verbose=0,
            callbacks=[progress],
            failure_config=tune.FailureConfig(max_failures=RETRIES),
        ),
    ).fit()
    for result in (grid[number] for number in range(len(grid))):
        if result.error is not None and result.config is not None:
            progress.failures[result.config["unit"]] = str(result.error)


def tune_folder(sweep: str, objects: Objects) -> str:
    """Where Tune keeps its own records of a sweep: one folder a call and wave, never read back by raysc."""
    place = f"sweeps/{sweep}/tune"
    return str(objects.folder / place) if objects.folder is not None else f"{objects.uri}/{place}"
