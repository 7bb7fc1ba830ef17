"""Loggers of a sweep file: Tune's own callbacks, and one for trackio. TensorBoard files are always written."""

import inspect
import io
import os
from contextlib import redirect_stdout
from contextvars import copy_context
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback

from raysc.settings import Component
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.sweep import Sweep

CALLBACKS = {
    "csv": ("ray.tune.logger.csv", "CSVLoggerCallback"),
    "wandb": ("ray.air.integrations.wandb", "WandbLoggerCallback"),
    "mlflow": ("ray.air.integrations.mlflow", "MLflowLoggerCallback"),
    "trackio": ("raysc.cluster.loggers", "TrackioLoggerCallback"),
}
"""Logger -> module and class of the callback."""

PACKAGES = {"wandb": "wandb", "mlflow": "mlflow", "trackio": "trackio"}
"""Logger -> the package that it needs beside Ray."""

NAME_PARAMETERS = {"wandb": "project", "mlflow": "experiment_name", "trackio": "project"}
"""Logger -> the parameter whose default is the name of the sweep."""


def check_loggers(sweep: Sweep) -> None:
    """Check that the loggers of a sweep work, before anything starts.

    Raises:
        InputError: a package is missing, the callback has no such parameter, or its server does not answer.
    """
    for number, logger in enumerate(sweep.loggers):
        package = PACKAGES.get(logger.name)
        if package is not None and find_spec(package) is None:
            raise sweep.error(f"loggers.{number}", f"{package} is not installed; pip install {package}")
        parameters = inspect.signature(_callback_class(logger.name)).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        for name in () if takes_any else logger.parameters:
            if name not in parameters:
                problem = f"{logger.name} has no parameter {name!r}{did_you_mean(name, list(parameters))}"
                raise sweep.error(f"loggers.{number}", problem)
        try:
            _build(logger, sweep).setup()
        except Exception as error:  # any error of the logger's library means that the sweep cannot be logged
            raise sweep.error(f"loggers.{number}", f"{logger.name} cannot be used: {str(error).strip()}") from error


def logger_callbacks(sweep: Sweep) -> list[Any]:
    """Build new callbacks for one Tune run; without a name, the project or experiment has the name of the sweep."""
    return [_build(logger, sweep) for logger in sweep.loggers]


def _build(logger: Component, sweep: Sweep) -> Any:
    """Build the callback of a logger."""
    name_parameter = NAME_PARAMETERS.get(logger.name)
    defaults = {name_parameter: sweep.name} if name_parameter else {}
    if logger.name == "wandb":
        # By default its files lie among Tune's, which are copied to the store before the last ones are complete.
        defaults["dir"] = os.environ.get("WANDB_DIR", str(Path.cwd()))
    return _callback_class(logger.name)(**{**defaults, **logger.parameters})


def _callback_class(name: str) -> Any:
    """Import the callback class of a logger."""
    module, attribute = CALLBACKS[name]
    return getattr(import_module(module), attribute)


class TrackioLoggerCallback(LoggerCallback):
    """Logger of Tune's results for trackio, with a run for each trial; Tune has none.

    Trackio keeps one current run per context and finishes the one before, so each run begins in a context of its own.
    """

    def __init__(
        self, project: str, group: str | None = None, space_id: str | None = None, server_url: str | None = None
    ) -> None:
        """Set where runs are logged.

        Args:
            project: name of trackio's project.
            group: group of all runs.
            space_id: a Space of the Hugging Face hub; else runs are logged to trackio's local folder.
            server_url: address of a trackio server.
        """
        self._settings = {"project": project, "group": group, "space_id": space_id, "server_url": server_url}
        self._runs: dict[str, Any] = {}

    def log_trial_start(self, trial: Trial) -> None:
        import trackio

        if trial.trial_id in self._runs:
            return  # a retry goes on with the run
        with redirect_stdout(io.StringIO()):
            self._runs[trial.trial_id] = copy_context().run(
                trackio.init, name=str(trial), config=dict(trial.config),
                auto_log_cpu=False, auto_log_gpu=False, embed=False, **self._settings,
            )  # fmt: skip

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        if trial.trial_id not in self._runs:
            self.log_trial_start(trial)
        numbers = {name: value for name, value in result.items() if isinstance(value, int | float)}
        self._runs[trial.trial_id].log(numbers, step=result["training_iteration"])

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        if (run := self._runs.pop(trial.trial_id, None)) is not None:
            with redirect_stdout(io.StringIO()):
                run.finish()
