"""Running units on Ray: one Tune run for a wave of them."""

import importlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import ray
from ray import cloudpickle, tune

from raysc import registry
from raysc.cluster import search_space
from raysc.cluster.extractors import trained_extractors
from raysc.cluster.loggers import callbacks
from raysc.cluster.progress import UNREADABLE, Progress
from raysc.cluster.reference_features import References
from raysc.cluster.trial import Job, RealData, Shared, bundles, run_trial
from raysc.cluster.versions import versions
from raysc.errors import InputError, RayscError
from raysc.metrics.core.metric import Metric
from raysc.planning.plan import InitialUnit, Plan, Unit
from raysc.planning.resolved import Line, metric_keys
from raysc.store.keys import key_of
from raysc.store.objects import Objects
from raysc.store.sweep_record import keeps
from raysc.sweepfile.sweep import Sweep

SLOW_IMPORTS = ("tensorboardX", "scipy.stats", "matplotlib.figure", "ray.tune.logger.tensorboardx")

KNOCK = 5.0
"""Seconds that a cluster has to take a connection."""
RETRIES = 2
"""How often a unit that failed is started again; it goes on after its last published generation."""


RealRows = dict[str, RealData]
"""Data setting -> its rows in the object store."""


def run_units(units: Sequence[Unit], plan: Plan, objects: Objects, progress: Progress, real: RealRows) -> None:
    """Run some units of a plan, all of one wave, on Ray, which must be up.

    Args:
        units: initial ones or loops.
        plan: what they are from.
        objects: the store.
        progress: shows what happens, and keeps the failures.
        real: the real rows that are in the object store already; what is missing is added.
    """
    ship_plugins(plugins(plan.sweep, plan.lines))
    _add_real_rows(units, plan, objects, real, progress.say)
    wave = "initial" if isinstance(units[0], InitialUnit) else "loop"
    _run_wave(f"{datetime.now().strftime('%Y%m%d-%H%M%S-%f')}-{wave}", units, plan, objects, real, progress)


@contextmanager
def running_ray(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine; quiet either way.

    Args:
        address: of a cluster, as ``ray.init`` takes it; None: RAY_ADDRESS if it is set, else this machine.

    What was started here is ended here; a Ray that ran before goes on.

    Raises:
        InputError: nothing answers at the address.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are counted, kept and told at the end
    where = address or os.environ.get("RAY_ADDRESS") or "local"
    ours = not ray.is_initialized()
    if ours:
        _must_answer(where)
        # Ray's start is waiting for other processes: time enough for what Tune and the summary import anyway.
        threading.Thread(target=_import, args=SLOW_IMPORTS, daemon=True).start()
        try:
            ray.init(
                address=where,
                include_dashboard=False if where == "local" else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except ConnectionError as error:
            raise _silent(where, error) from error
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


def _must_answer(address: str) -> None:
    """Knock at host:port, where that is the address: Ray itself would try for many minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host.strip("[]"), int(port)), KNOCK).close()
        except OSError as error:
            raise _silent(address, error) from error


def _silent(address: str, error: OSError) -> InputError:
    told = str(error).strip().partition("\n")[0]
    return InputError(
        f"no Ray cluster answers at {address} ({told}); start it, or give another "
        "address with RAY_ADDRESS or --address; local means this machine"
    )


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)


def plugins(sweep: Sweep, lines: Iterable[Line]) -> set[str]:
    """The modules that a sweep names by import path."""
    components = [*sweep.metrics]
    for line in lines:
        components += [line.cell.data, line.cell.model, line.cell.regime]
    return {component.name.partition(":")[0] for component in components if ":" in component.name}


def ship_plugins(modules: Iterable[str]) -> None:
    """Send plug-in modules with the objects made from them: other processes and machines need not have them."""
    for module in modules:
        cloudpickle.register_pickle_by_value(sys.modules[module])


def _add_real_rows(
    units: Sequence[Unit], plan: Plan, objects: Objects, real: RealRows, say: Callable[[str], None]
) -> None:
    """Put each data setting's rows into the object store, with their features; see to its trained extractors."""
    for unit in units:
        line = unit.line
        key = _data_key(line)
        if key not in real:
            train = line.data.train((0, 1))
            rows = ray.put(train) if train.shape[0] == 1 else None, ray.put(line.data.test())
            extractors = trained_extractors(metric_keys(plan.sweep, line).values(), line.data, objects)
            references = References(line, extractors, objects, plan.sweep.resources, say)
            real[key] = RealData(*rows, extractors, references.put(*rows))


def _data_key(line: Line) -> str:
    return key_of(line.cell.data.model_dump())


def _run_wave(
    name: str,
    units: Sequence[Unit],
    plan: Plan,
    objects: Objects,
    real: RealRows,
    progress: Progress,
) -> None:
    """One Tune run over some units."""
    sweep = plan.sweep
    kept = keeps(objects)
    wanted = {key: kept[key] for unit in units if (key := unit.line.keys.lineage) in kept}
    text = any(line.data.kind == "text" for line in plan.lines)
    shared = ray.put(Shared(sweep, objects, wanted, versions(text)))
    metrics: dict[str, dict[str, Metric]] = {}
    jobs = {}
    for unit in units:
        data = _data_key(unit.line)
        if data not in metrics:
            keyed = metric_keys(sweep, unit.line)
            metrics[data] = {key: registry.build("metric", metric) for key, metric in keyed.items()}
        jobs[unit.name] = ray.put(Job(shared, unit, metrics[data], real[data], time.time()))
    points = [search_space.point(unit) for unit in units]
    # Tune's newer console output cannot be switched off; the older one is silent at verbose=0.
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    # Tune would take Ctrl-C for itself and end this wave as if it were done, and the next would start.
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    trainable = tune.with_resources(
        tune.with_parameters(run_trial, jobs=jobs), tune.PlacementGroupFactory(bundles(sweep.resources))
    )
    tuner = tune.Tuner(
        trainable,
        param_space=search_space.search_space(sweep, points),
        tune_config=tune.TuneConfig(
            search_alg=search_space.generator(points),
            num_samples=len(points),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.config["unit"].replace("/", "-"),
        ),
        run_config=tune.RunConfig(
            name=name,
            storage_path=tune_folder(sweep.name, objects),
            verbose=0,
            callbacks=[progress, *callbacks(sweep)],
            failure_config=tune.FailureConfig(max_failures=RETRIES),
        ),
    )
    failed = len(progress.failures)
    try:
        tuner.fit()
    except UNREADABLE as error:
        # Tune reads its own files at the end; on a full disk they are empty. What failed has told us why already.
        if len(progress.failures) == failed:
            raise RayscError(
                f"Ray Tune cannot keep its records in {tune_folder(sweep.name, objects)}: {error}"
            ) from error


def tune_folder(sweep: str, objects: Objects) -> str:
    """Where Tune keeps its own records of a sweep: one folder a call and wave, never read back by raysc."""
    place = f"sweeps/{sweep}/tune"
    return str(objects.folder / place) if objects.folder is not None else f"{objects.uri}/{place}"
