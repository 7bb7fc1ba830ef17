"""A sweep as a Ray job: its driver runs on the cluster's head, whatever becomes of the machine that asked for it.

A job's id is made from store and sweep, and a number: one that has not ended is joined, else the next is submitted.
"""

import logging
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import ray
from ray.job_submission import JobStatus, JobSubmissionClient

from raysc.errors import InputError, RayscError
from raysc.store.keys import key_of

PAUSE = 5.0
"""Seconds between two looks at a job."""
INTERRUPTED = 130

Say = Callable[[str], None]


class Client(Protocol):
    """What is used of Ray's ``JobSubmissionClient``."""

    def list_jobs(self) -> list[Any]: ...
    def submit_job(
        self, *, entrypoint: str, submission_id: str, runtime_env: dict[str, Any], metadata: dict[str, str]
    ) -> str: ...
    def get_job_info(self, job_id: str) -> Any: ...
    def get_job_logs(self, job_id: str) -> str: ...


@dataclass(frozen=True)
class Submission:
    """What a job runs.

    Attributes:
        name: the beginning of its id.
        file: the sweep file's name below the working folder.
        options: of ``raysc sweep``.
        variable: in the job's environment, its id: so it knows that it is to run in place.
        files: name below the working folder -> content: the sweep file, and plug-ins.
    """

    name: str
    file: str
    options: Sequence[str]
    variable: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Tells apart two submissions of one sweep to one store."""
        hashed = sha256(shlex.join([self.file, *self.options]).encode())
        for name, content in sorted(self.files.items()):
            hashed.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return hashed.hexdigest()

    def entrypoint(self, job: str) -> str:
        """The command that the head runs."""
        return f"{self.variable}={shlex.quote(job)} " + shlex.join(["raysc", "sweep", self.file, *self.options])


def job_name(sweep: str, store: str) -> str:
    """The beginning of the id of every job that runs a sweep into a store."""
    digest = key_of({"sweep": sweep, "store": store})
    return f"raysc-{sweep}-{digest[:8]}"


def connect(address: str) -> Client:
    """A cluster's job server.

    Raises:
        InputError: it is not there, it does not let us in, or what is needed to speak to it is not installed.
    """
    logging.getLogger("ray").setLevel(logging.WARNING)  # it tells of every package that it sends
    os.environ["RAY_ADDRESS"] = address  # the client heeds it before its own argument
    try:
        return JobSubmissionClient(address)
    except ray.exceptions.AuthenticationError as error:
        raise InputError(
            f"the Ray cluster at {address} lets nobody in without its token: {str(error).strip().splitlines()[0]}\n"
            "Set RAY_AUTH_MODE=token, and put the token into ~/.ray/auth_token or RAY_AUTH_TOKEN (`ray get-auth-token` "
            "prints it where the cluster was started)"
        ) from error
    except ConnectionError as error:
        raise InputError(
            f"no Ray job server answers at {address}: {error}\n"
            "From outside a cluster, `ray dashboard cluster.yaml` opens a tunnel to http://localhost:8265; a cluster "
            "that has no job server needs `pip install 'ray[default]'` on its head"
        ) from error
    except (RuntimeError, ValueError) as error:
        raise InputError(f"the Ray cluster at {address}: {str(error).strip()}") from error


def run_as_job(client: Client, submission: Submission, say: Say, write: Say) -> int:
    """Submit a sweep, or join the job that runs it already, and follow it to its end.

    Args:
        client: of the cluster.
        submission: what to run.
        say: prints a line for the user.
        write: prints a piece of the job's own output.

    Returns:
        The exit status of ``raysc sweep``: the job's own, or 130 if Ctrl-C ended the following.
    """
    while True:
        job, ours = _job(client, submission, say)
        try:
            status = _follow(client, job, say, write)
        except KeyboardInterrupt:
            say(f"\njob {job} goes on running; the same command follows it again, `ray job stop {job}` stops it")
            return INTERRUPTED
        if ours:
            return status
        say(f"job {job}, which ran another state of this sweep, has ended; now this one")


def _job(client: Client, submission: Submission, say: Say) -> tuple[str, bool]:
    """The id of the job to follow, and whether it runs exactly this submission."""
    numbers = {}
    for info in client.list_jobs():
        head, _, number = (info.submission_id or "").rpartition("-")
        if head == submission.name and number.isdigit():
            numbers[int(number)] = info
    newest = max(numbers, default=0)
    if newest and not numbers[newest].status.is_terminal():
        ours = (numbers[newest].metadata or {}).get("raysc") == submission.digest
        job = f"{submission.name}-{newest}"
        say(f"job {job} runs this sweep already; following it")
        return job, ours
    job = f"{submission.name}-{newest + 1}"
    with tempfile.TemporaryDirectory() as folder:
        for name, content in submission.files.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            client.submit_job(
                entrypoint=submission.entrypoint(job),
                submission_id=job,
                runtime_env={"working_dir": folder},
                metadata={"raysc": submission.digest},
            )
        except RuntimeError as error:
            if "already exists" in str(error):  # somebody else was quicker by a moment
                return _job(client, submission, say)
            raise RayscError(f"the Ray cluster did not take the job: {error}") from error
    say(f"submitted as job {job}; Ctrl-C ends the following, not the job")
    return job, True


def _follow(client: Client, job: str, say: Say, write: Say) -> int:
    """Print a job's output as it comes until it has ended, however often the connection is lost on the way."""
    written, lost = 0, False
    while True:
        try:
            info = client.get_job_info(job)
            output = client.get_job_logs(job)
            write(output[written:])
            written, lost = len(output), False
            if info.status.is_terminal():
                break
        except (OSError, RuntimeError) as error:  # of requests; of a server that is there and answers with an error
            if "404" in str(error):
                raise RayscError(f"the Ray cluster does not know job {job} any more; was it started anew?") from error
            if not lost:
                say("\nthe connection to the cluster was lost; the job goes on; waiting for the cluster to answer")
            lost = True
        time.sleep(PAUSE)
    if info.status == JobStatus.STOPPED:
        raise RayscError(f"job {job} was stopped; what is published stays, and the same command goes on from there")
    if info.status == JobStatus.SUCCEEDED:
        return 0
    if info.driver_exit_code is None:
        raise RayscError(f"job {job} failed: {info.message}")
    return int(info.driver_exit_code)


def plugin_files(modules: Iterable[str]) -> dict[str, bytes]:
    """The plug-ins that a sweep names, and what they import of the folder that they lie in.

    Args:
        modules: dotted names of imported modules; those that are installed must be so on every machine.

    Returns:
        Name below that folder -> content.
    """
    tops = {name.partition(".")[0] for name in modules}
    roots = {root for top in tops if (root := _root(sys.modules[top])) is not None}
    files: dict[str, bytes] = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name == "raysc" or (root := _root(module)) not in roots or root is None:
            continue
        place = root / name
        found = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        files |= {file.relative_to(root).as_posix(): file.read_bytes() for file in found}
    return files


def _root(module: ModuleType) -> Path | None:
    """The folder that a top module or package lies in, unless it is installed or has no source file."""
    paths = list(getattr(module, "__path__", ()))
    place = Path(paths[0]) if paths else Path(getattr(module, "__file__", None) or "x.so")
    if not paths and place.suffix != ".py":
        return None
    root = place.resolve().parent
    installed = {"site-packages", "dist-packages"} & set(root.parts) or root.is_relative_to(sys.base_prefix)
    return None if installed else root
