"""The grammar of the sweep file outside ``space``: keys, types and conflicts."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, PositiveInt, ValidationError

from raysc.seeds import MAX_PURPOSE_SEED, PURPOSES, PurposeSeeds, join
from raysc.settings import (
    LOOP_ONLY,
    Budget,
    Component,
    Initial,
    Keep,
    Models,
    Price,
    Probe,
    Resources,
    Sample,
    Scaling,
    Search,
    Settings,
    Start,
    Train,
    Until,
)
from raysc.sweepfile.messages import Locations, did_you_mean, first_error, mismatch, quote

LOGGERS = ("csv", "wandb", "mlflow", "trackio")
"""Loggers for Tune's results beside TensorBoard."""
SECRETS = ("api_key", "tracking_token")
"""Parameters of loggers that a sweep file must not have, since the store keeps a copy of the file."""

MAX_SEEDS = 10_000_000
"""Most seeds of a sweep."""
MAX_GENERATIONS = 2_000_000
"""Most generations after generation 0; the recipes of a cumulative regime have a part for each."""
MAX_NAME_CHARACTERS, MAX_NAME_BYTES = 100, 240
"""Longest name of a sweep; file systems take 255 bytes, and files are named after the sweep."""
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are devices on Windows."""

Section = TypeVar("Section", bound=BaseModel)


class LoopSection(Settings):
    """The retrainings.

    Attributes:
        generations: T, the number of retrainings after generation 0.
        start: start weights of a retraining (trained families): those of the previous generation, those from which
            generation 0 started, or new random weights.
        budget: length of a retraining (trained families).
        train: training settings of retrainings, over those of the file.
        sample: sampling settings of retrainings, over those of the file.
        until: level of a metric that ends a seed before the last generation.
    """

    generations: PositiveInt
    start: Start = "previous"
    budget: Budget | None = None
    train: Train = Train()
    sample: Sample = Sample()
    until: Until | None = None


class SweepFile(Settings):
    """A sweep file, by its top keys.

    Values of type ``Any`` are checked by code with more precise messages.

    Attributes:
        name: name of the sweep, a folder name; default: the file's name.
        data: data set of all cells, unless it is an axis of ``space``.
        model: model family of all cells, unless it is an axis of ``space``.
        curation: selection or correction of samples on top of the regime, of all cells, unless it is an axis of
            ``space``; default: none.
        initial: generation 0.
        models: several models that train on each other's samples; each is a cell of its own.
        loop: the retrainings.
        train: training settings of all generations (trained families).
        sample: sampling settings of all generations.
        space: grid of cells, axis: value or values; a list of grids is their union. Axes are regime, lambda, curation,
            data, model and dotted settings.
        search: number of points to draw, if ``space`` has domains; or the search for a threshold.
        seeds: number of seeds, or a list of them; every cell runs with every seed. Or a mapping with numbers or lists
            of data, initial, train and sample seeds; every cell runs with every combination.
        metrics: metrics of every measured generation.
        measure: measured generations: all, log (about evenly spaced on a logarithmic scale), or a list.
        control: true: every cell is compared with a control that trains on real rows only; matched: with one that
            takes as many optimiser steps; false: no control.
        probe: measurements of the loops themselves, such as their contraction.
        scaling: exponents of the excess in an axis and in the generation.
        initial_quality: metric whose value at generation 0 sorts cells by the quality of their initial model.
        resources: resources of a trial.
        pool: where sampled rows lie: in Parquet files of the store, or in Ray's object store.
        keep: what the store keeps of trained lineages.
        storage: folder or URI of the store (s3://, gs://, az://); default: ./raysc-store.
        claims: sentences of a paper in a form that can be tested.
        loggers: loggers for Tune's results beside TensorBoard: csv, wandb, mlflow, trackio.
        prices: price and size of each type of node, by name, for the cost estimate of a plan.
        labels: name of an axis or of a metric's column in figures and tables for papers; formulas stand between
            dollar signs.
    """

    name: str | None = None
    data: Any = None
    model: Any = None
    curation: Any = None
    initial: Initial = Initial()
    models: Models = Models()
    loop: LoopSection
    train: Train = Train()
    sample: Sample = Sample()
    space: Any
    search: Search | None = None
    seeds: Any = 1
    metrics: list[Any] = Field(min_length=1)
    measure: Any = "all"
    probe: Probe = Probe()
    scaling: Scaling | None = None
    control: Any = True
    initial_quality: str | None = None
    resources: Resources = Resources()
    pool: Literal["parquet", "object_store"] = "parquet"
    keep: Keep = Keep()
    storage: str | None = None
    claims: Any = None
    loggers: Any = None
    prices: dict[str, Price] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


def check(section: type[Section], value: Any, key: str, locations: Locations) -> Section:
    """Return a value as a section.

    Args:
        section: type of the section.
        value: plain values, checked strictly: true is no number, "3" is no number, 1 is a number.
        key: dotted key of the value, "" for the whole file.
        locations: for messages.

    Raises:
        InputError: a key or value is wrong; the message has location, key, expected value and nearest valid name.
    """
    try:
        # pydantic's strict mode accepts a list for a tuple and a mapping for a model in JSON only.
        return section.model_validate_json(json.dumps(value), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        first = first_error(error)
    path = [str(part) for part in first["loc"]]
    full_key = ".".join([key, *path] if key else path)
    if first["type"] == "missing":
        raise locations.error(full_key, "is missing")
    if first["type"] == "extra_forbidden":
        raise locations.error(full_key, f"unknown key{_nearest_key(section, path)}")
    raise locations.error(full_key, mismatch(first))


def check_file(value: dict[str, Any], locations: Locations) -> SweepFile:
    """Check the whole file, except ``space``, components, and conflicts within a cell."""
    # An empty section sets nothing.
    sections = ("initial", "models", "train", "sample", "probe", "resources", "keep")
    value = {key: {} if inner is None and key in sections else inner for key, inner in value.items()}
    file = check(SweepFile, value, "", locations)
    for key, reason in LOOP_ONLY.items():
        section, _, name = key.partition(".")
        if name in getattr(file, section).model_fields_set:
            raise locations.error(key, f"{reason}; set it under loop.{section}")
    _check_resources(file.resources, locations)
    if file.loop.generations > MAX_GENERATIONS:
        problem = f"{file.loop.generations:,} generations are more than {MAX_GENERATIONS:,}, the most of a sweep"
        raise locations.error("loop.generations", problem)
    if file.pool == "object_store" and file.keep.models == "last":
        raise locations.error(
            "keep.models",
            "last needs pool: parquet; after the death of a worker, rows in the object store are drawn again from the "
            "models",
        )
    return file


def _check_resources(resources: Resources, locations: Locations) -> None:
    """Raise InputError for fractions above 1, and for a fraction of a device with several workers."""
    workers, cpus, gpus = resources.workers, resources.cpus, resources.gpus
    if cpus > 1 and cpus % 1:
        raise locations.error("resources.cpus", f"above 1 it must be a whole number, got {cpus:g}")
    if gpus % 1 and gpus > 1:
        raise locations.error("resources.gpus", f"above 1 it must be a whole number, got {gpus:g}")
    if gpus % 1 and workers > 1:
        raise locations.error(
            "resources.gpus", f"a fraction of a device, {gpus:g}, goes with workers: 1 only; workers is {workers}"
        )


def sweep_name(file: SweepFile, locations: Locations) -> str:
    """Return ``name``, or the file's name without its suffix; InputError unless it is a valid folder name."""
    name = plain_name(Path(locations.path).stem if file.name is None else file.name)
    if problem := name_problem(name):
        raise locations.error("name", problem)
    return name


def plain_name(name: str) -> str:
    """Return a name in Unicode's composed form, so that one name has the same bytes on every machine."""
    return unicodedata.normalize("NFC", name)


def name_problem(name: str) -> str:
    """Return the reason why a text cannot be the name of a sweep, a folder on every file system; "" if it can."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        return f"expected a plain folder name of letters, digits, '_', '-' and '.', such as my_sweep; got {quote(name)}"
    if len(name) > MAX_NAME_CHARACTERS:
        return f"a name has at most {MAX_NAME_CHARACTERS} characters; got {len(name)}"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"a name has at most {MAX_NAME_BYTES} bytes in UTF-8; got {len(name.encode())}"
    if name.endswith("."):
        return f"a name cannot end with a dot, which some file systems drop; got {quote(name)}"
    if DEVICES.fullmatch(name):
        return f"{quote(name)} is a device on some systems; take another name"
    return ""


def read_seeds(value: Any, locations: Locations) -> tuple[int, ...]:
    """Return the seeds: of ``3`` 0, 1, 2; of a list its items; of a mapping by purpose all combinations.

    A purpose without an entry has the seed 0. The combinations are numbers as in ``raysc.seeds``; the last purpose
    changes fastest.
    """
    if not isinstance(value, dict):
        return _read_seed_list(value, "seeds", locations)
    for purpose in value:
        if purpose not in PURPOSES:
            raise locations.error(f"seeds.{purpose}", f"unknown key{did_you_mean(str(purpose), PURPOSES)}")
    lists = [_read_seed_list(value.get(purpose, [0]), f"seeds.{purpose}", locations) for purpose in PURPOSES]
    for purpose, seeds in zip(PURPOSES, lists, strict=True):
        if max(seeds) > MAX_PURPOSE_SEED:
            raise locations.error(
                f"seeds.{purpose}", f"seeds of one purpose go from 0 to {MAX_PURPOSE_SEED:,}, got {max(seeds):,}"
            )
    if (count := prod(map(len, lists))) > MAX_SEEDS:
        raise locations.error("seeds", f"{count:,} combinations are more than {MAX_SEEDS:,}, the most of a sweep")
    return tuple(join(PurposeSeeds(*seeds)) for seeds in product(*lists))


def _read_seed_list(value: Any, key: str, locations: Locations) -> tuple[int, ...]:
    """Return the seeds of a number or a list."""
    if _whole(value) and value > MAX_SEEDS:
        raise locations.error(key, f"{value:,} seeds are more than {MAX_SEEDS:,}, the most of a sweep")
    if _whole(value) and value >= 1:
        return tuple(range(value))
    known: set[int] = set()
    if not isinstance(value, list) or not value:
        raise locations.error(key, f"expected a number of at least 1 or a list of seeds, got {quote(value)}")
    for index, seed in enumerate(value):
        if not _whole(seed) or seed < 0:
            raise locations.error(f"{key}.{index}", f"expected a whole number of at least 0, got {quote(seed)}")
        if seed in known:
            raise locations.error(f"{key}.{index}", f"seed {seed} is listed twice")
        known.add(seed)
    return tuple(value)


def read_control(value: Any, locations: Locations) -> Literal["declared", "matched", "none"]:
    """Return the kind of control: of true "declared", of false "none", of matched "matched"."""
    if value is True or value == "declared":
        return "declared"
    if value is False:
        return "none"
    if value == "matched":
        return "matched"
    raise locations.error("control", f"expected true, false or matched, got {quote(value)}")


def read_until(until: Until | None, columns: Iterable[str], locations: Locations) -> Until | None:
    """Return ``loop.until``; InputError unless its metric is measured and it has exactly one level."""
    if until is None:
        return None
    names = list(columns)
    if until.metric not in names:
        raise locations.error(
            "loop.until.metric",
            f"no listed metric has a column {until.metric!r}{did_you_mean(until.metric, names)}",
        )
    if (until.above is None) == (until.below is None):
        raise locations.error("loop.until", "expected one of above and below, as in {metric: entropy, below: 1e-8}")
    return until


def read_loggers(value: Any, locations: Locations) -> tuple[Component, ...]:
    """Return the loggers, from names or mappings with a name and the parameters of Tune's callback."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise locations.error("loggers", f"expected a list such as [csv, wandb], got {quote(value)}")
    loggers = []
    for index, entry in enumerate(value):
        parameters = dict(entry) if isinstance(entry, dict) else {"name": entry}
        name, key = parameters.pop("name", None), f"loggers.{index}"
        if name not in LOGGERS:
            raise locations.error(
                key, f"expected one of {', '.join(LOGGERS)}, got {quote(name)}{did_you_mean(str(name), LOGGERS)}"
            )
        if secrets := [parameter for parameter in SECRETS if parameter in parameters]:
            raise locations.error(key, f"{secrets[0]} does not belong in a sweep file; set it in the environment")
        loggers.append(Component(name=name, parameters=parameters))
    return tuple(loggers)


def check_labels(labels: Mapping[str, str], names: Iterable[str], locations: Locations) -> None:
    """Raise InputError for a label of something that is neither an axis of the sweep nor a column of its metrics."""
    valid = list(names)
    for name in labels:
        if name not in valid:
            raise locations.error(f"labels.{name}", f"no such axis or metric{did_you_mean(name, valid)}")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def section_keys(section: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    """Return the keys of a section, each with the type of the section below it, or None."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, info in section.model_fields.items():
        options = getattr(info.annotation, "__args__", (info.annotation,))
        inner = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
        keys[info.alias or name] = inner[0] if inner else None
    return keys


def _nearest_key(section: type[BaseModel], path: list[str]) -> str:
    """Return the end of the message about an unknown key: where it belongs, or the nearest valid key."""
    inner: type[BaseModel] | None = section
    for part in path[:-1]:
        inner = section_keys(inner).get(part) if inner else None
    name = path[-1]
    valid = list(section_keys(inner)) if inner else []
    head, dot, rest = name.partition(".")
    if dot and head in valid:
        return f"; dotted keys go under space; write {head}: {{{rest}: ...}}"
    if name in ("regime", "lambda") and inner is SweepFile:
        return f"; {name} goes under space"
    return did_you_mean(name, valid)
