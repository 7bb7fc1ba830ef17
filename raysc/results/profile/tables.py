"""The collapse profile as a table of numbers and as texts."""

from collections.abc import Mapping, Sequence
from math import isfinite, isnan

import pandas as pd
from rich.table import Table

from raysc.results.plots.labels import label
from raysc.results.profile.definitions import DEFINITIONS, Definition, changed_scaling_law
from raysc.results.profile.estimates import Estimate, Finding
from raysc.results.profile.profile import CellProfile, Profile
from raysc.results.profile.scaling import AXIS
from raysc.results.table.number_format import interval_text, number_text, value_text
from raysc.results.table.terminal_table import empty_table

SIGNS: Mapping[Finding, str] = {"holds": "yes", "fails": "no", "undecided": "?", "not measured": "-"}
"""Short texts of findings."""


def profile_frame(profile: Profile) -> pd.DataFrame:
    """Return one row per cell and definition.

    Columns: cell, its axes, generation, definition, finding, metric, value, low, high (95 % interval), unit, seeds and
    note.
    """
    rows = []
    for cell in profile.cells:
        for name, estimate in cell.estimates.items():
            column = profile.columns[name]
            rows.append(
                {
                    "cell": cell.cell.number,
                    **cell.cell.settings.axes,
                    "generation": cell.generation,
                    "definition": name,
                    "finding": estimate.finding,
                    "metric": None if column is None else column.name,
                    "value": estimate.value,
                    "low": estimate.low,
                    "high": estimate.high,
                    "unit": estimate.unit,
                    "seeds": estimate.seeds,
                    "note": estimate.note,
                }
            )
    return pd.DataFrame(rows)


def number_entry(estimate: Estimate) -> str:
    """Return the number with its interval: ``0.28 [0.21, 0.35]``; "" without one."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if isnan(low) or not (isfinite(low) or isfinite(high)):
        return "" if isnan(value) else number_text(value, 3)
    if isfinite(value) and isfinite(low) and isfinite(high):
        return interval_text(value, low, high)
    return f"{'' if isnan(value) else number_text(value, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]".strip()


def cell_text(cell: CellProfile, axes: Sequence[str]) -> str:
    """Return the axes of a cell that vary, as a label."""
    settings = cell.cell.settings.axes
    return label(axes, [settings[name] for name in axes])


def heading(profile: Profile, definition: Definition) -> str:
    """Return the sentence that is judged, with the metric and the unit of its number."""
    statement = profile.statement(definition)
    column = profile.columns[definition.name]
    if column is None:
        return f"{definition.name}: {statement}"
    units = [cell.estimates[definition.name].unit for cell in profile.cells]
    unit = next((f", {unit}" for unit in units if unit), "")
    return f"{definition.name}: {statement} ({column.name}{unit})"


def definition_lines(profile: Profile, definition: Definition, axes: Sequence[str]) -> list[str]:
    """Return the finding, the number and the note of each cell by one definition; equal lines once.

    Args:
        profile: the profile.
        definition: the definition.
        axes: axes of the sweep that vary.
    """
    if not profile.cells:
        return []
    # The cells of one scaling law share their number.
    shown = [name for name in axes if not (name == AXIS and definition.judge is changed_scaling_law)]
    columns = []
    for cell in profile.cells:
        estimate = cell.estimates[definition.name]
        texts = ", ".join(text for text in (number_entry(estimate), estimate.note) if text)
        columns.append((estimate.finding, texts, "" if estimate.finding == "not measured" else cell_text(cell, shown)))
    widths = [max(len(column) for column in texts) for texts in zip(*columns, strict=True)][:2]
    lines = [f"{finding:{widths[0]}}  {texts:{widths[1]}}  {where}".rstrip() for finding, texts, where in columns]
    return list(dict.fromkeys(lines))


def matrix(profile: Profile, axes: Sequence[str], title: str) -> Table:
    """Return a rich table with a row per cell and a column per definition, numbered as in ``DEFINITIONS``."""
    table = empty_table(title, [*axes, *(str(number) for number in range(1, len(DEFINITIONS) + 1))])
    for cell in profile.cells:
        signs = [SIGNS[estimate.finding] for estimate in cell.estimates.values()]
        table.add_row(*(value_text(cell.cell.settings.axes[name]) for name in axes), *signs)
    return table


def paper_rows(profile: Profile, axes: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of a table for a paper: a row per cell, a finding with its number per definition."""
    rows = [
        [
            *(value_text(cell.cell.settings.axes[name]) for name in axes),
            *(f"{estimate.finding} {number_entry(estimate)}".strip() for estimate in cell.estimates.values()),
        ]
        for cell in profile.cells
    ]
    return [*axes, *(definition.name for definition in DEFINITIONS)], rows
