"""Plan of a sweep in Python."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from raysc.formatting import in_bytes, printable

if TYPE_CHECKING:
    import pandas as pd

    from raysc.planning.plan import Plan
    from raysc.planning.units import Unit
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep


@dataclass(frozen=True)
class SweepPlan:
    """The units that a sweep would run. In a notebook it shows their sizes.

    Attributes:
        name: name of the sweep.
        cells: number of cells, controls included.
        done: number of generations from 1 on that are published and measured.
        to_do: number of those that are not.
        rows: rows that all generations sample.
        bytes: bytes of all generations in the store, before compression.
        refits: number of published generations that would be trained again, because ``keep`` dropped their states.
        units: one row per unit of work: wave, cell, the axes that vary, seeds, generations and reason.
        notes: notes on the sweep.
    """

    name: str
    cells: int
    done: int
    to_do: int
    rows: int
    bytes: int
    refits: int
    units: "pd.DataFrame"
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<raysc plan of {self.name}: {self.cells} cells, {self.done + self.to_do} generations, {self.done} done, "
            f"{self.to_do} to do in {len(self.units)} units; {self.rows:,} rows, {in_bytes(self.bytes)}>"
        )

    def _repr_html_(self) -> str:
        """Return the sizes, the units and the notes, for notebooks."""
        units = self.units.map(lambda value: printable(str(value))).to_html(index=False, border=0, max_rows=20)
        notes = "".join(f"<p>note: {escape(printable(note))}</p>" for note in self.notes)
        return f"<p>{escape(printable(repr(self)[1:-1]))}</p>\n{units if len(self.units) else ''}{notes}"


def sweep_plan(sweep: "Sweep", objects: "Objects") -> SweepPlan:
    """Plan a sweep, checked as before a run.

    Raises:
        InputError: the sweep cannot work.
    """
    from raysc.estimates.size import estimate_size
    from raysc.planning.name_collisions import check_name
    from raysc.planning.plan import make_plan
    from raysc.planning.validation import validate, validation_notes
    from raysc.results.thresholds.resolution import resolve_in_store

    resolved = resolve_in_store(sweep, objects)
    validate(resolved)
    check_name(sweep, objects)
    made = make_plan(resolved, objects)
    size = estimate_size(made)
    return SweepPlan(
        name=sweep.name,
        cells=len(made.cells),
        done=made.done,
        to_do=made.to_do,
        rows=size.rows,
        bytes=size.bytes,
        refits=sum(unit.refits for unit in made.refitting_units),
        units=_unit_frame(made),
        notes=(*sweep.notes, *validation_notes(resolved)),
    )


def _unit_frame(made: "Plan") -> "pd.DataFrame":
    """Tabulate the units of a plan, in the order in which they start."""
    import pandas as pd

    from raysc.results.table.table import varying_axes
    from raysc.store.spans import pack_name

    axes = varying_axes([cell.settings for cell in made.cells])
    work: list[tuple[str, Unit, int]] = [("generation 0", unit, 1) for unit in made.initial]
    work += [("loop", unit, unit.missing) for unit in made.loop]
    rows = [
        {
            "wave": wave,
            "cell": unit.cell.number,
            **{name: unit.cell.settings.axes[name] for name in axes},
            "seeds": pack_name(unit.seeds),
            "generations": generations,
            "reason": str(unit.reason),
        }
        for wave, unit, generations in work
    ]
    columns = ["wave", "cell", *axes, "seeds", "generations", "reason"]
    return pd.DataFrame(rows, columns=pd.Index(columns))
