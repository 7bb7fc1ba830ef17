"""Contents of a supplement: table, claims, figures, sweep file and provenance."""

import json
import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from raysc.planning.open_sweep import SWEEP_COPY
from raysc.planning.plan import Plan
from raysc.results.claims.judging import judge_claims
from raysc.results.report.figures.order import figure_sections
from raysc.results.report.figures.rendering import write_numbers
from raysc.results.report.provenance import compute_environments, lineage_frame
from raysc.results.report.tables import claims_frame
from raysc.results.table.columns import quality_column
from raysc.results.table.csv_text import csv_text
from raysc.results.table.stability import cell_stabilities
from raysc.store.objects import Objects
from raysc.sweepfile.yaml_writer import sweep_yaml

FORMAT = 1
"""Format of a supplement; raise it when members change their names or their meaning."""
TABLE = "table.parquet"
WRITERS = ("raysc", "pyarrow", "pandas", "matplotlib")
"""Packages on which the bytes of the members depend."""

README = """\
# Results of the sweep {name}

| member | contents |
|---|---|
| `table.parquet`, `table.csv` | one row per cell, seed and generation |
| `claims.csv` | claims of the sweep file with verdicts and intervals |
| `figures/` | figures as SVG and PNG, with their numbers as CSV |
| `sweep.yaml` | the sweep file; `raysc sweep sweep.yaml` repeats the sweep |
| `lineages.csv` | settings of each cell, and the key that is a hash of them |
| `provenance.json` | size and state of the sweep; versions and devices that computed and packed it |
| `SHA256SUMS` | SHA-256 of every other member: `sha256sum --check SHA256SUMS`, or `raysc verify` on the zip file |

Python files beside `sweep.yaml`, if there are any, are the plug-ins that it names.
"""


def supplement_contents(
    plan: Plan, table: pd.DataFrame, objects: Objects, plugins: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the members of a supplement, without their checksums.

    Args:
        plan: what is missing of the sweep.
        table: the tidy table, not empty.
        objects: the store.
        plugins: file name -> content of the plug-ins that the sweep file names.

    Returns:
        Member name -> content. Equal results have equal bytes if the packages that write them are equal.

    Raises:
        DamagedObjectError: a published file is missing or was changed.
    """
    resolved, sweep = plan.resolved, plan.sweep
    # The store's name is of no use to a reader, and may name a person or an account.
    public = replace(sweep, resolved={key: value for key, value in sweep.resolved.items() if key != "storage"})
    texts = {
        "README.md": README.format(name=sweep.name),
        SWEEP_COPY: sweep_yaml(public),
        "table.csv": csv_text(table),
        "provenance.json": json.dumps(_provenance(plan, objects), indent=1) + "\n",
    }
    stabilities = cell_stabilities(resolved.cells, table, quality_column(sweep))
    tables = {"claims.csv": claims_frame(judge_claims(resolved, table)), "lineages.csv": lineage_frame(resolved.cells)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "figures").mkdir()
        for section in figure_sections(resolved, table, stabilities, objects):
            for figure in section.figures:
                figure.write(folder / "figures")
        for file, frame in tables.items():
            write_numbers(frame, folder / file)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    encoded = {file: text.encode() for file, text in texts.items()}
    return {**plugins, **files, **encoded, TABLE: table.to_parquet(index=False)}


def _provenance(plan: Plan, objects: Objects) -> dict[str, object]:
    """Return the state of a sweep and the software of its results."""
    sweep = plan.sweep
    environments = compute_environments(plan.resolved.cells, objects)
    return {
        "format": FORMAT,
        "sweep": sweep.name,
        "cells": len(sweep.cells),
        "seeds": list(sweep.seeds),
        "generations": sweep.generations,
        "complete": not plan.units,
        "computed_with": [
            {
                "versions": dict(environment.versions),
                "device": environment.device,
                "ranks": environment.ranks,
                "lineages": environment.lineages,
            }
            for environment in environments
        ],
        "written_with": {"python": platform.python_version(), **{name: version(name) for name in WRITERS}},
    }
