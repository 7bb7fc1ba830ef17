"""Coupled models: the cells of one point whose models read each other's samples."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Protocol

from raysc.settings import GRAPHS, Coupling, Models, RealRows
from raysc.sweepfile.cells import REAL_ONLY, Draft
from raysc.sweepfile.messages import Locations, did_you_mean, quote
from raysc.sweepfile.schema import check
from raysc.sweepfile.space import Axis, Point, read_axis
from raysc.theory.graphs import Matrix, reading_matrix

ROUNDING = 1e-6
"""Largest difference of the sum of a matrix's row from 1."""


class SupportsDrafts(Protocol):
    """Builder of the cell of a point."""

    def draft(self, point: Point) -> Draft:
        """Return the cell of a point with a single model."""
        ...


def coupled_drafts(builder: SupportsDrafts, point: Point, models: Mapping[str, Any], file: Locations) -> list[Draft]:
    """Return the cells of one point: one for each of its models.

    Args:
        builder: builds the cell of one model.
        point: a point of space.
        models: the values of the section ``models`` of the file.
        file: locations of the file's values.

    Raises:
        InputError: a value of ``models`` is wrong.
    """
    locations = Locations(file.path, file.by_key, point.origins)
    of_point = {key.removeprefix("models."): value for key, value in point.settings.items() if key[:7] == "models."}
    if not models and not of_point:
        return [builder.draft(point)]
    section = check(Models, {**models, **of_point}, "models", locations)
    reads = _matrix(section.reads, section.count, locations)
    if section.count == 1:
        if section.each:
            raise locations.error("models.each", "is about several models; set models.count to their number")
        return [builder.draft(point)]
    for axis in each_axes(section.each, locations):
        _check_each(axis, section, point, locations)
    drafts = [builder.draft(_point_of_model(point, section.each, index)) for index in range(section.count)]
    graph = section.reads if isinstance(section.reads, str) else "matrix"
    return couple(drafts, graph, reads, section.real)


def couple(drafts: Sequence[Draft], graph: str | None, reads: Matrix, real: RealRows) -> list[Draft]:
    """Return the cells of models that read each other's samples.

    Models that train on real rows only read nothing: they are the same cells, whatever the graph.

    Args:
        drafts: the cells of the models, in order.
        graph: name of the graph, or "matrix".
        reads: its matrix.
        real: their real rows.
    """
    if all(draft.cell.regime.name == REAL_ONLY for draft in drafts):
        graph, reads = None, reading_matrix("self", len(drafts))
    models = tuple(sha256(draft.identity.encode()).hexdigest()[:32] for draft in drafts)
    couplings = (
        Coupling(index=index, graph=graph, reads=reads, real=real, models=models) for index in range(len(drafts))
    )
    return [
        replace(draft, cell=draft.cell.model_copy(update={"coupling": coupling}), models=tuple(drafts))
        for draft, coupling in zip(drafts, couplings, strict=True)
    ]


def each_axes(each: Mapping[str, Sequence[Any]], locations: Locations) -> list[Axis]:
    """Return the settings that differ between models, each as an axis with a value for every model."""
    return [read_axis(key, list(values), f"models.each.{key}", locations) for key, values in each.items()]


def _check_each(axis: Axis, section: Models, point: Point, locations: Locations) -> None:
    """Raise InputError unless a setting of ``models.each`` may differ between models and has a value for each."""
    values = section.each[axis.key]
    if len(values) != section.count:
        problem = f"expected a value for each of the {section.count} models, got {len(values)}"
        raise locations.error(axis.file_key, problem)
    if axis.key.startswith("models."):
        raise locations.error(axis.file_key, "the models of a cell share this setting; set it under models")
    for key, value in point.settings.items():
        if key == axis.key:
            raise locations.error(axis.file_key, f"is also an axis of space ({locations.of(key)}); keep one of them")
        inner = max(axis.key, key, key=len)
        if _sets(axis.key, values, inner) and _sets(key, [value], inner):
            raise locations.error(
                axis.file_key, f"{key} of space ({locations.of(key)}) sets {inner}, too; keep one of them"
            )


def _sets(key: str, values: Sequence[Any], setting: str) -> bool:
    """Return True if an axis sets a setting: its own, or one inside a mapping among its values."""
    if not f"{setting}.".startswith(f"{key}."):
        return False
    parts = setting.removeprefix(key).split(".")[1:]
    return any(_has(value, parts) for value in values)


def _has(value: Any, parts: Sequence[str]) -> bool:
    """Return True if nested mappings have a path of keys; a component's bare name is its key ``name``."""
    for part in parts:
        value = {"name": value} if isinstance(value, str) else value
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def _point_of_model(point: Point, each: Mapping[str, Sequence[Any]], index: int) -> Point:
    """Return a point with the settings of one model over its own."""
    settings = {key: values[index] for key, values in each.items()}
    origins = {key: f"models.each.{key}.{index}" for key in each}
    return Point({**point.settings, **settings}, {**point.origins, **origins}, point.grid)


def _matrix(reads: Any, count: int, locations: Locations) -> Matrix:
    """Return the matrix of ``models.reads``; InputError for an unknown graph or a matrix that is none."""
    if isinstance(reads, str) and reads in GRAPHS:
        return reading_matrix(reads, count)
    if isinstance(reads, str) or not isinstance(reads, list):
        near = did_you_mean(reads, GRAPHS) if isinstance(reads, str) else ""
        raise locations.error("models.reads", f"expected {', '.join(GRAPHS)}, or a matrix; got {quote(reads)}{near}")
    if len(reads) != count or any(not isinstance(row, list) or len(row) != count for row in reads):
        raise locations.error("models.reads", f"expected {count} rows of {count} shares, one for each model")
    for index, row in enumerate(reads):
        numbers = [value for value in row if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) < count or min(numbers) < 0 or not math.isclose(sum(numbers), 1, abs_tol=ROUNDING):
            raise locations.error(
                f"models.reads.{index}", f"expected shares of at least 0 that sum to 1, got {quote(row)}"
            )
    return tuple(tuple(float(value) for value in row) for row in reads)
