"""From points to cells: equal ones become one, and each gets its control."""

from collections.abc import Sequence
from typing import Literal

from raysc.errors import InputError
from raysc.sweepfile.cells import Draft, Drafter, axis_value, ema_note
from raysc.sweepfile.components import Components
from raysc.sweepfile.messages import Places
from raysc.sweepfile.settings import Cell
from raysc.sweepfile.space import Axis, columns, points

CONTROL = "real_only"
"""The regime of controls."""


def expand(
    drafter: Drafter,
    grids: list[list[Axis]],
    draws: int | None,
    control: Literal["declared", "matched", "none"],
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """The cells of a sweep, its controls last, and notes on what was done.

    Args:
        drafter: makes a cell of a point.
        grids: of ``space``.
        draws: ``search.random``.
        control: what controls there are to be.
    """
    drafts: dict[str, Draft] = {}
    merged, without_lambda = 0, dict[str, None]()
    for point in points(grids, draws, drafter.places):
        draft = drafter.draft(point)
        merged += draft.identity in drafts
        drafts.setdefault(draft.identity, draft)
        if draft.dropped_lambda:
            without_lambda[draft.cell.regime.name] = None
    notes = []
    if without_lambda:
        notes.append(f"lambda is left empty where the regime takes none: {', '.join(without_lambda)}")
    if merged:
        notes.append(
            f"{merged + len(drafts)} points of space are {len(drafts)} different cells; equal ones were merged"
        )
    notes.extend(dict.fromkeys(note for draft in drafts.values() if (note := ema_note(draft.cell)) is not None))
    if control == "matched":
        _check_matched(list(drafts.values()), drafter.places)
    controls = [] if control == "none" else _controls(drafts, drafter.components, drafter.places)
    names = columns(grids)
    cells = tuple(
        draft.cell.model_copy(update={"axes": {name: axis_value(draft, name) for name in names}})
        for draft in [*drafts.values(), *controls]
    )
    return cells, tuple(notes)


def _controls(drafts: dict[str, Draft], components: Components, places: Places) -> list[Draft]:
    """One per group of cells that differ in regime and lambda only, unless the sweep has it already."""

    def refuse(key: str, problem: str) -> InputError:
        return places.error("control", problem)

    real_only = components.check("regime", CONTROL, "regime", refuse)
    controls: dict[str, Draft] = {}
    for draft in drafts.values():
        if draft.cell.regime.name == CONTROL:
            continue
        cell = draft.cell.model_copy(update={"regime": real_only.component, "lambda_": None, "control": True})
        control = Draft(cell, {**draft.components, "regime": real_only}, dropped_lambda=False)
        if control.identity not in drafts:
            controls.setdefault(control.identity, control)
    return list(controls.values())


def _check_matched(drafts: Sequence[Draft], places: Places) -> None:
    """With a fixed number of steps or rows a control takes the steps of its cell anyway; with epochs it would not."""
    if any(draft.cell.budget is not None and draft.cell.budget.epochs is not None for draft in drafts):
        raise places.error(
            "control", "matched is not supported yet with loop.budget.epochs; use true, or a budget in steps"
        )
