"""``space``: grids, their axes, and the points they hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import BaseModel

from raysc.settings import Budget, Initial, Sample, Train
from raysc.sweepfile.domains import DOMAINS, Domain, read_domain
from raysc.sweepfile.messages import Places, did_you_mean, shown
from raysc.sweepfile.schema import keys_of

COMPONENTS = ("data", "model", "regime")
"""Axes whose values are components; a dotted key below one is a parameter."""

SECTIONS: Mapping[str, type[BaseModel]] = {
    "initial": Initial,
    "train": Train,
    "sample": Sample,
    "loop.budget": Budget,
    "loop.train": Train,
    "loop.sample": Sample,
}


def _settings(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    for key, below in keys_of(model).items():
        yield f"{prefix}.{key}"
        if below is not None:
            yield from _settings(f"{prefix}.{key}", below)


AXES = (
    "regime",
    "lambda",
    "data",
    "model",
    "loop.start",
    "loop.budget",
    *(key for prefix, model in SECTIONS.items() for key in _settings(prefix, model)),
)
"""Every axis there is, apart from parameters of components."""

MAPPINGS = (*COMPONENTS, "loop.budget", "train.ema", "loop.train.ema")
"""Axes whose values may be mappings."""


@dataclass(frozen=True)
class Axis:
    """One axis of one grid.

    Attributes:
        key: dotted setting, as ``initial.steps``.
        place: dotted key in the file, as ``space.1.initial.steps``.
        values: a list, or a domain to draw from.
        listed: the values were written as a list, so each has a line of its own.
    """

    key: str
    place: str
    values: tuple[Any, ...] | Domain
    listed: bool = False


@dataclass(frozen=True)
class Point:
    """What one point of a grid sets.

    Attributes:
        settings: dotted key -> value, in the file's order.
        origins: dotted key -> the key in the file that set it.
        grid: the grid's own key, for messages.
    """

    settings: Mapping[str, Any]
    origins: Mapping[str, str]
    grid: str


def read_space(space: Any, places: Places) -> list[list[Axis]]:
    """The grids of ``space``, each as its axes.

    Args:
        space: a mapping, or a list of mappings for their union.
        places: for messages.
    """
    if isinstance(space, dict):
        return [_read_grid(space, "space", places)]
    if not isinstance(space, list) or not space:
        raise places.error("space", f"expected axes, such as `regime: [mix, replace]`; got {shown(space)}")
    return [_read_grid(grid, f"space.{index}", places) for index, grid in enumerate(space)]


def _read_grid(grid: Any, key: str, places: Places) -> list[Axis]:
    if not isinstance(grid, dict) or not grid:
        raise places.error(key, f"expected axes, such as `regime: [mix, replace]`; got {shown(grid)}")
    return [_read_axis(axis, value, f"{key}.{axis}", places) for axis, value in grid.items()]


def _read_axis(axis: str, value: Any, place: str, places: Places) -> Axis:
    parameter = axis.partition(".")[0] in COMPONENTS
    if axis not in AXES and not parameter:
        raise places.error(place, f"unknown axis{_nearest_axis(axis)}")
    if isinstance(value, list):
        if not value:
            raise places.error(place, "an empty list holds no value to try; list at least one")
        return Axis(axis, place, tuple(value), listed=True)
    if isinstance(value, dict):
        is_value = axis in MAPPINGS or (parameter and axis not in COMPONENTS)
        if len(value) == 1 and (not is_value or next(iter(value)) in DOMAINS):
            return Axis(axis, place, read_domain(value, lambda problem: places.error(place, problem)))
        if not is_value:
            raise places.error(
                place, f"expected a value, a list, or one of {', '.join(DOMAINS)} with its values; got {shown(value)}"
            )
    return Axis(axis, place, (value,))


def _nearest_axis(axis: str) -> str:
    below = [key for key in AXES if key.startswith(f"{axis}.")]
    if below:
        return f"; an axis is one setting: {', '.join(below)}"
    near = did_you_mean(axis, AXES)
    if "did you mean" in near:
        return near
    return f"; axes are {', '.join(AXES[:6])} and settings below {', '.join([*COMPONENTS, *SECTIONS])}"


def points(grids: list[list[Axis]], draws: int | None, places: Places) -> Iterator[Point]:
    """Every point of every grid: the last axis of a grid changes fastest.

    Domains are drawn together: draw i gives every domain axis of a grid its value, and each draw meets every
    combination of the listed values. Since a draw depends on nothing but its axis and i, grids that share a domain
    share its points, and more draws only add points.

    Args:
        grids: as ``read_space`` gives them.
        draws: ``search.random``.
        places: for messages.
    """
    domains = [axis for grid in grids for axis in grid if isinstance(axis.values, Domain)]
    if domains and draws is None:
        raise places.error(
            domains[0].place, "a domain needs `search: {random: N}` in the file: the number of points to draw"
        )
    if draws is not None and not domains:
        raise places.error("search.random", f"no axis of space is a domain ({', '.join(DOMAINS)}) to draw from")
    for grid in grids:
        repeats = draws if draws and any(isinstance(axis.values, Domain) for axis in grid) else 1
        for index in range(repeats):
            for choices in product(*(_choices(axis, index) for axis in grid)):
                yield Point(
                    {axis.key: value for axis, (value, _) in zip(grid, choices, strict=True)},
                    {axis.key: origin for axis, (_, origin) in zip(grid, choices, strict=True)},
                    grid[0].place.removesuffix(f".{grid[0].key}"),
                )


def _choices(axis: Axis, draw: int) -> list[tuple[Any, str]]:
    """Values of an axis, each with the key in the file that it comes from."""
    if isinstance(axis.values, Domain):
        value, which = axis.values.draw(axis.key, draw)
        origin = f"{axis.place}.{axis.values.kind}"
        return [(value, origin if which is None else f"{origin}.{which}")]
    return [(value, f"{axis.place}.{index}" if axis.listed else axis.place) for index, value in enumerate(axis.values)]


def columns(grids: list[list[Axis]]) -> tuple[str, ...]:
    """The table's columns for the axes of a sweep: regime and lambda first, then in the file's order.

    A component is its name and one column for each parameter that the file gives (``regime.width``); ``regime`` is the
    regime's name. Other mappings are one column per key (``loop.budget.steps``).
    """
    found = ["regime", "lambda"]
    for axis in (axis for grid in grids for axis in grid):
        values = axis.values.values if isinstance(axis.values, Domain) else axis.values
        keys = [key for value in values if isinstance(value, dict) for key in value if key != "name"]
        if axis.key in COMPONENTS:
            found.append("regime" if axis.key == "regime" else f"{axis.key}.name")
        elif axis.key == "regime.name":
            found.append("regime")
        elif not keys:
            found.append(axis.key)
        found.extend(f"{axis.key}.{key}" for key in keys)
    return tuple(dict.fromkeys(found))
