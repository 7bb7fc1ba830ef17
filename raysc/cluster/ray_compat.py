"""Private and text-matched parts of Ray; each entry says what breaks without it.

No other module reads the words of Ray's messages, imports its private modules or sets its environment variables. On an
upgrade of Ray, ``tests/cluster/test_ray_compat.py`` and ``tests/cluster/test_node_loss.py`` show what has changed.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import psutil
import ray
from ray import tune
from ray._private import worker
from ray.job_config import JobConfig
from ray.tune.experiment import Trial

Error = TypeVar("Error", bound=BaseException)

HEAD_RESOURCE = "node:__internal_head__"
"""Resource that only the head of a cluster has. Without it, the resources of the head count as those of a worker."""

UNREADABLE = (EOFError, OSError, UnpicklingError)
"""Errors that Tune raises where its own files are cut off, since the disk was full. Without them, a full disk ends the
sweep with a traceback of Tune in the place of the units' own errors."""

SLOW_START = "timed out during startup"
"""Part of the message of ``ray.init`` where its processes did not start within 30 s, which no setting changes."""

_NODE_DIED = "its node has died"
_NODE_ID = re.compile(r"Node Id: ([0-9a-f]+)")
_MARKED_DEAD = re.compile(r"The node with node id: ([0-9a-f]+) .* has been marked dead", re.DOTALL)
_RAYLET_SHUTDOWN = "Raylet is terminated."
"""Prefix of the raylet's shutdown message, which is pages long; another message marks the node as dead."""
_PRINT_HOOK = "print_to_stdstream"
_ENTRY = "Failure # "
"""Prefix of each entry of Tune's error file of a trial."""


class StatelessCallback(tune.Callback):
    """A callback that pickles as an empty object.

    Tune pickles its callbacks for a restore that raysc never uses. Without this, Tune fails on the console and the
    locks that a callback refers to.
    """

    def __getstate__(self) -> dict[str, Any]:
        """Return no state."""
        return {}


def start_ray(attempts: int, **options: Any) -> None:
    """Call ``ray.init``; again where its processes did not start in time.

    ``ray.shutdown`` does not end the processes of a failed start: they would live beside the next ones until this
    process ends.

    Args:
        attempts: number of attempts.
        options: for ``ray.init``.
    """
    for attempt in range(1, attempts + 1):
        before = {process.pid for process in psutil.Process().children(recursive=True)}
        try:
            ray.init(**options)
            return
        except Exception as error:  # of any type: Ray raises plain exceptions too
            _kill_new_ray_processes(before)
            if attempt == attempts or SLOW_START not in str(error):
                raise


def _kill_new_ray_processes(before: set[int]) -> None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.pid not in before and any("/ray/" in argument for argument in process.cmdline()):
                process.kill()


def set_session_switches() -> None:
    """Set an environment variable and a log level before Ray starts.

    Without RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=0, older versions of Ray warn in each process that they hide the devices
    of tasks without GPUs, which ``process_resources`` does itself. Without the log level, Tune logs the traceback of
    every failed trial, which raysc reports at the end.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    silence_tune()


def preload(modules: Sequence[str]) -> None:
    """Let every process of the Ray that starts next import modules before its first work, while it would wait.

    Ray has no argument for this, and its processes import what they need once they have work. A module that cannot be
    imported is an entry in the log of the process.
    """
    os.environ.setdefault("RAY_preload_python_modules", ",".join(modules))


class DriverPathConfig(JobConfig):
    """The configuration of a job whose processes search for modules as the driver does.

    Ray puts the current folder and the folder of the script in front of the search path of its workers. Without this,
    a file ``random.py`` or ``tokenizers.py`` that lies there replaces a library in every worker. For a Ray of this
    machine only: nodes of a cluster have search paths of their own. A job with a working folder has only the files
    that its sweep names; Ray adds nothing to its path.
    """

    def _serialize(self) -> str:
        """Return the configuration with the module search path of this process."""
        if not self._runtime_env_has_working_dir():  # type: ignore[no-untyped-call]  # a method of Ray without types
            self._py_driver_sys_path = worker_path()[::-1]  # each is put in front of those before it
        serialized: str = super()._serialize()
        return serialized


def worker_path() -> list[str]:
    """Return the module search path of workers: that of this process, with folders of the user at its end.

    The current folder and the folder of the script move to the end, unless PYTHONPATH names them.
    """
    last = {Path.cwd()}
    if sys.argv and sys.argv[0]:
        last.add(Path(sys.argv[0]).resolve().parent)
    last -= {Path(folder).absolute() for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder}
    folders = list(dict.fromkeys(Path(folder).absolute() for folder in sys.path))
    return [str(folder) for folder in sorted(folders, key=lambda folder: folder in last)]  # a stable order


SOCKET_BYTES = len("/session_2026-11-27_18-23-25_210053_12345678/sockets/plasma_store")
"""Bytes that Ray adds to its folder for the longest path of a socket."""
MAX_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes of the path of a socket at which Ray refuses to start."""
TEMPORARY_FOLDERS = ("RAY_TMPDIR", *(("TMPDIR",) if sys.platform == "linux" else ()))
"""Environment variables with the folder for Ray's own folder, in Ray's order; without them it is /tmp."""


def needs_token() -> bool:
    """Return True if a Ray that starts on this machine would write a token into the home folder of the user."""
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return False
    return not ({"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys())


def set_token(token: str) -> None:
    """Set the token of this process and of the Ray that it starts, in the place of ``~/.ray/auth_token``."""
    os.environ["RAY_AUTH_TOKEN"] = token


def worker_output() -> str:
    """Return the pattern of the files that hold what processes of Ray print, on every node.

    Without it, a user who prints in a plug-in does not learn where the text is.
    """
    node = worker._global_node
    folder = "/tmp/ray/session_latest/logs" if node is None else node.get_logs_dir_path()
    return f"{folder}/worker-*.out"


def silence_tune() -> None:
    """Silence Tune's logger, which warns of failed trials and of trials without reports."""
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def set_tune_switches() -> None:
    """Set the environment variables that Tune reads when a run begins.

    Tune's newer console output cannot be switched off; the older one is silent at verbose=0. Without
    TUNE_DISABLE_SIGINT_HANDLER, Tune handles Ctrl-C and ends the wave as if it were done, and the next wave starts.
    """
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"


def set_job_switches(address: str) -> None:
    """Set an environment variable and a log level before a job client connects.

    The client prefers RAY_ADDRESS to its own argument: without this it connects to another cluster. Without the log
    level, it logs every package that it uploads.
    """
    logging.getLogger("ray").setLevel(logging.WARNING)
    os.environ["RAY_ADDRESS"] = address


def is_duplicate_job(error: RuntimeError) -> bool:
    """Return True if a job of this id exists. Without it, two simultaneous submissions of one sweep end in an error."""
    return "already exists" in str(error)


def is_unknown_job(error: Exception) -> bool:
    """Return True if the job server does not know the job. Without it, raysc waits for a lost job for ever."""
    return "404" in str(error)


def unwrap(error: Error) -> Error:
    """Return the cause of an error that was raised in another process.

    Ray wraps remote errors in an exception of both types. Without this, the attributes of the original are missing, and
    its message is a traceback.
    """
    cause: Error = getattr(error, "cause", error)
    return cause


def node_died(message: str) -> bool:
    """Return True if a process ended because its node was preempted or failed.

    Without it, the units of a lost node count as failed.
    """
    return _NODE_DIED in message


def dead_node(message: str) -> str:
    """Return the id of the node that a message of a dead process names; "" if it names none."""
    match = _NODE_ID.search(message)
    return match[1] if match else ""


def error_of(trial: Trial) -> str:
    """Return the last error of a trial whose process could not report it, since it died.

    Tune appends each failure to a file on this machine, and copies the file to the storage later. Without the file, the
    traceback of such a trial is lost.
    """
    try:
        file = Path(trial.error_file) if trial.error_file else None
        text = file.read_text("utf-8", "replace") if file and file.exists() else str(trial.get_error() or "")
        return text.rpartition(_ENTRY)[2].strip() or "its process died"
    except UNREADABLE:
        return "its process died, and Ray Tune could not record why"


@contextmanager
def without_node_messages(on_dead_node: Callable[[str], None]) -> Iterator[None]:
    """Suppress what Ray prints about lost nodes; print everything else.

    Ray prints every error that its nodes publish, and has no option against it: ``log_to_driver`` concerns the output
    of processes. So its private print function is replaced. If a version of Ray lacks that function, nothing is
    suppressed: without the hook, a lost node prints pages.

    Args:
        on_dead_node: called with the id of each node that Ray marks as dead, from the thread in which Ray prints.
    """
    ray_print = getattr(worker, _PRINT_HOOK, None)
    if ray_print is None:
        yield
        return

    def print_message(data: dict[str, Any], ignore_prefix: bool) -> None:
        text = "\n".join(data["lines"])
        if match := _MARKED_DEAD.search(text):
            on_dead_node(match[1])
        elif not text.startswith(_RAYLET_SHUTDOWN):
            ray_print(data, ignore_prefix)

    setattr(worker, _PRINT_HOOK, print_message)
    try:
        yield
    finally:
        setattr(worker, _PRINT_HOOK, ray_print)


def autoscaler_config(gcs_address: str) -> str:
    """Return the text of the configuration that the autoscaler of a cluster was started with; "" if it has none.

    Only the command line of the autoscaler's process, on the head, names the file. Without it, raysc refuses trials
    that fit only on nodes which the autoscaler has not started yet.
    """
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--") and "=" in word)
        if "autoscaling-config" in options and options.get("gcs-address") == gcs_address:
            return Path(options["autoscaling-config"]).expanduser().read_text("utf-8")
    return ""
