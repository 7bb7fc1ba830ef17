"""The page of the report: the result, claims, the collapse profile, tables and figures, failures and provenance."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from raysc.errors import InputError
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import ResolvedSweep
from raysc.results.claims.claim_text import case_text, comparison_text
from raysc.results.claims.judging import judge_claims
from raysc.results.contraction.tables import contraction_frame, has_forks, steps_frame
from raysc.results.profile.definitions import DEFINITIONS
from raysc.results.profile.profile import collapse_profile
from raysc.results.profile.tables import heading, number_entry, profile_frame
from raysc.results.report.failures import divergences, failures, unmoved_weights
from raysc.results.report.figures.forest_plot import forest_plot
from raysc.results.report.figures.order import figure_sections
from raysc.results.report.figures.rendering import ReportFigure, write_numbers
from raysc.results.report.heat_map import heat_map
from raysc.results.report.provenance import compute_environments, lineage_frame, run_text
from raysc.results.report.sentences import excess_note, introduction, result_sentence, search_answers, sweep_command
from raysc.results.report.tables import (
    TableEntry,
    claims_frame,
    last_generation_table,
    stability_table,
    text_entry,
)
from raysc.results.report.usage import usage_text
from raysc.results.report.variance import variance_components_frame, variance_table
from raysc.results.scaling.tables import effective_rows_frame, scaling_frame
from raysc.results.table.columns import quality_column
from raysc.results.table.early_ends import early_ends_text
from raysc.results.table.stability import cell_stabilities, excess_unit, stability_frame
from raysc.results.table.table import load_table, varying_axes
from raysc.seeds import seed_text
from raysc.store.objects import Objects
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.yaml_writer import sweep_yaml

PAGE, FIGURES = "index.html", "figures"
MAX_OPEN_ROWS = 40
"""Rows of a table beyond which it is folded."""


@dataclass(frozen=True)
class Report:
    """The report of a sweep.

    Attributes:
        html: the page; it loads no other file, neither from the disk nor from the network.
        figures: all figures, in the order of the page.
        tables: name of a CSV file -> its table.
    """

    html: str
    figures: tuple[ReportFigure, ...]
    tables: dict[str, pd.DataFrame]

    def write(self, folder: Path) -> Path:
        """Write index.html, and all figures and tables into figures/; files of an older report are replaced.

        Returns:
            The path of the page.
        """
        make_folder(folder)
        (folder / PAGE).write_text(self.html, encoding="utf-8")
        for figure in self.figures:
            figure.write(folder / FIGURES)
        for name, table in self.tables.items():
            write_numbers(table, folder / FIGURES / f"{name}.csv")
        return folder / PAGE


def make_folder(folder: Path) -> None:
    """Make the folder of a report. Call it before ``report``, which takes a while.

    Raises:
        InputError: the folder cannot be made.
    """
    try:
        (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: the report cannot be written: {error.strerror}") from None


def report(resolved: ResolvedSweep, objects: Objects) -> Report:
    """Return the report of a sweep, finished or not; reads the store only.

    Raises:
        DamagedObjectError: a published file is missing or was changed.
    """
    sweep, cells = resolved.sweep, resolved.cells
    table = load_table(resolved, objects)
    plan = make_plan(resolved, objects)
    column = quality_column(sweep)
    stabilities = cell_stabilities(cells, table, column)
    claims = judge_claims(resolved, table)
    sections = figure_sections(resolved, table, stabilities, objects)
    profile = collapse_profile(resolved, table)
    forest = forest_plot(claims)
    tables = {"profile": profile_frame(profile), "claims": claims_frame(claims), "lineages": lineage_frame(cells)}
    if stabilities:
        tables["stability"] = stability_frame(stabilities, cells)
    if has_forks(resolved) and not table.empty:
        tables |= {"rates": contraction_frame(resolved, table), "rates-by-generation": steps_frame(resolved, table)}
    components = variance_components_frame(resolved, table, column)
    if components is not None:
        tables["variance"] = components
    if sweep.scaling is not None and not table.empty:
        tables |= {"scaling": scaling_frame(resolved, table), "effective-rows": effective_rows_frame(resolved, table)}
    script = files("raysc.results.report").joinpath("page.js").read_text(encoding="utf-8")
    html = _template_environment().get_template("page.html").render(
        sweep=sweep,
        introduction=introduction(sweep.comment),
        result=search_answers(resolved, table) or result_sentence(stabilities, cells, column),
        script=Markup(script),
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        progress=_progress(plan, table),
        profile=profile,
        definitions=DEFINITIONS,
        measured_definitions=[definition for definition in DEFINITIONS if profile.is_measured(definition)],
        profile_axes=varying_axes([cell.cell.settings for cell in profile.cells] or sweep.cells),
        claims=claims,
        forest=forest,
        last_generation=last_generation_table(sweep, table, stabilities),
        headline=sections[0],
        figure_sections=sections[1:],
        heat_map=heat_map(stabilities, cells, column),
        column=column,
        variance=None if components is None else variance_table(resolved, components),
        excess_unit=excess_unit(column),
        excess_note=excess_note(column),
        stability=stability_table(stabilities, cells, column.scale == "log") if stabilities else None,
        failures=failures(plan, objects),
        divergences=divergences(table, cells),
        unmoved=unmoved_weights(table, cells),
        file=sweep_yaml(sweep),
        command=sweep_command(sweep, objects),
        runs=run_text(cells, objects),
        environments=compute_environments(cells, objects),
        usage=usage_text(sweep, table),
        lineages=tables["lineages"],
        version=version("raysc"),
        folder=FIGURES,
        max_open_rows=MAX_OPEN_ROWS,
    )  # fmt: skip
    headline, *remaining = ([*section.figures] for section in sections)
    figures = [*headline, *([forest] if forest else []), *(figure for section in remaining for figure in section)]
    return Report(html.lstrip(), tuple(figures), tables)


def _progress(plan: Plan, table: pd.DataFrame) -> str:
    """Return a sentence on the progress of the sweep."""
    sweep = plan.sweep
    if table.empty:
        return "Nothing is published yet. Run raysc sweep, then raysc report again."
    early_ends = early_ends_text(sweep, table)
    if not plan.units:
        return f"The sweep is complete. {early_ends}.".removesuffix(" .")
    measured = len(table.drop_duplicates(["cell", "seed", "generation"]))
    total = sum(
        len(sweep.seeds_of(cell.number)) * len(generations_measured(sweep.measure, cell.generations))
        for cell in plan.cells
    )
    return (
        f"The sweep is not complete: {measured} of {total} measured generations (over all cells and seeds) are "
        "published."
    )


def _template_environment() -> Environment:
    """Return the Jinja environment. It escapes all values except figures, which are escaped when they are rendered."""
    environment = Environment(
        loader=PackageLoader("raysc.results.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["entry"] = _entry_html
    environment.filters["seed_text"] = seed_text
    environment.filters["svg"] = lambda view: Markup(view.svg)
    environment.globals["definition_heading"] = heading
    environment.globals["number_entry"] = number_entry
    environment.globals["axis_text"] = text_entry
    environment.globals["case_text"] = case_text
    environment.globals["comparison_text"] = comparison_text
    return environment


def _entry_html(entry: TableEntry) -> Markup:
    """Return an entry of a table; a <data> element has its number in full precision."""
    if entry.value is None:
        return Markup(escape(entry.text))
    return Markup(f'<data value="{entry.value!r}">{escape(entry.text)}</data>')
