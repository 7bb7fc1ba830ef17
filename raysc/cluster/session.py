"""The Ray session of a command: a connection to a cluster, or Ray started on this machine."""

import importlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray

from raysc.cluster import ray_compat
from raysc.cluster.local_ray import ray_folder, token_for_local_ray
from raysc.errors import InputError, RayscError
from raysc.machine.cores import core_count
from raysc.planning.plan import Plan

SLOW_IMPORTS = ("tensorboardX", "matplotlib.figure", "ray.tune.logger.tensorboardx")
"""Modules that Tune and the summary import; they are imported while Ray starts."""

TRIAL_LIBRARIES = ("ray.tune", "pandas", "pyarrow.parquet", "torch", "accelerate")
"""Libraries that trials of trained families import, in three seconds."""

CONNECT_SECONDS = 5.0
"""Seconds within which a cluster must accept a connection."""

START_ATTEMPTS = 3
"""Attempts to start Ray on this machine: Ray waits 30 s for each, which is too short on a busy machine."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""Signals whose handlers Ray and Tune replace."""


def libraries_to_preload(plan: Plan) -> Sequence[str]:
    """Return the libraries that the processes of a Ray of this machine import as they start.

    Ray starts a process for each core. They preload where each core is to run a trial of a trained family: elsewhere
    idle processes would hold the memory of these libraries.
    """
    resources = plan.sweep.resources
    a_trial_per_core = not resources.gpus and resources.workers == resources.cpus == 1
    trained = [unit for unit in plan.loop if unit.cell.family.trained]
    return TRIAL_LIBRARIES if a_trial_per_core and len(trained) >= core_count() else ()


@contextmanager
def running_ray(address: str | None, preload: Sequence[str] = ()) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine, without Ray's own messages.

    A Ray that was started here is shut down at the end, and environment variables and signal handlers of this process
    are restored; a Ray that ran before continues.

    Args:
        address: address of a cluster, as ``ray.init`` takes it; None: RAY_ADDRESS if it is set, else this machine.
        preload: modules that the processes of a Ray that is started here import as they start.

    Raises:
        InputError: no cluster answers at the address, or Ray can use no temporary folder of this machine.
        RayscError: Ray does not start.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    if ray.is_initialized():
        ray_compat.set_session_switches()
        yield
        return
    _check_connection(address)
    with _restored_environment(), _restored_signal_handlers() as restore_handlers:
        ray_compat.set_session_switches()
        if preload and address == "local":
            ray_compat.preload(preload)
            # torch reads it at its import, and these trials have one core.
            os.environ.setdefault("OMP_NUM_THREADS", "1")
        # The start of Ray is mostly waiting, so these imports cost no time.
        threading.Thread(target=_import, args=SLOW_IMPORTS, daemon=True).start()
        try:
            _start(address)
            restore_handlers()  # at SIGTERM, Ray's handler ends the process with status 15
            yield
        finally:
            ray.shutdown()


def _start(address: str) -> None:
    """Connect to a cluster, or start Ray on this machine.

    Raises:
        InputError: no cluster answers at the address, or Ray can use no temporary folder of this machine.
        RayscError: Ray does not start.
    """
    options: dict[str, Any] = {"include_dashboard": None}
    if address == "local":
        options["include_dashboard"] = False
        folder = ray_folder()
        if folder.problem:
            options["_temp_dir"] = folder.path
        if folder.spill:
            options["object_spilling_directory"] = folder.spill
        if token := token_for_local_ray():
            ray_compat.set_token(token)
        options["job_config"] = ray_compat.DriverPathConfig()
    attempts = START_ATTEMPTS if address == "local" else 1
    try:
        ray_compat.start_ray(attempts, address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except ConnectionError as error:
        raise _no_answer(address, error) from error
    except Exception as error:  # of any type: Ray raises plain exceptions too
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        place = "on this machine" if address == "local" else f"at {address}"
        raise RayscError(f"Ray {place} cannot be used: {reason}; raysc doctor examines it") from error


@contextmanager
def _restored_environment() -> Iterator[None]:
    """Restore the environment variables that raysc and Ray set, at the end."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@contextmanager
def _restored_signal_handlers() -> Iterator[Callable[[], None]]:
    """Restore the signal handlers that Ray and Tune replace, at the end or when the yielded function is called."""
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS} if is_main else {}

    def restore() -> None:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    try:
        yield restore
    finally:
        restore()


def _check_connection(address: str) -> None:
    """Open and close a connection to host:port, if the address is of that form: Ray itself retries for many minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise _no_answer(address, error) from error


def _no_answer(address: str, error: OSError) -> InputError:
    reason = str(error).strip().partition("\n")[0]
    return InputError(
        f"no Ray cluster answers at {address} ({reason}); start it, or give another "
        "address with RAY_ADDRESS or --address; local means this machine"
    )


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
