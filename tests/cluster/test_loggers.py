import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from raysc.cluster import loggers
from raysc.cluster.loggers import callbacks, check_loggers
from raysc.errors import InputError
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]


def installed(package: str) -> bool:
    return package != "wandb"


@pytest.fixture
def some_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but wandb is there to be found."""
    monkeypatch.setattr(loggers, "find_spec", lambda package: installed(package) or None)


@pytest.mark.usefixtures("some_installed")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[csv, wandb]", r"loggers\.1: wandb is not installed; pip install wandb"),
        ("[{name: mlflow, experiment: x}]", r"mlflow has no parameter 'experiment'; did you mean 'experiment_name'\?"),
        ("[{name: csv, folder: x}]", "csv has no parameter 'folder'"),
    ],
)
def test_what_cannot_work_is_refused(given: str, message: str, make_sweep: MakeSweep, gaussian_text: str) -> None:
    with pytest.raises(InputError, match=message):
        check_loggers(make_sweep(gaussian_text, f"loggers={given}"))


def test_tunes_own_callbacks_get_the_parameters(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tune's callback imports mlflow as it is made, and speaks to it only once a run begins.
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    given = "[csv, mlflow, {name: mlflow, experiment_name: mine, tags: {a: b}}]"
    csv, one, other = callbacks(make_sweep(gaussian_text, f"loggers={given}"))
    assert type(csv).__name__ == "CSVLoggerCallback"
    assert (one.experiment_name, other.experiment_name, other.tags) == ("small-gaussian", "mine", {"a": "b"})


def test_wandb_keeps_its_files_where_it_always_does_and_not_among_tunes(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loggers, "_callback", lambda name: dict)
    monkeypatch.delenv("WANDB_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (found,) = callbacks(make_sweep(gaussian_text, "loggers=[{name: wandb, entity: us}]"))
    assert found == {"project": "small-gaussian", "dir": str(tmp_path), "entity": "us"}
    monkeypatch.setenv("WANDB_DIR", "/elsewhere")
    (found,) = callbacks(make_sweep(gaussian_text, "loggers=[wandb]"))
    assert found["dir"] == "/elsewhere"


def test_a_logger_that_cannot_reach_what_it_logs_to_is_refused_before_anything_starts(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(uri: str) -> None:
        raise ConnectionError(f"nobody answers at {uri}")

    empty = ModuleType("mlflow")
    monkeypatch.setattr(empty, "set_tracking_uri", unreachable, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", empty)
    monkeypatch.setattr(loggers, "find_spec", lambda package: True)
    sweep = make_sweep(gaussian_text, "loggers=[csv, {name: mlflow, tracking_uri: 'http://nowhere'}]")
    with pytest.raises(InputError, match=r"loggers\.1: mlflow cannot be used: nobody answers at http://nowhere"):
        check_loggers(sweep)


def test_a_run_without_loggers_has_no_callbacks(make_sweep: MakeSweep, gaussian_text: str) -> None:
    found: list[Any] = callbacks(make_sweep(gaussian_text))
    assert found == []
