"""Submission and following of jobs, with a job server in memory; test_job_server.py uses Ray's own."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.job_submission import JobStatus

from raysc.cluster import jobs
from raysc.cluster.jobs import Submission, job_name, run_as_job
from raysc.errors import RayscError

SUBMISSION = Submission(
    "raysc-toy-1", "toy.yaml", ["--storage", "s3://bucket/a b"], "RAYSC_JOB", {"toy.yaml": b"name: toy"}
)


@dataclass
class Server:
    """A job server in memory.

    Attributes:
        answers: successive answers about a job: (status, output) or an exception; the last one is repeated.
        infos: the jobs.
        folders: content of each submitted working folder.
    """

    answers: list[tuple[JobStatus, str] | BaseException]
    infos: list[Any] = field(default_factory=list)
    folders: list[dict[str, bytes]] = field(default_factory=list)
    _output: str = ""

    def list_jobs(self) -> list[Any]:
        return self.infos

    def submit_job(
        self, *, entrypoint: str, submission_id: str, runtime_env: dict[str, Any], metadata: dict[str, str]
    ) -> str:
        if submission_id in [info.submission_id for info in self.infos]:
            raise RuntimeError(f"Job with submission_id {submission_id} already exists")
        folder = Path(runtime_env["working_dir"])
        files = [file for file in folder.rglob("*") if file.is_file()]
        self.folders.append({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})
        self.add(submission_id, JobStatus.RUNNING, metadata, entrypoint)
        return submission_id

    def add(self, job: str, status: JobStatus, metadata: dict[str, str], entrypoint: str = "") -> None:
        fields = {"submission_id": job, "status": status, "metadata": metadata, "entrypoint": entrypoint}
        self.infos.append(SimpleNamespace(**fields, driver_exit_code=None, message=""))

    def get_job_info(self, job_id: str) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        info = next(info for info in self.infos if info.submission_id == job_id)
        info.status, self._output = answer
        info.driver_exit_code = {JobStatus.SUCCEEDED: 0, JobStatus.FAILED: 2}.get(info.status)
        return info

    def get_job_logs(self, job_id: str) -> str:
        return self._output


@pytest.fixture(autouse=True)
def _poll_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "POLL_SECONDS", 0.0)


def run(server: Server, submission: Submission = SUBMISSION) -> tuple[int, str, str]:
    """The exit status, the printed lines, and the job's output."""
    lines: list[str] = []
    written: list[str] = []
    status = run_as_job(server, submission, lines.append, written.append)
    return status, "\n".join(lines), "".join(written)


def test_a_sweep_is_submitted_with_its_file_and_its_output_is_shown_once() -> None:
    server = Server(
        [(JobStatus.RUNNING, "one\n"), (JobStatus.RUNNING, "one\ntwo\n"), (JobStatus.SUCCEEDED, "one\ntwo\n.")]
    )
    assert run(server)[::2] == (0, "one\ntwo\n.")
    assert server.infos[0].submission_id == "raysc-toy-1-1"
    assert server.infos[0].entrypoint == "RAYSC_JOB=raysc-toy-1-1 raysc sweep toy.yaml --storage 's3://bucket/a b'"
    assert server.folders == [{"toy.yaml": b"name: toy"}]


def test_a_lost_connection_is_reported_once_and_retried() -> None:
    lost = ConnectionError("no route")
    server = Server([(JobStatus.RUNNING, "a"), lost, lost, RuntimeError("status 502"), (JobStatus.SUCCEEDED, "abc")])
    status, printed, output = run(server)
    assert (status, output, printed.count("connection to the cluster was lost")) == (0, "abc", 1)


def test_a_second_call_joins_the_job_that_runs() -> None:
    server = Server([(JobStatus.SUCCEEDED, "done")])
    server.add("raysc-toy-1-3", JobStatus.RUNNING, {"raysc": SUBMISSION.digest})
    server.add("raysc-toy-1-2", JobStatus.FAILED, {})
    server.add("raysc-other-1-9", JobStatus.RUNNING, {})
    assert run(server)[0] == 0
    assert server.folders == [], "nothing was submitted"


def test_a_changed_sweep_waits_for_the_running_job_and_is_then_submitted() -> None:
    server = Server([(JobStatus.SUCCEEDED, "")])
    server.add("raysc-toy-1-1", JobStatus.PENDING, {"raysc": "another version of the file"})
    status, printed, _ = run(server)
    assert (status, [info.submission_id for info in server.infos]) == (0, ["raysc-toy-1-1", "raysc-toy-1-2"])
    assert "which ran another version of this sweep, has ended" in printed


def test_the_next_call_after_the_end_is_a_new_job() -> None:
    server = Server([(JobStatus.FAILED, "")])
    server.add("raysc-toy-1-1", JobStatus.SUCCEEDED, {"raysc": SUBMISSION.digest})
    assert run(server)[0] == 2, "the job's own exit status"
    assert server.infos[-1].submission_id == "raysc-toy-1-2"


def test_ctrl_c_ends_the_following_and_not_the_job() -> None:
    status, printed, _ = run(Server([KeyboardInterrupt()]))
    assert status == 130
    assert "job raysc-toy-1-1 goes on running" in printed
    assert "ray job stop raysc-toy-1-1" in printed


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((JobStatus.STOPPED, ""), "was stopped"),
        (RuntimeError("Request failed with status code 404"), "does not know job raysc-toy-1-1 any more"),
    ],
)
def test_a_job_that_was_ended_from_outside_is_an_error(answer: Any, message: str) -> None:
    with pytest.raises(RayscError, match=message):
        run(Server([answer]))


def test_the_prefix_of_job_ids_differs_by_store_and_sweep() -> None:
    names = {job_name(sweep, store) for sweep in ("a", "b") for store in ("s3://x", "s3://y")}
    assert len(names) == 4
    assert job_name("a", "s3://x") in names
