"""Sweeps as Ray jobs: the driver runs on the cluster's head, so it does not depend on the machine that submitted it.

The id of a job consists of a hash of store and sweep, and a number. A job that has not ended is followed; else the next
one is submitted.
"""

import shlex
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import ray
from ray.job_submission import JobStatus, JobSubmissionClient

from raysc.cluster import ray_compat
from raysc.cluster.plugin_shipping import plugin_files, plugin_modules
from raysc.errors import InputError, RayscError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.store.keys import key_of
from raysc.sweepfile import Sweep
from raysc.sweepfile.yaml_writer import sweep_yaml

POLL_SECONDS = 5.0
"""Seconds between two requests for the state of a job."""

INTERRUPTED_STATUS = 130
"""Exit status after Ctrl-C."""

Say = Callable[[str], None]


class JobClient(Protocol):
    """The methods of Ray's ``JobSubmissionClient`` that are used here."""

    def list_jobs(self) -> list[Any]: ...
    def submit_job(
        self, *, entrypoint: str, submission_id: str, runtime_env: dict[str, Any], metadata: dict[str, str]
    ) -> str: ...
    def get_job_info(self, job_id: str) -> Any: ...
    def get_job_logs(self, job_id: str) -> str: ...


@dataclass(frozen=True)
class Submission:
    """Content of a job.

    Attributes:
        name: prefix of the job's id.
        file: name of the sweep file in the working folder.
        options: options of ``raysc sweep``.
        variable: environment variable that holds the job's id, so that the job runs the sweep in place.
        files: name in the working folder -> content: the sweep file, and plug-ins.
    """

    name: str
    file: str
    options: Sequence[str]
    variable: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Hash of command and files; it tells two submissions of one sweep to one store apart."""
        hashed = sha256(shlex.join([self.file, *self.options]).encode())
        for name, content in sorted(self.files.items()):
            hashed.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return hashed.hexdigest()

    def entrypoint(self, job: str) -> str:
        """Return the command that the head runs."""
        return f"{self.variable}={shlex.quote(job)} " + shlex.join(["raysc", "sweep", self.file, *self.options])


def job_name(sweep: str, store: str) -> str:
    """Return the prefix of the ids of all jobs that run a sweep into a store."""
    digest = key_of({"sweep": sweep, "store": store})
    return f"raysc-{sweep}-{digest[:8]}"


def connect(address: str) -> JobClient:
    """Connect to the job server of a cluster.

    Raises:
        InputError: no server answers, it refuses the connection, or a package that the client needs is not installed.
    """
    ray_compat.set_job_switches(address)
    try:
        return JobSubmissionClient(address)
    except ray.exceptions.AuthenticationError as error:
        raise InputError(
            f"the Ray cluster at {address} refuses connections without its token: "
            f"{str(error).strip().splitlines()[0]}\n"
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


def submit_sweep(
    sweep: Sweep, storage: str, cluster: str, flags: Sequence[str], variable: str, write: Callable[..., None]
) -> int:
    """Run a sweep as a job of a Ray cluster and follow it.

    Args:
        sweep: the sweep.
        storage: URI of its store.
        cluster: address of the cluster.
        flags: options for ``raysc sweep`` on the cluster.
        variable: environment variable that tells the job's process its job id.
        write: prints text; ``nl=False`` without a line break.

    Returns:
        The job's exit status.

    Raises:
        InputError: the sweep cannot work, or no job server answers.
        RayscError: the cluster refused the job, lost it, or the job was stopped.
    """
    resolved = resolve(sweep)
    validate(resolved)
    file = f"{sweep.name}.yaml"
    files = {file: sweep_yaml(sweep).encode(), **plugin_files(plugin_modules(resolved))}
    submission = Submission(job_name(sweep.name, storage), file, ["--storage", storage, *flags], variable, files)
    return run_as_job(connect(cluster), submission, write, partial(write, nl=False))


def run_as_job(client: JobClient, submission: Submission, say: Say, write: Say) -> int:
    """Submit a sweep, or find the job that runs it already, and follow the job to its end.

    Args:
        client: the client of the cluster's job server.
        submission: the content of the job.
        say: prints a line for the user.
        write: prints a part of the job's output.

    Returns:
        The exit status of ``raysc sweep``: the job's own, or 130 after Ctrl-C.

    Raises:
        RayscError: the cluster refused the job, lost it, or the job was stopped.
    """
    while True:
        job, is_same = _find_or_submit(client, submission, say)
        try:
            status = _follow(client, job, say, write)
        except KeyboardInterrupt:
            say(f"\njob {job} goes on running; the same command follows it again, `ray job stop {job}` stops it")
            return INTERRUPTED_STATUS
        if is_same:
            return status
        say(f"job {job}, which ran another version of this sweep, has ended; submitting this version")


def _find_or_submit(client: JobClient, submission: Submission, say: Say) -> tuple[str, bool]:
    """Return the id of the job to follow, and True if it runs exactly this submission."""
    infos = {}
    for info in client.list_jobs():
        head, _, number = (info.submission_id or "").rpartition("-")
        if head == submission.name and number.isdigit():
            infos[int(number)] = info
    newest = max(infos, default=0)
    if newest and not infos[newest].status.is_terminal():
        is_same = (infos[newest].metadata or {}).get("raysc") == submission.digest
        job = f"{submission.name}-{newest}"
        say(f"job {job} runs this sweep already; following it")
        return job, is_same
    job = f"{submission.name}-{newest + 1}"
    try:
        _submit(client, submission, job)
    except RuntimeError as error:
        if ray_compat.is_duplicate_job(error):  # another process submitted it in the meantime
            return _find_or_submit(client, submission, say)
        raise RayscError(f"the Ray cluster did not take the job: {error}") from error
    say(f"submitted as job {job}; Ctrl-C ends the following, not the job")
    return job, True


def _submit(client: JobClient, submission: Submission, job: str) -> None:
    """Submit a job with its files as working folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in submission.files.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        client.submit_job(
            entrypoint=submission.entrypoint(job),
            submission_id=job,
            runtime_env={"working_dir": folder},
            metadata={"raysc": submission.digest},
        )


def _follow(client: JobClient, job: str, say: Say, write: Say) -> int:
    """Print a job's output until the job has ended, and return its exit status; lost connections are retried."""
    written, lost = 0, False
    while True:
        try:
            info = client.get_job_info(job)
            output = client.get_job_logs(job)
            write(output[written:])
            written, lost = len(output), False
            if info.status.is_terminal():
                break
        except (OSError, RuntimeError) as error:  # of the connection; of a server that answers with an error
            if ray_compat.is_unknown_job(error):
                raise RayscError(
                    f"the Ray cluster does not know job {job} any more; was the cluster restarted?"
                ) from error
            if not lost:
                say("\nthe connection to the cluster was lost; the job goes on; waiting for the cluster to answer")
            lost = True
        time.sleep(POLL_SECONDS)
    if info.status == JobStatus.STOPPED:
        raise RayscError(f"job {job} was stopped; what is published stays, and the same command goes on from there")
    if info.status == JobStatus.SUCCEEDED:
        return 0
    if info.driver_exit_code is None:
        raise RayscError(f"job {job} failed: {info.message}")
    return int(info.driver_exit_code)
