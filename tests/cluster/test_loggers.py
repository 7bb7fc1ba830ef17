import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from raysc.cluster import loggers
from raysc.cluster.loggers import check_loggers, logger_callbacks
from raysc.errors import InputError
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]


def installed(package: str) -> bool:
    return package != "wandb"


@pytest.fixture
def some_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All packages but wandb seem to be installed."""
    monkeypatch.setattr(loggers, "find_spec", lambda package: installed(package) or None)


@pytest.mark.usefixtures("some_installed")
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("[csv, wandb]", r"loggers\.1: wandb is not installed; pip install wandb"),
        ("[{name: mlflow, experiment: x}]", r"mlflow has no parameter 'experiment'; did you mean 'experiment_name'\?"),
        ("[{name: csv, folder: x}]", "csv has no parameter 'folder'"),
    ],
)
def test_loggers_that_cannot_work_are_refused(
    setting: str, message: str, make_sweep: MakeSweep, gaussian_text: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_loggers(make_sweep(gaussian_text, f"loggers={setting}"))


def test_tunes_own_callbacks_get_the_parameters(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The constructor of Tune's callback imports mlflow, and connects only when a run begins.
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    setting = "[csv, mlflow, {name: mlflow, experiment_name: mine, tags: {a: b}}]"
    csv, default, configured = logger_callbacks(make_sweep(gaussian_text, f"loggers={setting}"))
    assert type(csv).__name__ == "CSVLoggerCallback"
    assert (default.experiment_name, configured.experiment_name, configured.tags) == (
        "small-gaussian",
        "mine",
        {"a": "b"},
    )


def test_wandb_writes_its_files_to_its_own_folder_and_not_among_tunes(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loggers, "_callback_class", lambda name: dict)
    monkeypatch.delenv("WANDB_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (callback,) = logger_callbacks(make_sweep(gaussian_text, "loggers=[{name: wandb, entity: us}]"))
    assert callback == {"project": "small-gaussian", "dir": str(tmp_path), "entity": "us"}
    monkeypatch.setenv("WANDB_DIR", "/elsewhere")
    (callback,) = logger_callbacks(make_sweep(gaussian_text, "loggers=[wandb]"))
    assert callback["dir"] == "/elsewhere"


def test_a_logger_without_its_server_is_refused_before_anything_starts(
    make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(uri: str) -> None:
        raise ConnectionError(f"no server answers at {uri}")

    empty = ModuleType("mlflow")
    monkeypatch.setattr(empty, "set_tracking_uri", unreachable, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", empty)
    monkeypatch.setattr(loggers, "find_spec", lambda package: True)
    sweep = make_sweep(gaussian_text, "loggers=[csv, {name: mlflow, tracking_uri: 'http://nowhere'}]")
    with pytest.raises(InputError, match=r"loggers\.1: mlflow cannot be used: no server answers at http://nowhere"):
        check_loggers(sweep)


@pytest.fixture
def trial() -> Any:
    """What a logger reads of a trial."""

    class Trial:
        trial_id, config = "a1", {"regime": "mix", "lambda": 0.5}

        def __str__(self) -> str:
            return "mix_lambda_0.5"

    return Trial()


def test_trackio_gets_a_run_per_trial_with_its_numbers(
    make_sweep: MakeSweep, gaussian_text: str, trial: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    pytest.importorskip("trackio", reason="pip install trackio")
    sweep = make_sweep(gaussian_text, "loggers=[trackio]")
    check_loggers(sweep)
    (callback,) = logger_callbacks(sweep)
    callback.log_trial_start(trial)
    for step in (1, 2):
        callback.log_trial_result(
            step, trial, {"generation": step, "error": 0.5 / step, "training_iteration": step, "host": "a"}
        )
    callback.log_trial_start(trial)  # a retry
    callback.log_trial_end(trial)
    with sqlite3.connect(tmp_path / "small-gaussian.db") as database:
        rows = database.execute("select run_name, step, metrics from metrics order by step").fetchall()
        (config,) = database.execute("select config from configs").fetchone()
    assert [(name, step, json.loads(metrics)["error"]) for name, step, metrics in rows] == [
        ("mix_lambda_0.5", 1, 0.5),
        ("mix_lambda_0.5", 2, 0.25),
    ]
    assert json.loads(config)["lambda"] == 0.5


@pytest.mark.parametrize("parameters", [{"space": "x"}, {"api_key": "x"}])
def test_trackio_refuses_other_parameters(
    parameters: dict[str, str], make_sweep: MakeSweep, gaussian_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda package: True)
    ((name, value),) = parameters.items()
    with pytest.raises(InputError, match=name):
        check_loggers(make_sweep(gaussian_text, f"loggers=[{{name: trackio, {name}: {value}}}]"))


def test_a_run_without_loggers_has_no_callbacks(make_sweep: MakeSweep, gaussian_text: str) -> None:
    callbacks: list[Any] = logger_callbacks(make_sweep(gaussian_text))
    assert callbacks == []
