"""The page itself: everything that a sweep has to show, in the order in which a reader asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import raysc
from raysc.errors import InputError
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import Line, lines, measured_generations
from raysc.results.claims.claim_text import asked_text, case_text
from raysc.results.claims.judging import judge_claims
from raysc.results.report import facts
from raysc.results.report.composition import composition, phases
from raysc.results.report.curves import curves
from raysc.results.report.figure import Figure, write_numbers
from raysc.results.report.layout import layout
from raysc.results.report.maps import maps
from raysc.results.report.samples import samples
from raysc.results.report.tables import Number, claims_frame, last_table, stability_table
from raysc.results.table.stability import Stability, stability, tabulated
from raysc.results.table.table import controls_of, load_table, main_columns, quality_column
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.yaml_writer import written

PAGE, FIGURES = "index.html", "figures"
MOST_OPEN = 40
"""Rows of a table beyond which it is folded."""


@dataclass(frozen=True)
class Report:
    """A sweep's report.

    Attributes:
        html: the page; it asks for nothing, on the disk or in the network.
        figures: as files.
        tables: name -> numbers, as files.
    """

    html: str
    figures: tuple[Figure, ...]
    tables: dict[str, pd.DataFrame]

    def write(self, folder: Path) -> Path:
        """index.html, and every figure and table below figures/; files of an older report are replaced.

        Returns:
            The page's file.
        """
        make_folder(folder)
        (folder / PAGE).write_text(self.html, encoding="utf-8")
        for figure in self.figures:
            figure.write(folder / FIGURES)
        for name, table in self.tables.items():
            write_numbers(table, folder / FIGURES / f"{name}.csv")
        return folder / PAGE


def make_folder(folder: Path) -> None:
    """Where a report can be written; to be asked before it is made, which takes a while."""
    try:
        (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: the report cannot be written: {error.strerror}") from None


def report(sweep: Sweep, objects: Objects) -> Report:
    """The report of a sweep as far as it has come; reads the store alone.

    Raises:
        Damaged: a published file is gone or was changed.
    """
    cells = lines(sweep)
    table = load_table(sweep, objects)
    plan = make_plan(sweep, objects, cells)
    column = quality_column(sweep)
    found = stability(cells, table, column)
    judged = judge_claims(sweep, table, cells)
    shown = _figures(sweep, cells, table, found, objects)
    tables = {"claims": claims_frame(judged), "lineages": facts.lineages(cells)}
    if found:
        tables["stability"] = tabulated(found, cells)
    html = (
        _environment()
        .get_template("page.html")
        .render(
            sweep=sweep,
            plan=plan,
            progress=_progress(plan, table),
            question=facts.question(sweep.comment),
            claims=judged,
            asked_text=asked_text,
            last=last_table(sweep, table, found),
            stability=stability_table(found, cells, column.scale == "log") if found else None,
            no_map=_no_map(sweep, found, shown.maps),
            column=column,
            figures=shown,
            failures=facts.failures(plan, objects),
            divergences=facts.divergences(table, cells),
            makings=facts.makings(cells, objects),
            lineages=tables["lineages"],
            file=written(sweep),
            version=raysc.__version__,
            most_open=MOST_OPEN,
            folder=FIGURES,
        )
    )
    return Report(html.lstrip(), shown.every, tables)


@dataclass(frozen=True)
class Shown:
    """The figures by their place on the page."""

    maps: Sequence[Figure]
    curves: Sequence[Figure]
    samples: Sequence[Figure]
    rows: Sequence[Figure]
    time: Sequence[Figure]

    @property
    def every(self) -> tuple[Figure, ...]:
        return (*self.maps, *self.curves, *self.samples, *self.rows, *self.time)


def _figures(
    sweep: Sweep, cells: Sequence[Line], table: pd.DataFrame, found: Sequence[Stability], objects: Objects
) -> Shown:
    if table.empty:
        return Shown((), (), (), (), ())
    plan = layout(sweep.cells)
    time = phases(table, cells)
    return Shown(
        maps=maps(found, cells, quality_column(sweep)),
        curves=[curves(table, column, cells, plan) for column in main_columns(sweep)],
        samples=[samples(sweep, cells, table, objects)],
        rows=[composition(table, cells)],
        time=[time] if time is not None else [],
    )


def _progress(plan: Plan, table: pd.DataFrame) -> str:
    """How far the sweep has come, in words."""
    sweep = plan.sweep
    if table.empty:
        return "Nothing is published yet: run raysc sweep, then ask for the report again."
    measured = len(measured_generations(sweep))
    there = len(table.drop_duplicates(["cell", "seed", "generation"]))
    asked = len(sweep.cells) * len(sweep.seeds) * measured
    if not plan.units:
        return "The sweep is complete."
    return f"The sweep is not complete: {there} of {asked} measured generations are there, over all cells and seeds."


def _no_map(sweep: Sweep, found: Sequence[Stability], drawn: Sequence[Figure]) -> str:
    """Why there is no stability map."""
    if drawn:
        return ""
    if not any(cell != control for cell, control in controls_of(sweep.cells).items()):
        return "This sweep has no control (control: false), so damage against real rows only cannot be told."
    if not found:
        return "There is no cell with results and a control yet."
    if not any(isfinite(one.initial_quality) for one in found):
        name = quality_column(sweep).name
        return f"Initial quality is not known: {name} compares with no real rows, or generation 0 is not measured."
    return "No cell has both a lambda and an excess over its control."


def _environment() -> Environment:
    """Everything that is put into the page is escaped, but for the figures, which were escaped when they were drawn."""
    made = Environment(
        loader=PackageLoader("raysc.results.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = _number
    made.filters["svg"] = lambda figure: Markup(figure.svg)
    made.globals["case_text"] = case_text
    return made


def _number(cell: Number) -> Markup:
    """A cell of a table; <data> holds its number to the last bit."""
    if cell.value is None:
        return Markup(escape(cell.text))
    return Markup(f'<data value="{cell.value!r}">{escape(cell.text)}</data>')
