"""The raysc command in a process of its own, and what its sweeps left in a store."""

import sys
from pathlib import Path

import pandas as pd

from raysc.planning.open_sweep import open_sweep
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

RAYSC = [sys.executable, "-c", "from raysc.cli import main; main()"]
"""The command, with this Python."""


def open_resolved(file: Path, store: Path | str, *overrides: str) -> tuple[ResolvedSweep, Objects]:
    """A sweep with its cells resolved, and its store."""
    sweep, objects = open_sweep(str(file), str(store), overrides)
    return resolve(sweep), objects


def plan_of(file: Path, store: Path | str, *overrides: str) -> Plan:
    """Plan what is missing of a sweep."""
    return make_plan(*open_resolved(file, store, *overrides))


def table_of(file: Path, store: Path | str, *overrides: str) -> pd.DataFrame:
    """The tidy table of a sweep."""
    return load_table(*open_resolved(file, store, *overrides))


def without_seconds(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that are equal in every run: all but the durations."""
    return table.drop(columns=[name for name in table if str(name).startswith("seconds_")])


def results(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    """The table of a sweep without the durations."""
    return without_seconds(load_table(resolve(sweep), objects))
