"""From points to cells: equal ones become one, and each gets its control."""

from raysc.settings import Cell
from raysc.sweepfile.cells import Draft, Drafter, axis_value, ema_note
from raysc.sweepfile.controls import Controls, Kind
from raysc.sweepfile.space import Axis, columns, points


def expand(
    drafter: Drafter,
    grids: list[list[Axis]],
    draws: int | None,
    control: Kind,
    generations: int,
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """The cells of a sweep, its controls last, and notes on what was done.

    Args:
        drafter: makes a cell of a point.
        grids: of ``space``.
        draws: ``search.random``.
        control: what controls there are to be.
        generations: T.
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
    controls = Controls(control, generations, drafter.components, drafter.places)
    made = {identity: controls.of(draft) for identity, draft in drafts.items()}
    against = {identity: one.identity for identity, one in made.items()}
    added = {against[identity]: one for identity, one in made.items() if against[identity] not in drafts}
    if control == "none":
        added = {}
    notes.extend(controls.notes(list(added.values())))
    more = controls.columns(zip(drafts.values(), made.values(), strict=True)) if added else []
    names = dict.fromkeys([*columns(grids), *more])
    every = {**drafts, **added}
    places = {identity: number for number, identity in enumerate(every)}
    cells = tuple(
        draft.cell.model_copy(
            update={
                "axes": {name: axis_value(draft, name) for name in names},
                "compared_with": places.get(against.get(identity, identity)),
            }
        )
        for identity, draft in every.items()
    )
    return cells, tuple(notes)
