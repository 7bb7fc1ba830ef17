"""Loggers that a user already has: Tune's own callbacks, named in the sweep file. TensorBoard is always written."""

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
PACKAGES = {"wandb": "wandb", "mlflow": "mlflow"}
"""What a logger needs beside Tune."""
NAMED_AFTER_THE_SWEEP = {"wandb": "project", "mlflow": "experiment_name"}


def check_loggers(sweep: Sweep) -> None:
    """Refuse loggers that cannot work, before anything starts.

    Raises:
        InputError: a package is missing, a parameter is not one of the callback's, or what it logs to does not answer.
    """
    for number, logger in enumerate(sweep.loggers):
        package = PACKAGES.get(logger.name)
        if package is not None and find_spec(package) is None:
            raise sweep.error(f"loggers.{number}", f"{package} is not installed; pip install {package}")
        takes = inspect.signature(_callback(logger.name)).parameters
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values())
        for name in () if open_ended else logger.parameters:
            if name not in takes:
                told = f"{logger.name} has no parameter {name!r}{did_you_mean(name, list(takes))}"
                raise sweep.error(f"loggers.{number}", told)
        try:
            _build(logger, sweep).setup()
        except Exception as error:  # of another library: whatever it raises, the sweep cannot be logged
            raise sweep.error(f"loggers.{number}", f"{logger.name} cannot be used: {str(error).strip()}") from error


def callbacks(sweep: Sweep) -> list[Any]:
    """New callbacks for one Tune run; the project or experiment bears the sweep's name unless it is given one."""
    return [_build(logger, sweep) for logger in sweep.loggers]


def _build(logger: Component, sweep: Sweep) -> Any:
    named = NAMED_AFTER_THE_SWEEP.get(logger.name)
    defaults = {named: sweep.name} if named else {}
    if logger.name == "wandb":
        # Else its files lie among Tune's, which are copied to the store before the last run's are whole.
        defaults["dir"] = os.environ.get("WANDB_DIR", str(Path.cwd()))
    return _callback(logger.name)(**{**defaults, **logger.parameters})


def _callback(name: str) -> Any:
    module, attribute = CALLBACKS[name]
    return getattr(import_module(module), attribute)
