"""Sentences of the report: the question of the sweep, its result, and the command that runs it."""

import shlex
from collections.abc import Sequence
from itertools import groupby
from math import isfinite, nan
from pathlib import Path

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.name_collisions import origin_of
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.plots.labels import label
from raysc.results.statistics.averages import Mean
from raysc.results.table.number_format import interval_text
from raysc.results.table.stability import Stability, excess_unit
from raysc.results.table.table import varying_axes
from raysc.results.thresholds.answers import threshold_text
from raysc.results.thresholds.evidence import read_searches
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

TIMES = "times the control's"
"""Unit of an excess over the control, for metrics that are compared by ratio."""


def introduction(comment: str) -> list[str]:
    """Return the paragraphs of the comment at the top of a sweep file, without its ``raysc sweep`` command."""
    lines = [line.strip() for line in comment.splitlines() if not line.strip().startswith("raysc sweep ")]
    return [" ".join(paragraph) for has_text, paragraph in groupby(lines, bool) if has_text]


def sweep_command(sweep: Sweep, objects: Objects) -> str:
    """Return the command that runs a sweep, in the folder of its file: ``raysc sweep grid.yaml --set seeds=3``."""
    file = origin_of(sweep, objects) or sweep.path
    if file == "dict":
        return "raysc.sweep(...) in Python, of the dict below"
    *_, last = sweep.comment.splitlines() or [""]
    flags = last.removeprefix("With ") if last.startswith("With --set ") else ""
    return f"raysc sweep {shlex.quote(Path(file).name)} {flags}".strip()


def search_answers(resolved: ResolvedSweep, table: pd.DataFrame) -> str:
    """Return the answers of a sweep's searches for a threshold, a sentence each; "" without a search."""
    search = resolved.sweep.search
    if search is None:
        return ""
    return " ".join(f"{threshold_text(search.axis, answer)}." for answer in read_searches(resolved, table))


def result_sentence(stabilities: Sequence[Stability], cells: Sequence[ResolvedCell], column: Column) -> str:
    """Return the result in one sentence: the cells that are furthest from their controls, and nearest to them.

    It is "" without a finite excess of a retrained generation.
    """
    trained = [point for point in stabilities if point.generation > 0 and isfinite(point.excess.mean)]
    known = sorted(trained, key=lambda point: point.excess.mean)
    if not known:
        return ""
    axes = varying_axes([cell.settings for cell in cells])

    def text(point: Stability) -> str:
        settings = cells[point.number].settings.axes
        return f"{excess_text(point.excess, column)} for {label(axes, [settings[name] for name in axes])}"

    best = f", and {text(known[0])}" if len(known) > 1 else ""
    return (
        f"At generation {known[-1].generation}, {column.name} is {text(known[-1])}{best} (95 % intervals over seeds)."
    )


def excess_text(excess: Mean, column: Column) -> str:
    """Return an excess in words: ``9.8 [7.5, 12.9] times the control's``, or a difference from it."""
    if column.better == "near":
        beyond = interval_text(excess.mean, excess.low, excess.high)
        return f"{beyond} ({excess_unit(column)})"
    sign = 1 if column.better == "lower" else -1
    ends = sorted((sign * excess.low, sign * excess.high)) if isfinite(excess.low) else [nan, nan]
    mean, low, high = sign * excess.mean, *ends
    if column.scale == "log":
        with np.errstate(over="ignore"):
            mean, low, high = (float(np.exp(number)) for number in (mean, low, high))
        return f"{interval_text(mean, low, high)} {TIMES}"
    direction = 1 if mean > 0 else -1
    ends = sorted((direction * low, direction * high))
    return f"{interval_text(abs(mean), *ends)} {'above' if mean > 0 else 'below'} the control's"


def excess_note(column: Column) -> str:
    """Return what the numbers of the heat map are, the beginning of a sentence."""
    if column.scale == "log" and column.better != "near":
        return f"Numbers are multiples of the control's {column.name}"
    return f"Numbers are the {excess_unit(column)} of {column.name}"
