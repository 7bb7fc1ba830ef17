"""Loggers of a sweep file: Tune's own callbacks. TensorBoard files are always written."""

import inspect
import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from raysc.settings import Component
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.sweep import Sweep

CALLBACKS = {
    "csv": ("ray.tune.logger.csv", "CSVLoggerCallback"),
    "wandb": ("ray.air.integrations.wandb", "WandbLoggerCallback"),
    "mlflow": ("ray.air.integrations.mlflow", "MLflowLoggerCallback"),
}
"""Logger -> module and class of the callback."""

PACKAGES = {"wandb": "wandb", "mlflow": "mlflow"}
"""Logger -> the package that it needs beside Ray."""

NAME_PARAMETERS = {"wandb": "project", "mlflow": "experiment_name"}
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
