"""The sweep file's grammar outside ``space``: its keys, their types, and what goes together."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, PositiveInt, ValidationError

from raysc.settings import (
    LOOP_ONLY,
    Budget,
    Component,
    Initial,
    Keep,
    Measure,
    Price,
    Resources,
    Sample,
    Settings,
    Start,
    Train,
    Until,
)
from raysc.sweepfile.messages import Places, did_you_mean, first_error, sentence, shown

LOGGERS = ("csv", "wandb", "mlflow")
"""What Tune's results can go to beside TensorBoard."""
SECRETS = ("api_key", "tracking_token")
"""Parameters of loggers that a sweep file may not hold: it is copied into the store."""

Model = TypeVar("Model", bound=BaseModel)


class Loop(Settings):
    """The retrainings: how many, from which weights, how long, until when; train and sample override for t >= 1."""

    generations: PositiveInt
    start: Start = "previous"
    budget: Budget | None = None
    train: Train = Train()
    sample: Sample = Sample()
    until: Until | None = None


class Search(Settings):
    """How many points are drawn from the domains of ``space``."""

    random: PositiveInt


class SweepFile(Settings):
    """The top keys. ``Any``: checked elsewhere, by code that can say more than a type."""

    name: str | None = None
    data: Any = None
    model: Any = None
    initial: Initial = Initial()
    loop: Loop
    train: Train = Train()
    sample: Sample = Sample()
    space: Any
    search: Search | None = None
    seeds: Any = 1
    metrics: list[Any] = Field(min_length=1)
    measure: Any = "all"
    control: Any = True
    initial_quality: str | None = None
    resources: Resources = Resources()
    pool: Literal["parquet", "object_store"] = "parquet"
    keep: Keep = Keep()
    storage: str | None = None
    claims: Any = None
    loggers: Any = None
    prices: dict[str, Price] = Field(default_factory=dict)


def check(model: type[Model], value: Any, key: str, places: Places) -> Model:
    """The value as a model, or a refusal that names key, place, what was expected and the nearest valid name.

    Args:
        model: what the mapping is to be.
        value: plain values; checked strictly: true is no number, "3" is no number, 1 is a number.
        key: the dotted key of the value, "" for the whole file.
        places: for messages.
    """
    try:
        # By way of JSON: only there does pydantic's strict mode take a list for a tuple and a mapping for a model.
        return model.model_validate_json(json.dumps(value), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        first = first_error(error)
    path = [str(part) for part in first["loc"]]
    whole = ".".join([key, *path] if key else path)
    if first["type"] == "missing":
        raise places.error(whole, "is missing")
    if first["type"] == "extra_forbidden":
        raise places.error(whole, f"unknown key{_nearest_key(model, path)}")
    raise places.error(whole, sentence(first))


def check_file(value: dict[str, Any], places: Places) -> SweepFile:
    """The whole file, apart from ``space``, components, and what must go together in a cell."""
    # A section that is left blank sets nothing.
    blank = ("initial", "train", "sample", "resources", "keep")
    value = {key: {} if inner is None and key in blank else inner for key, inner in value.items()}
    file = check(SweepFile, value, "", places)
    for key, why in LOOP_ONLY.items():
        section, _, name = key.partition(".")
        if name in getattr(file, section).model_fields_set:
            raise places.error(key, f"{why}; set it under loop.{section}")
    workers, cpus, gpus = file.resources.workers, file.resources.cpus, file.resources.gpus
    if cpus > 1 and cpus % 1:
        raise places.error("resources.cpus", f"above 1 it must be a whole number, got {cpus:g}")
    if gpus % 1 and gpus > 1:
        raise places.error("resources.gpus", f"above 1 it must be a whole number, got {gpus:g}")
    if file.pool == "object_store" and file.keep.models == "last":
        raise places.error(
            "keep.models",
            "last goes with pool: parquet only: rows in the object store are drawn again from the models when a worker "
            "dies",
        )
    if gpus % 1 and workers > 1:
        raise places.error(
            "resources.gpus", f"a fraction of a device, {gpus:g}, goes with workers: 1 only; workers is {workers}"
        )
    return file


def sweep_name(file: SweepFile, places: Places) -> str:
    """``name``, or the file's name without its ending; a folder of that name must be possible everywhere."""
    name = Path(places.path).stem if file.name is None else file.name
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise places.error(
            "name", f"expected a plain folder name of letters, digits, '_', '-' and '.', such as my_sweep; got {name!r}"
        )
    return name


def seeds_of(value: Any, places: Places) -> tuple[int, ...]:
    """``3`` is 0, 1, 2; a list is itself."""
    if _whole(value) and value >= 1:
        return tuple(range(value))
    if not isinstance(value, list) or not value:
        raise places.error("seeds", f"expected a number of at least 1 or a list of seeds, got {shown(value)}")
    for index, seed in enumerate(value):
        if not _whole(seed) or seed < 0:
            raise places.error(f"seeds.{index}", f"expected a whole number of at least 0, got {shown(seed)}")
        if seed in value[:index]:
            raise places.error(f"seeds.{index}", f"seed {seed} is listed twice")
    return tuple(value)


def measure_of(value: Any, generations: int, places: Places) -> Measure:
    """All | log | a list of generations, sorted and without repeats."""
    if value == "all" or value == "log":
        return "all" if value == "all" else "log"
    if not isinstance(value, list) or not value:
        raise places.error("measure", f"expected all, log or a list of generations, got {shown(value)}")
    for index, generation in enumerate(value):
        if not _whole(generation) or not 0 <= generation <= generations:
            raise places.error(
                f"measure.{index}", f"expected a generation from 0 to {generations}, got {shown(generation)}"
            )
    return tuple(sorted(set(value)))


def control_of(value: Any, places: Places) -> Literal["declared", "matched", "none"]:
    """True (as declared) | matched | false."""
    if value is True or value == "declared":
        return "declared"
    if value is False:
        return "none"
    if value == "matched":
        return "matched"
    raise places.error("control", f"expected true, false or matched, got {shown(value)}")


def until_of(until: Until | None, columns: Iterable[str], places: Places) -> Until | None:
    """``loop.until``, if its metric is one of the columns that are measured and it has one level."""
    if until is None:
        return None
    names = list(columns)
    if until.metric not in names:
        raise places.error(
            "loop.until.metric",
            f"no listed metric has a column {until.metric!r}{did_you_mean(until.metric, names)}",
        )
    if (until.above is None) == (until.below is None):
        raise places.error("loop.until", "expected one of above and below, as in {metric: entropy, below: 1e-8}")
    return until


def loggers_of(value: Any, places: Places) -> tuple[Component, ...]:
    """A list of names or of mappings with a name and the parameters of Tune's callback."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise places.error("loggers", f"expected a list such as [csv, wandb], got {shown(value)}")
    found = []
    for index, one in enumerate(value):
        parameters = dict(one) if isinstance(one, dict) else {"name": one}
        name, key = parameters.pop("name", None), f"loggers.{index}"
        if name not in LOGGERS:
            raise places.error(
                key, f"expected one of {', '.join(LOGGERS)}, got {shown(name)}{did_you_mean(str(name), LOGGERS)}"
            )
        if secrets := [parameter for parameter in SECRETS if parameter in parameters]:
            raise places.error(key, f"{secrets[0]} does not belong into a sweep file; set it in the environment")
        found.append(Component(name=name, parameters=parameters))
    return tuple(found)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def keys_of(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """The keys that a mapping may have, each with the model of its own mapping, if it is one."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, info in model.model_fields.items():
        options = getattr(info.annotation, "__args__", (info.annotation,))
        models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
        keys[info.alias or name] = models[0] if models else None
    return keys


def _nearest_key(model: type[BaseModel], path: list[str]) -> str:
    here: type[BaseModel] | None = model
    for part in path[:-1]:
        here = keys_of(here).get(part) if here else None
    name = path[-1]
    valid = list(keys_of(here)) if here else []
    head, dot, rest = name.partition(".")
    if dot and head in valid:
        return f"; dotted keys go under space, here write {head}: {{{rest}: ...}}"
    if name in ("regime", "lambda") and here is SweepFile:
        return f"; {name} goes under space"
    return did_you_mean(name, valid)
