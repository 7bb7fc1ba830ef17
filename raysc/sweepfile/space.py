"""``space``: grids, their axes and their points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

from pydantic import BaseModel

from raysc.settings import Budget, Initial, Sample, Train
from raysc.sweepfile.domains import DOMAINS, Domain, read_domain
from raysc.sweepfile.messages import Locations, did_you_mean, quote
from raysc.sweepfile.schema import section_keys

COMPONENTS = ("data", "model", "regime", "curation")
"""Axes with components as values; a dotted key below one is a parameter."""

SECTIONS: Mapping[str, type[BaseModel]] = {
    "initial": Initial,
    "train": Train,
    "sample": Sample,
    "loop.budget": Budget,
    "loop.train": Train,
    "loop.sample": Sample,
}


def _settings(prefix: str, section: type[BaseModel]) -> Iterator[str]:
    """Yield the dotted keys of a section and of the sections below it."""
    for key, inner in section_keys(section).items():
        yield f"{prefix}.{key}"
        if inner is not None:
            yield from _settings(f"{prefix}.{key}", inner)


def _number_settings(prefix: str, section: type[BaseModel]) -> Iterator[str]:
    """Yield the dotted keys of a section, and of the sections below it, that take numbers."""
    for name, info in section.model_fields.items():
        if _takes_numbers(info.annotation):
            yield f"{prefix}.{info.alias or name}"
    for key, inner in section_keys(section).items():
        if inner is not None:
            yield from _number_settings(f"{prefix}.{key}", inner)


def _takes_numbers(annotation: Any) -> bool:
    """Return True if a type is a number's, or a union with one."""
    return annotation in (int, float) or any(map(_takes_numbers, get_args(annotation)))


AXES = (
    "regime",
    "lambda",
    "curation",
    "data",
    "model",
    "loop.start",
    "loop.budget",
    "models.count",
    "models.reads",
    "models.real",
    *(key for prefix, section in SECTIONS.items() for key in _settings(prefix, section)),
)
"""All axes, except parameters of components."""

NUMBER_AXES = ("lambda", *(key for prefix, section in SECTIONS.items() for key in _number_settings(prefix, section)))
"""The axes with numbers as values, parameters of components left out."""

MAPPINGS = (
    *COMPONENTS,
    "loop.budget",
    *(
        f"{prefix}.{key}"
        for prefix, section in SECTIONS.items()
        for key, inner in section_keys(section).items()
        if inner
    ),
)
"""Axes with mappings as values: components, and sections below a section, such as ``train.ema``."""


@dataclass(frozen=True)
class Axis:
    """One axis of one grid.

    Attributes:
        key: dotted setting, as ``initial.steps``.
        file_key: dotted key in the file, as ``space.1.initial.steps``.
        values: the values, or a domain to draw from.
        listed: the file has a list, so each value has its own line.
    """

    key: str
    file_key: str
    values: tuple[Any, ...] | Domain
    listed: bool = False


@dataclass(frozen=True)
class Point:
    """The settings of one point of a grid.

    Attributes:
        settings: dotted key -> value, in the file's order.
        origins: dotted key -> the key in the file that set it.
        grid: the key of the grid, for messages.
    """

    settings: Mapping[str, Any]
    origins: Mapping[str, str]
    grid: str


def read_space(space: Any, locations: Locations) -> list[list[Axis]]:
    """Return the grids of ``space``, each as its axes.

    Args:
        space: a mapping, or a list of mappings for their union.
        locations: for messages.
    """
    if isinstance(space, dict):
        return [_read_grid(space, "space", locations)]
    if not isinstance(space, list) or not space:
        raise locations.error("space", f"expected axes, such as `regime: [mix, replace]`; got {quote(space)}")
    return [_read_grid(grid, f"space.{index}", locations) for index, grid in enumerate(space)]


def _read_grid(grid: Any, key: str, locations: Locations) -> list[Axis]:
    if not isinstance(grid, dict) or not grid:
        raise locations.error(key, f"expected axes, such as `regime: [mix, replace]`; got {quote(grid)}")
    return [read_axis(axis, value, f"{key}.{axis}", locations) for axis, value in grid.items()]


def read_axis(axis: str, value: Any, file_key: str, locations: Locations) -> Axis:
    """Return one axis of a grid; InputError for an unknown one, or one without values."""
    is_parameter = axis.partition(".")[0] in COMPONENTS
    if axis not in AXES and not is_parameter:
        raise locations.error(file_key, f"unknown axis{_nearest_axis(axis)}")
    if isinstance(value, list):
        if not value:
            raise locations.error(file_key, "an empty list; list at least one value")
        return Axis(axis, file_key, tuple(value), listed=True)
    if isinstance(value, dict):
        may_be_value = axis in MAPPINGS or (is_parameter and axis not in COMPONENTS)
        if len(value) == 1 and (not may_be_value or next(iter(value)) in DOMAINS):
            return Axis(axis, file_key, read_domain(value, lambda problem: locations.error(file_key, problem)))
        if not may_be_value:
            raise locations.error(
                file_key,
                f"expected a value, a list, or one of {', '.join(DOMAINS)} with its values; got {quote(value)}",
            )
    return Axis(axis, file_key, (value,))


def _nearest_axis(axis: str) -> str:
    """Return the end of the message about an unknown axis: its settings, the nearest axis, or all axes."""
    settings = [key for key in AXES if key.startswith(f"{axis}.")]
    if settings:
        return f"; an axis is one setting: {', '.join(settings)}"
    near = did_you_mean(axis, AXES)
    if "did you mean" in near:
        return near
    return f"; axes are {', '.join(AXES[:7])} and settings below {', '.join([*COMPONENTS, *SECTIONS])}"


def points(grids: list[list[Axis]], draws: int | None, locations: Locations) -> Iterator[Point]:
    """Yield every point of every grid; the last axis of a grid changes fastest.

    Draw i gives every domain of a grid one value, and each draw is combined with every combination of the listed
    values. A draw depends on its axis and i only. So grids that share a domain share its points, and a higher number of
    draws only adds points.

    Args:
        grids: the result of ``read_space``.
        draws: ``search.random``.
        locations: for messages.
    """
    domains = [axis for grid in grids for axis in grid if isinstance(axis.values, Domain)]
    if domains and draws is None:
        raise locations.error(
            domains[0].file_key, "a domain needs `search: {random: N}` in the file: the number of points to draw"
        )
    if draws is not None and not domains:
        raise locations.error("search.random", f"no axis of space is a domain ({', '.join(DOMAINS)}) to draw from")
    for grid in grids:
        repeats = draws if draws and any(isinstance(axis.values, Domain) for axis in grid) else 1
        for index in range(repeats):
            for choices in product(*(_choices(axis, index) for axis in grid)):
                yield Point(
                    {axis.key: value for axis, (value, _) in zip(grid, choices, strict=True)},
                    {axis.key: origin for axis, (_, origin) in zip(grid, choices, strict=True)},
                    grid[0].file_key.removesuffix(f".{grid[0].key}"),
                )


def _choices(axis: Axis, draw: int) -> list[tuple[Any, str]]:
    """Return the values of an axis, each with its key in the file."""
    if isinstance(axis.values, Domain):
        value, item = axis.values.draw(axis.key, draw)
        origin = f"{axis.file_key}.{axis.values.kind}"
        return [(value, origin if item is None else f"{origin}.{item}")]
    return [
        (value, f"{axis.file_key}.{index}" if axis.listed else axis.file_key) for index, value in enumerate(axis.values)
    ]


def columns(grids: list[list[Axis]]) -> tuple[str, ...]:
    """Return the table's columns for the axes of a sweep: regime and lambda first, then in the file's order.

    A component has a column for its name and one for each parameter in the file (``regime.width``); the column of the
    regime's name is ``regime``. Other mappings have one column per key (``loop.budget.steps``).
    """
    names = ["regime", "lambda"]
    for axis in (axis for grid in grids for axis in grid):
        values = axis.values.values if isinstance(axis.values, Domain) else axis.values
        keys = [key for value in values if isinstance(value, dict) for key in value if key != "name"]
        if axis.key in COMPONENTS:
            names.append("regime" if axis.key == "regime" else f"{axis.key}.name")
        elif axis.key == "regime.name":
            names.append("regime")
        elif not keys:
            names.append(axis.key)
        names.extend(f"{axis.key}.{key}" for key in keys)
    return tuple(dict.fromkeys(names))
