"""Registry of components: from a name in a sweep file to a class, its signature and an object.

A name is a registered short name, or ``package.module:Name`` for a plug-in. Modules are imported when one of their
components is named, since torch is slow to import.
"""

import dataclasses
import hashlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Hashable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from raysc.curation import CURATIONS
from raysc.datasets import DATASETS
from raysc.datasets.dataset import DataSet
from raysc.errors import InputError, RayscError
from raysc.machine.content_cache import content_cache
from raysc.machine.plugin_classes import is_of_notebook, notebook_hash
from raysc.machine.plugin_modules import import_plugin, is_recorded, source_hash
from raysc.metrics import METRICS
from raysc.metrics.core.metric import Metric
from raysc.models import MODELS
from raysc.models.family import Family, SupportsDataBinding
from raysc.regimes import REGIMES
from raysc.regimes.recipe import exact
from raysc.regimes.regime import Regime
from raysc.settings import Component
from raysc.sweepfile.components import KIND_NAMES, describe_parameters
from raysc.sweepfile.messages import did_you_mean, mismatch
from raysc.sweepfile.signature import REQUIRED, ComponentKind, Parameter, Signature

REGISTRIES: Mapping[ComponentKind, Mapping[str, str]] = {
    "data": DATASETS,
    "model": MODELS,
    "regime": REGIMES,
    "curation": CURATIONS,
    "metric": METRICS,
}

MEMBERS: Mapping[ComponentKind, tuple[str, ...]] = {
    "data": ("kind", "train", "test"),
    "model": ("trained", "block", "fit", "sample"),
    "regime": ("default_lambda", "recipe"),
    "curation": ("curate",),
    "metric": ("columns", "measure"),
}
"""Required attributes of a plug-in's class, so that a sweep file cannot call any other class."""

MAX_CLASSES = 1000
"""Number of classes whose parameters are remembered; a notebook makes new ones with each edit of a plug-in."""


def names(kind: ComponentKind) -> Sequence[str]:
    """Return the short names, sorted."""
    return sorted(REGISTRIES[kind])


def add_plugin_folder(folder: str | Path) -> None:
    """Search a folder for the modules of plug-ins, too, after all installed packages."""
    resolved = str(Path(folder).resolve())
    if resolved not in sys.path:
        sys.path.append(resolved)


def load(kind: ComponentKind, name: str) -> type[Any]:
    """Return the class of a component.

    Args:
        kind: kind of the component.
        name: a short name, or ``package.module:Name``; the module may lie in the current folder.

    Raises:
        InputError: the name is unknown, its module cannot be imported, or the class is no such component.
    """
    word = KIND_NAMES[kind]
    if ":" not in name:
        target = REGISTRIES[kind].get(name)
        if target is None:
            raise InputError(f"unknown {word} {name!r}{did_you_mean(name, names(kind))}")
        return _registered_class(target)
    module_name, _, attribute = name.partition(":")
    module = _import_plugin(module_name, f"{word} {name!r}")
    cls = getattr(module, attribute, None)
    if cls is None and module_name == "__main__":
        raise InputError(
            f"{word} {name!r} was defined in a notebook or script: raysc.load reads its results there, with the same "
            "dict; for other places put the class into a file"
        )
    if cls is None:
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise InputError(
            f"{word} {name!r}: module {module_name} has no {attribute!r}{did_you_mean(attribute, classes)}"
        )
    missing = [member for member in MEMBERS[kind] if not hasattr(cls, member)]
    if not isinstance(cls, type) or missing:
        problem = f"it lacks {', '.join(missing)}" if missing else "it is no class"
        raise InputError(f"{name!r} is not a {word}: {problem}")
    return cls


@cache
def _registered_class(target: str) -> type[Any]:
    """Import the class at ``module:Name``. Large sweeps ask for the same class for each of their cells."""
    module, _, attribute = target.partition(":")
    cls: type[Any] = getattr(importlib.import_module(module), attribute)
    return cls


def _import_plugin(module: str, label: str) -> ModuleType:
    """Import the module of a plug-in; InputError, with the label of the component, if that fails."""
    add_plugin_folder(os.curdir)
    try:
        return import_plugin(module)
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    except Exception as error:  # a plug-in may raise anything; its author needs the message
        raise InputError(f"{label} cannot be imported: {describe_error(error)}") from error


def describe_error(error: Exception) -> str:
    """Describe an error of a component's code: its type and message, and the line of a plug-in that raised it."""
    if isinstance(error, MemoryError):
        return f"it needs more memory than this process may use ({str(error) or 'MemoryError'})"
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    message = " ".join(str(error).split())
    described = f"{type(error).__name__}: {message}" if message else type(error).__name__
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_recorded(frame.filename):
            return f"{described} ({frame.filename}, line {frame.lineno})"
    return described


def signature(kind: ComponentKind, name: str) -> Signature:
    """Return the signature of a component: the typed parameters of its constructor and a few attributes."""
    cls = load(kind, name)
    trained = bool(getattr(cls, "trained", False))
    return Signature(
        parameters=_parameters(cast(Hashable, cls)),
        default_lambda=getattr(cls, "default_lambda", "not taken"),
        matched_control=getattr(cls, "matched_control", None),
        trained=trained,
        sample_settings=() if trained else tuple(getattr(cls, "sample_settings", ())),
        locations=tuple(getattr(cls, "location_parameters", ())),
    )


@lru_cache(maxsize=MAX_CLASSES)
def _parameters(cls: type[Any]) -> Mapping[str, Parameter]:
    """Return the parameters of a constructor by name, with type and default."""
    if cls.__init__ is object.__init__:
        return {}
    hints = get_type_hints(cls.__init__, include_extras=True)
    factory_defaults = {}
    if dataclasses.is_dataclass(cls):
        # inspect has a placeholder for the default of a field with a factory.
        factories = {field.name: field.default_factory for field in dataclasses.fields(cls)}
        factory_defaults = {key: make() for key, make in factories.items() if make is not dataclasses.MISSING}
    parameters = {}
    for key, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            continue
        default = REQUIRED if parameter.default is parameter.empty else factory_defaults.get(key, parameter.default)
        parameters[key] = Parameter(hints.get(key, Any), default)
    return parameters


def build(kind: ComponentKind, component: Component) -> Any:
    """Return the object of a component: its class, called with its parameters.

    Raises:
        InputError: the class refuses the parameters, by any error.
    """
    cls = load(kind, component.name)
    declared = _parameters(cast(Hashable, cls))
    try:
        # Lists of the sweep file become tuples if the class declares tuples.
        parameters = {
            key: TypeAdapter(declared[key].annotation).validate_python(value)
            for key, value in component.parameters.items()
        }
        return cls(**parameters)
    except ValidationError as error:
        raise InputError(f"{component.name}: {mismatch(*error.errors())}") from error
    except (KeyError, TypeError, ValueError) as error:
        takes = describe_parameters(component.name, signature(kind, component.name))
        raise InputError(f"{component.name}: {error}; {takes}") from error
    except RayscError:
        raise
    except Exception as error:  # of a plug-in, or of the machine: no memory, an unreadable file
        raise InputError(f"{component.name}: {describe_error(error)}") from error


def family(model: Component, dataset: DataSet) -> Family:
    """Return the family of a component, for rows of a data set."""
    model_family: Family = build("model", model)
    return model_family.for_data(dataset) if isinstance(model_family, SupportsDataBinding) else model_family


def columns(metric: Component) -> dict[str, Literal["log", "linear"]]:
    """Return the columns of a metric, each with its scale."""
    instance: Metric = build("metric", metric)
    return {column.name: column.scale for column in instance.columns}


def training_rows(data: Component, regime: Component, lambda_: float | None, generations: int) -> tuple[int, ...]:
    """Return the training rows of generations 1 to ``generations``; InputError if the data have too few rows."""
    rule: Regime = build("regime", regime)
    count = _row_count(data)
    return tuple(rule.recipe(t, count, exact(lambda_)).rows for t in range(1, generations + 1))


@content_cache
def _row_count(data: Component) -> int:
    """Return the number of training rows of a data set; texts are tokenized to know it."""
    dataset: DataSet = build("data", data)
    return dataset.count


def version(kind: ComponentKind, name: str) -> str:
    """Return the version of a component's code: its declared version, or the SHA-256 of a plug-in's source file."""
    cls = load(kind, name)
    if ":" not in name:
        return str(cls.version)
    if (digest := source_hash(cls.__module__)) is not None:
        return digest
    if is_of_notebook(cls):
        return notebook_hash(cls)
    source = inspect.getsourcefile(cls)
    if source is None:
        raise InputError(f"{name!r} has no source file, and its version is the hash of that file")
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()
