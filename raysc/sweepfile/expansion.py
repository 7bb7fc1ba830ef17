"""Expansion of points to cells: equal cells are merged, and every cell gets its control."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from raysc.settings import CellSettings
from raysc.sweepfile.cells import Draft, DraftBuilder, axis_value, ema_note
from raysc.sweepfile.controls import ControlKind, Controls
from raysc.sweepfile.coupled_models import coupled_drafts, each_axes
from raysc.sweepfile.space import Axis, columns, points

ROUNDING = 1e-9
"""Relative difference of two values of an axis below which they probably stand for one number."""


def expand(
    builder: DraftBuilder,
    grids: list[list[Axis]],
    draws: int | None,
    control: ControlKind,
    generations: int,
    models: Mapping[str, Any] | None = None,
) -> tuple[tuple[CellSettings, ...], tuple[Mapping[str, str], ...], tuple[str, ...]]:
    """Return the cells of a sweep, controls last, the origins of their settings, and notes for the user.

    Args:
        builder: builds the cell of a point.
        grids: of ``space``.
        draws: ``search.random``.
        control: kind of the controls.
        generations: T.
        models: the section ``models`` of the file, if it has one.
    """
    drafts, notes = _drafts(builder, grids, draws, models or {})
    controls = Controls(control, generations, builder.checker, builder.locations)
    control_drafts = {identity: controls.of(draft) for identity, draft in drafts.items()}
    control_of = {identity: draft.identity for identity, draft in control_drafts.items()}
    added = {
        draft.identity: draft for draft in control_drafts.values() if control != "none" and draft.identity not in drafts
    }
    notes += controls.notes(list(added.values()))
    each = each_axes((models or {}).get("each") or {}, builder.locations)
    coupled = any(draft.models for draft in drafts.values())
    model_columns = ["models.index", *columns([each])[2:]] if coupled else []
    control_columns = controls.columns(zip(drafts.values(), control_drafts.values(), strict=True)) if added else []
    names = dict.fromkeys([*columns(grids), *model_columns, *control_columns])
    all_drafts = {**drafts, **added}
    indices = {identity: index for index, identity in enumerate(all_drafts)}
    cells = tuple(
        draft.cell.model_copy(
            update={
                "axes": {name: axis_value(draft, name) for name in names},
                "compared_with": indices.get(control_of.get(identity, identity)),
            }
        )
        for identity, draft in all_drafts.items()
    )
    return cells, tuple(draft.origins for draft in all_drafts.values()), (*notes, *rounding_notes(cells))


def rounding_notes(cells: Sequence[CellSettings]) -> list[str]:
    """Return a note for each axis with values that are different numbers and look the same in a table."""
    notes = []
    for axis in cells[0].axes:
        numbers = {value for cell in cells if isinstance(value := cell.axes[axis], float)}
        for low, high in pairwise(sorted(numbers)):
            if math.isclose(low, high, rel_tol=ROUNDING):
                notes.append(
                    f"{axis} has values that differ by rounding only, {low!r} and {high!r}: they are two cells"
                )
    return notes


def _drafts(
    builder: DraftBuilder, grids: list[list[Axis]], draws: int | None, models: Mapping[str, Any]
) -> tuple[dict[str, Draft], list[str]]:
    """Return the different drafts of all points by identity, and notes."""
    drafts: dict[str, Draft] = {}
    merged, without_lambda = 0, dict[str, None]()
    for point in points(grids, draws, builder.locations):
        for draft in coupled_drafts(builder, point, models, builder.locations):
            merged += draft.identity in drafts
            drafts.setdefault(draft.identity, draft)
            if draft.ignores_lambda:
                without_lambda[draft.cell.regime.name] = None
    notes = []
    if without_lambda:
        notes.append(f"lambda is left empty where the regime takes none: {', '.join(without_lambda)}")
    if merged:
        notes.append(
            f"{merged + len(drafts)} points of space are {len(drafts)} different cells; equal ones were merged"
        )
    notes.extend(dict.fromkeys(note for draft in drafts.values() if (note := ema_note(draft.cell)) is not None))
    return drafts, notes
