"""Answers of the searches of a sweep: as records, as tables and as text."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from raysc.planning.open_sweep import sweep_folder
from raysc.planning.resolved import ResolvedSweep
from raysc.results.plots.labels import label
from raysc.results.table.csv_text import csv_text
from raysc.results.table.number_format import interval_text, number_text
from raysc.results.thresholds.evidence import Search, read_searches
from raysc.results.thresholds.proposals import STOPPING_LEVEL, bracket, count_runs, enclosed_root
from raysc.results.thresholds.stored_evidence import THRESHOLD_FILE, changed_settings_text, store_evidence
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.sweepfile.threshold_search import ThresholdSearch

COVERAGE = 0.95
"""Share of searches whose interval holds the threshold."""


@dataclass(frozen=True)
class Threshold:
    """The threshold of one search, as far as its evidence has it.

    The field names are columns of thresholds.csv and keys of threshold.json.

    Attributes:
        outcome: "threshold"; "stable" or "unstable" over the whole range; "undecided": no answer within the ceiling;
            "searching": the search goes on.
        threshold: value of the axis at which the loop changes from stable to unstable; NaN without one.
        low: lower limit of its interval; the upper end of the range if the loop is stable up to there; NaN without one.
        high: upper limit; infinity if the loop is stable up to the end of the range; NaN without one.
        coverage: share of searches whose interval holds the threshold.
        narrow: the interval has the requested width.
        bracket_low: largest value that is clearly on the side of the lower end.
        bracket_high: smallest value that is clearly on the other side.
        seeds: number of seeds that the interval stands on.
        runs: number of runs, controls included.
    """

    outcome: str
    threshold: float
    low: float
    high: float
    coverage: float
    narrow: bool
    bracket_low: float
    bracket_high: float
    seeds: int
    runs: int


def threshold_of(search: Search) -> Threshold:
    """Return the threshold of a search, finished or not."""
    answer, scale = search.answer, search.settings.scale
    root = enclosed_root(search.settings, search.probes) if answer is None else answer.root
    value, low, high = math.nan, math.nan, math.nan
    if root is not None:
        value, (low, high) = scale.value(root.position), map(scale.value, root.interval(STOPPING_LEVEL))
    elif answer is not None and answer.outcome == "stable":
        low, high = scale.high, math.inf
    ends = [math.nan if end is None else end for end in bracket(search.probes)]
    return Threshold(
        outcome="searching" if answer is None else answer.outcome,
        threshold=value,
        low=low,
        high=high,
        coverage=COVERAGE,
        narrow=answer is not None and answer.narrow,
        bracket_low=ends[0],
        bracket_high=ends[1],
        seeds=0 if root is None else len(root.seeds),
        runs=count_runs(search.probes),
    )


def search_label(search: Search) -> str:
    """Return the settings by which a search differs from others, for the beginning of a sentence; empty for one."""
    return f"{label(list(search.where), list(search.where.values()))}: " if search.where else ""


def threshold_text(axis: str, search: Search) -> str:
    """Return the answer of a search in a sentence: ``data.rows 100: lambda* 1.02 [0.95, 1.09] ...``."""
    threshold, scale = threshold_of(search), search.settings.scale
    where, runs = search_label(search), f"{threshold.runs} runs"
    match threshold.outcome:
        case "stable":
            return f"{where}{axis}: none up to {number_text(scale.high)}; {runs}"
        case "unstable":
            return f"{where}{axis}: unstable from {number_text(scale.low)} to {number_text(scale.high)}; {runs}"
    interval = ""
    if not math.isnan(threshold.threshold):
        interval = f" {interval_text(threshold.threshold, threshold.low, threshold.high)}"
        interval += f", {threshold.seeds} seeds"
    if threshold.outcome == "threshold":
        wide = "" if threshold.narrow else f"; wider than `search.width`: raise `{search.ceiling}`"
        return f"{where}{axis}*{interval}, {runs}{wide}"
    state = f"undecided within `{search.ceiling}`" if threshold.outcome == "undecided" else "searching"
    return f"{where}{axis}*: {state}, {_bracket_text(threshold, search)};{interval or ' no estimate yet'}, {runs}"


def answer_texts(resolved: ResolvedSweep, table: pd.DataFrame, objects: Objects) -> list[str]:
    """Return the answer of each search of a sweep, and a note if its settings have changed; none without a search.

    Args:
        resolved: the sweep, from ``read_state``.
        table: from ``load_table``.
        objects: the store.
    """
    search = resolved.sweep.search
    if search is None:
        return []
    changed = changed_settings_text(resolved.sweep, objects)
    answers = [threshold_text(search.axis, of_point) for of_point in read_searches(resolved, table)]
    return [*answers, f"note: {changed}"] if changed else answers


def _bracket_text(threshold: Threshold, search: Search) -> str:
    """Return where the threshold is, by the ends of its bracket that are clear."""
    low, high = threshold.bracket_low, threshold.bracket_high
    if math.isnan(low) and math.isnan(high):
        return f"from {number_text(search.settings.scale.low)} to {number_text(search.settings.scale.high)}"
    if math.isnan(low):
        return f"below {number_text(high)}"
    return f"above {number_text(low)}" if math.isnan(high) else f"between {number_text(low)} and {number_text(high)}"


def thresholds_frame(searches: Sequence[Search]) -> pd.DataFrame:
    """Tabulate the threshold of each search."""
    return pd.DataFrame([{**search.where, **asdict(threshold_of(search))} for search in searches])


def evidence_frame(search: ThresholdSearch, searches: Sequence[Search]) -> pd.DataFrame:
    """Tabulate each probe of each search: the value, rho or the excess with its 95 % interval, state and runs."""
    quantity = "rho" if search.delta is None else "excess"
    return pd.DataFrame(
        [
            {
                **of_point.where,
                search.axis: probe.value,
                quantity: probe.estimate,
                f"{quantity}_low": probe.low,
                f"{quantity}_high": probe.high,
                "state": probe.state,
                "seeds": len(probe.seeds),
                "generations": probe.generations,
            }
            for of_point in searches
            for probe in of_point.probes
        ]
    )


def threshold_json(search: ThresholdSearch, searches: Sequence[Search]) -> bytes:
    """Return threshold.json: the settings, the answers, and every probe with its runs and figures."""
    settings = {name: value for name, value in asdict(search).items() if name not in ("probes", "evidence")}
    records = [
        {
            "where": of_point.where,
            **asdict(threshold_of(of_point)),
            "probes": [
                {
                    "value": probe.value,
                    "seeds": probe.seeds,
                    "generations": probe.generations,
                    "state": probe.state,
                    "estimate": probe.estimate,
                    "low": probe.low,
                    "high": probe.high,
                }
                for probe in of_point.probes
            ],
        }
        for of_point in searches
    ]
    return json.dumps(_plain({"search": settings, "searches": records}), indent=1).encode()


def store_answers(sweep: Sweep, searches: Sequence[Search], objects: Objects) -> None:
    """Store the evidence and the answers of a search, as JSON and tables.

    Nothing is stored before the first round is finished: ``THRESHOLD_FILE`` may hold the only evidence of a search of
    other settings.

    Args:
        sweep: the sweep, from ``read_state``.
        searches: its searches.
        objects: the store.
    """
    assert sweep.search is not None
    if not any(sweep.search.evidence):
        return
    folder = sweep_folder(sweep.name)
    store_evidence(sweep, objects)
    objects.put(f"{folder}/{THRESHOLD_FILE}", threshold_json(sweep.search, searches))
    objects.put(f"{folder}/thresholds.csv", csv_text(thresholds_frame(searches)).encode())
    objects.put(f"{folder}/threshold-evidence.csv", csv_text(evidence_frame(sweep.search, searches)).encode())


def _plain(value: Any) -> Any:
    """Return a value of valid JSON, which has no infinite numbers: inf as text, NaN as None."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
