"""Submitting and following a sweep, with a job server that is a list: what Ray's own does, test_job_server.py sees."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.job_submission import JobStatus

from raysc import registry
from raysc.cluster import jobs
from raysc.cluster.jobs import Submission, job_name, plugin_files, run_as_job
from raysc.errors import RayscError

ASKED = Submission("raysc-toy-1", "toy.yaml", ["--storage", "s3://bucket/a b"], "RAYSC_JOB", {"toy.yaml": b"name: toy"})


@dataclass
class Server:
    """Jobs that were submitted, and what is answered about them, one answer after another.

    Attributes:
        answers: (status, output) or an exception; the last one stays.
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
        told = {"submission_id": job, "status": status, "metadata": metadata, "entrypoint": entrypoint}
        self.infos.append(SimpleNamespace(**told, driver_exit_code=None, message=""))

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
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAUSE", 0.0)


def run(server: Server, submission: Submission = ASKED) -> tuple[int, str, str]:
    """The status, what the user is told, and the job's output."""
    said: list[str] = []
    written: list[str] = []
    status = run_as_job(server, submission, said.append, written.append)
    return status, "\n".join(said), "".join(written)


def test_a_sweep_is_submitted_with_its_file_and_its_output_is_shown_once() -> None:
    server = Server(
        [(JobStatus.RUNNING, "one\n"), (JobStatus.RUNNING, "one\ntwo\n"), (JobStatus.SUCCEEDED, "one\ntwo\n.")]
    )
    assert run(server)[::2] == (0, "one\ntwo\n.")
    assert server.infos[0].submission_id == "raysc-toy-1-1"
    assert server.infos[0].entrypoint == "RAYSC_JOB=raysc-toy-1-1 raysc sweep toy.yaml --storage 's3://bucket/a b'"
    assert server.folders == [{"toy.yaml": b"name: toy"}]


def test_a_lost_connection_is_told_once_and_survived() -> None:
    lost = ConnectionError("no route")
    server = Server([(JobStatus.RUNNING, "a"), lost, lost, RuntimeError("status 502"), (JobStatus.SUCCEEDED, "abc")])
    status, said, output = run(server)
    assert (status, output, said.count("connection to the cluster was lost")) == (0, "abc", 1)


def test_a_second_call_joins_the_job_that_runs() -> None:
    server = Server([(JobStatus.SUCCEEDED, "done")])
    server.add("raysc-toy-1-3", JobStatus.RUNNING, {"raysc": ASKED.digest})
    server.add("raysc-toy-1-2", JobStatus.FAILED, {})
    server.add("raysc-other-1-9", JobStatus.RUNNING, {})
    assert run(server)[0] == 0
    assert server.folders == [], "nothing was submitted"


def test_a_changed_sweep_waits_for_the_job_before_and_then_runs() -> None:
    server = Server([(JobStatus.SUCCEEDED, "")])
    server.add("raysc-toy-1-1", JobStatus.PENDING, {"raysc": "another state of the file"})
    status, said, _ = run(server)
    assert (status, [info.submission_id for info in server.infos]) == (0, ["raysc-toy-1-1", "raysc-toy-1-2"])
    assert "which ran another state of this sweep, has ended" in said


def test_the_next_call_after_the_end_is_a_new_job() -> None:
    server = Server([(JobStatus.FAILED, "")])
    server.add("raysc-toy-1-1", JobStatus.SUCCEEDED, {"raysc": ASKED.digest})
    assert run(server)[0] == 2, "the job's own exit status"
    assert server.infos[-1].submission_id == "raysc-toy-1-2"


def test_ctrl_c_says_what_goes_on_and_how_to_stop_it() -> None:
    status, said, _ = run(Server([KeyboardInterrupt()]))
    assert status == 130
    assert "job raysc-toy-1-1 goes on running" in said
    assert "ray job stop raysc-toy-1-1" in said


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((JobStatus.STOPPED, ""), "was stopped"),
        (RuntimeError("Request failed with status code 404"), "does not know job raysc-toy-1-1 any more"),
    ],
)
def test_what_ended_a_job_from_outside_is_told(answer: Any, message: str) -> None:
    with pytest.raises(RayscError, match=message):
        run(Server([answer]))


def test_a_jobs_id_tells_stores_and_sweeps_apart() -> None:
    names = {job_name(sweep, store) for sweep in ("a", "b") for store in ("s3://x", "s3://y")}
    assert len(names) == 4
    assert job_name("a", "s3://x") in names


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a plug-in of one file, a package, and something that neither imports."""
    (tmp_path / "own_rule.py").write_text("import own_helper\nimport numpy\n\n\nclass Own: ...\n")
    (tmp_path / "own_helper.py").write_text("A = 1\n")
    (tmp_path / "own_stranger.py").write_text("B = 1\n")
    (tmp_path / "own_package/inner").mkdir(parents=True)
    for name in ("own_package/__init__.py", "own_package/inner/__init__.py", "own_package/rule.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(sys, "path", list(sys.path))
    registry.look_in(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def test_plug_ins_go_along_with_what_they_import_of_their_folder(rules: Path) -> None:
    __import__("own_rule")
    assert plugin_files(["own_rule"]) == {
        name: (rules / name).read_bytes() for name in ("own_helper.py", "own_rule.py")
    }


def test_packages_go_along_whole_and_installed_ones_stay_behind(rules: Path) -> None:
    __import__("own_package.rule")
    __import__("sklearn")
    names = {"own_package/__init__.py", "own_package/inner/__init__.py", "own_package/rule.py"}
    assert set(plugin_files(["own_package.rule", "sklearn.cluster"])) == names
