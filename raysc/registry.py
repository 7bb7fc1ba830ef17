"""What is registered, and plug-ins by import path: from a name in a sweep file to a class, its signature, an object.

Only the modules of components that are named get imported: torch is slow to load.
"""

import dataclasses
import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter, ValidationError

from raysc.datasets import DATASETS
from raysc.datasets.dataset import DataSet
from raysc.errors import InputError
from raysc.metrics import METRICS
from raysc.metrics.core.metric import Metric
from raysc.models import MODELS
from raysc.models.family import Family, ForData
from raysc.regimes import REGIMES
from raysc.regimes.recipe import Regime, exact
from raysc.settings import Component
from raysc.sweepfile.components import WORDS, described
from raysc.sweepfile.messages import did_you_mean, sentence
from raysc.sweepfile.signature import REQUIRED, Parameter, Room, Signature

REGISTRIES: Mapping[Room, Mapping[str, str]] = {
    "data": DATASETS,
    "model": MODELS,
    "regime": REGIMES,
    "metric": METRICS,
}

MEMBERS: Mapping[Room, tuple[str, ...]] = {
    "data": ("kind", "train", "test"),
    "model": ("trained", "block", "fit", "sample"),
    "regime": ("default_lambda", "recipe"),
    "metric": ("columns", "measure"),
}
"""What the class of a plug-in must have, so that no other class of any module can be called by a sweep file."""


def names(room: Room) -> Sequence[str]:
    """Short names, sorted."""
    return sorted(REGISTRIES[room])


def look_in(folder: str | Path) -> None:
    """Let ``module:Name`` be found in a folder too, after everything that is installed."""
    resolved = str(Path(folder).resolve())
    if resolved not in sys.path:
        sys.path.append(resolved)


def load(room: Room, name: str) -> type[Any]:
    """The class of a component.

    Args:
        room: where it is registered.
        name: a short name, or ``package.module:Name``; the module may lie in the current folder.

    Raises:
        InputError: there is none of that name, it cannot be imported, or it is no such component.
    """
    word = WORDS[room]
    if ":" in name:
        module_name, _, attribute = name.partition(":")
        module = _import_plugin(module_name, f"{word} {name!r}")
    else:
        target = REGISTRIES[room].get(name)
        if target is None:
            raise InputError(f"unknown {word} {name!r}{did_you_mean(name, names(room))}")
        module_name, _, attribute = target.partition(":")
        module = importlib.import_module(module_name)
    found = getattr(module, attribute, None)
    if found is None:
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise InputError(
            f"{word} {name!r}: module {module_name} has no {attribute!r}{did_you_mean(attribute, classes)}"
        )
    lacking = [member for member in MEMBERS[room] if not hasattr(found, member)]
    if not isinstance(found, type) or lacking:
        raise InputError(
            f"{name!r} is not a {word}: " + (f"it lacks {', '.join(lacking)}" if lacking else "it is no class")
        )
    return found


def _import_plugin(module: str, what: str) -> ModuleType:
    look_in(os.curdir)
    try:
        return importlib.import_module(module)
    except Exception as error:  # a stranger's module may raise anything; its author reads it here
        raise InputError(f"{what} cannot be imported: {type(error).__name__}: {error}") from error


def signature(room: Room, name: str) -> Signature:
    """What the class declares: the typed parameters of its constructor and a few attributes."""
    cls = load(room, name)
    return Signature(
        parameters=_parameters(cls),
        default_lambda=getattr(cls, "default_lambda", "not taken"),
        matched_control=getattr(cls, "matched_control", None),
        trained=bool(getattr(cls, "trained", False)),
    )


def _parameters(cls: type[Any]) -> dict[str, Parameter]:
    if cls.__init__ is object.__init__:
        return {}
    hints = get_type_hints(cls.__init__, include_extras=True)
    made = {}
    if dataclasses.is_dataclass(cls):
        # inspect shows a placeholder for these.
        factories = {field.name: field.default_factory for field in dataclasses.fields(cls)}
        made = {key: make() for key, make in factories.items() if make is not dataclasses.MISSING}
    parameters = {}
    for key, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            continue
        default = REQUIRED if parameter.default is parameter.empty else made.get(key, parameter.default)
        parameters[key] = Parameter(hints.get(key, Any), default)
    return parameters


def build(room: Room, component: Component) -> Any:
    """The object that a component names: its class, called with the parameters.

    Raises:
        InputError: the class refuses the parameters (by a ValueError or TypeError).
    """
    cls = load(room, component.name)
    declared = _parameters(cls)
    try:
        # A sweep file has lists where a class declares tuples; pydantic makes them what the class asks for.
        parameters = {
            key: TypeAdapter(declared[key].annotation).validate_python(value)
            for key, value in component.parameters.items()
        }
        return cls(**parameters)
    except ValidationError as error:
        raise InputError(f"{component.name}: {sentence(*error.errors())}") from error
    except (KeyError, TypeError, ValueError) as error:
        takes = described(component.name, signature(room, component.name))
        raise InputError(f"{component.name}: {error}; {takes}") from error


def family(model: Component, dataset: DataSet) -> Family:
    """The family that a component names, for rows of a data set."""
    built: Family = build("model", model)
    return built.for_data(dataset) if isinstance(built, ForData) else built


def columns(metric: Component) -> dict[str, Literal["log", "linear"]]:
    """The columns that a metric gives, each with its scale."""
    built: Metric = build("metric", metric)
    return {column.name: column.scale for column in built.columns}


def training_rows(data: Component, regime: Component, lambda_: float | None, generations: int) -> tuple[int, ...]:
    """How many rows generations 1 to ``generations`` train on; InputError if the data have too few."""
    dataset: DataSet = build("data", data)
    rule: Regime = build("regime", regime)
    return tuple(rule.recipe(t, dataset.count, exact(lambda_)).rows for t in range(1, generations + 1))


def version(room: Room, name: str) -> str:
    """What tells apart two states of a component's code: its declared version, or the hash of a plug-in's source."""
    cls = load(room, name)
    if ":" not in name:
        return str(cls.version)
    source = inspect.getsourcefile(cls)
    if source is None:
        raise InputError(f"{name!r} has no source file to tell its version by")
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()
