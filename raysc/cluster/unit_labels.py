"""Names of units for people: in the progress line, in TensorBoard and in trackers."""

import re
from hashlib import blake2b

from raysc.cluster.search_space import is_loop_axis
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.units import InitialUnit, Unit
from raysc.store.spans import pack_name
from raysc.sweepfile.cell_selection import distinct

MAX_NAME = 80
"""Characters of a trial's name before its hash: names of folders have limits, and trackers cut longer ones."""


def varying_axes(resolved: ResolvedSweep) -> tuple[str, ...]:
    """Return the names of the axes on which at least two cells differ."""
    cells = [cell.settings.axes for cell in resolved.cells]
    return tuple(axis for axis in cells[0] if len({str(axes[axis]) for axes in cells}) > 1)


def unit_label(unit: Unit, axes: tuple[str, ...]) -> str:
    """Return ``mix, lambda 0.5, seeds 0-7``, or ``generation 0, seed 3`` for a unit that several cells share.

    Args:
        unit: the unit.
        axes: the axes on which cells differ.
    """
    parts = ["generation 0"] if isinstance(unit, InitialUnit) else []
    for axis in axes:
        value, *different = distinct(model.settings.axes[axis] for model in unit.cell.models)
        if different:
            continue  # the axis tells apart the models that the unit runs
        if value is not None and not (isinstance(unit, InitialUnit) and is_loop_axis(axis)):
            parts.append(str(value) if axis == "regime" else f"{axis} {value}")
    return ", ".join([*parts, f"seed{'s' * (len(unit.seeds) > 1)} {pack_name(unit.seeds)}"])


def trial_name(unit: Unit, axes: tuple[str, ...]) -> str:
    """Return the name of a unit's trial: its label without spaces, and a hash that tells equal labels apart."""
    label = re.sub(r"[^\w.+-]+", "_", unit_label(unit, axes))[:MAX_NAME].strip("_")
    return f"{label}-{blake2b(unit.name.encode(), digest_size=4).hexdigest()}"
