"""The leaderboard: one row for each data set and mitigation, from the results of any number of stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from raysc.formatting import clock
from raysc.planning.resolved import ResolvedSweep
from raysc.results.leaderboard.benchmark import BASELINE, BenchmarkFile, mitigation_name, searched_data
from raysc.results.leaderboard.entries import EntryReader, benchmark_records
from raysc.results.leaderboard.scores import SECONDS_PER_HOUR, seed_scores
from raysc.results.statistics.averages import seed_mean
from raysc.results.table.columns import main_columns
from raysc.results.table.csv_text import csv_text
from raysc.results.table.number_format import interval_text, number_text
from raysc.results.table.table import load_table
from raysc.results.thresholds.answers import threshold_of
from raysc.results.thresholds.rounds import recomputed_state
from raysc.store.objects import Objects

COLUMNS = [
    "data", "mitigation", "seeds", "all_seeds", "damage", "damage_low", "damage_high", "gain", "gain_low", "gain_high",
    "lambda_outcome", "lambda", "lambda_low", "lambda_high", "rows", "steps", "hours", "hours_low", "hours_high",
    "lineage", "store",
]  # fmt: skip


@dataclass(frozen=True)
class SourceChecksum:
    """Checksum of what was read of one data set in one store.

    Attributes:
        data: short name of the frozen file.
        store: URI of the store.
        sha256: of the values as CSV: lineage, seed, generation and the metric, sorted. Equal results in stores of any
            kind have equal checksums.
    """

    data: str
    store: str
    sha256: str


@dataclass(frozen=True)
class Leaderboard:
    """Scores of mitigations.

    Attributes:
        rows: one row per data set and mitigation, those of the least damage first: data, mitigation, seeds (complete),
            all_seeds (of the frozen file), damage (``seed_scores``) and gain (the damage without a mitigation minus
            this one, paired by seed), each with _low and _high, its 95 % interval over seeds; lambda_outcome, lambda,
            lambda_low and lambda_high of the search, if there is one; rows, steps, hours, hours_low, hours_high,
            lineage and store.
        sources: checksum of what was read, by data set and store.
        notes: for each sweep that is left out, its store, name and the reason.
    """

    rows: pd.DataFrame
    sources: tuple[SourceChecksum, ...]
    notes: tuple[str, ...]


def read_leaderboard(stores: Sequence[Objects], files: Mapping[str, BenchmarkFile]) -> Leaderboard:
    """Read the results of the benchmark in some stores.

    A seed of a lineage that several stores have counts once, as the first of them has it.

    Args:
        stores: in the order of precedence.
        files: short name -> frozen file.

    Raises:
        InputError: a store holds no sweep of the benchmark, or a frozen one with other keys.
        DamagedObjectError: a published file is missing or was changed.
    """
    records = [(objects, benchmark_records(objects, files)) for objects in stores]
    scores: dict[str, list[pd.DataFrame]] = {}
    seeds: dict[str, int] = {}
    thresholds: dict[tuple[str, str], dict[str, Any]] = {}
    sources, notes = [], list[str]()
    for short in (name for name in files if any(name in of_store for _, of_store in records)):
        frozen = files[short].resolve()
        for objects, of_store in records:
            if short not in of_store:
                continue
            resolved, left_out = EntryReader(files[short], frozen, objects).with_entries(of_store[short])
            notes.extend(left_out)
            if (data := searched_data(short)) is not None:
                thresholds = _thresholds(data, frozen, objects) | thresholds
                continue
            table = load_table(resolved, objects)
            sources.append(SourceChecksum(short, objects.uri, _checksum(resolved, table)))
            scores.setdefault(short, []).append(seed_scores(resolved, table).assign(store=objects.uri))
            seeds[short] = len(frozen.sweep.seeds)
    rows = [
        {"data": short, **row, "all_seeds": seeds[short], **thresholds.get((short, row["mitigation"]), {})}
        for short, tables in scores.items()
        for row in _rows(pd.concat(tables).drop_duplicates(["lineage", "seed"]))
    ]
    return Leaderboard(_frame(rows), tuple(sources), tuple(notes))


def _rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mean over seeds of each mitigation of a data set, those of the least damage first."""
    baseline = scores[scores["mitigation"] == BASELINE].set_index("seed")["damage"]
    rows = []
    for lineage, of_lineage in scores.groupby("lineage", sort=False):
        damage = of_lineage["damage"].to_numpy(float)
        with np.errstate(invalid="ignore"):  # two seeds that diverged have no difference
            gain = baseline.reindex(of_lineage["seed"]).to_numpy(float) - damage
        first = of_lineage.iloc[0]
        rows.append(
            {
                "mitigation": first["mitigation"],
                "seeds": len(of_lineage),
                **_interval("damage", damage),
                **_interval("gain", gain),
                "rows": float(of_lineage["rows"].mean()),
                "steps": float(of_lineage["steps"].mean()),
                **_interval("hours", of_lineage["hours"].to_numpy(float)),
                "lineage": lineage,
                "store": first["store"],
            }
        )
    return sorted(rows, key=lambda row: row["damage"])


def _interval(name: str, values: np.ndarray) -> dict[str, float]:
    mean = seed_mean(values)
    return {name: mean.mean, f"{name}_low": mean.low, f"{name}_high": mean.high}


def _thresholds(data: str, frozen: ResolvedSweep, objects: Objects) -> dict[tuple[str, str], dict[str, Any]]:
    """Return lambda* of each mitigation of a search, by data set and mitigation."""
    state = recomputed_state(frozen.sweep, objects)
    search = state.resolved.sweep.search
    assert search is not None
    thresholds = {}
    for index, searched in enumerate(state.searches):
        settings = state.resolved.sweep.cells[search.cell(index, search.low)]
        threshold = threshold_of(searched)
        thresholds[data, mitigation_name(settings.regime, settings.curation)] = {
            "lambda_outcome": threshold.outcome,
            "lambda": threshold.threshold,
            "lambda_low": threshold.low,
            "lambda_high": threshold.high,
        }
    return thresholds


def _checksum(resolved: ResolvedSweep, table: pd.DataFrame) -> str:
    """Return the SHA-256 of the values of a table as CSV, durations and the order of rows left out."""
    columns = ["lineage", "seed", "generation", main_columns(resolved.sweep)[0].name]
    values = table[columns].drop_duplicates(columns[:3]).sort_values(columns[:3])
    return sha256(csv_text(values).encode()).hexdigest()


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Tabulate rows; without a search lambda* is empty."""
    frame = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return frame.assign(lambda_outcome=frame["lambda_outcome"].astype(object))


def text_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the leaderboard as texts: means with their intervals, seeds as ``40/40``, the time of a seed."""
    return pd.DataFrame(
        [
            {
                "data": row["data"],
                "mitigation": row["mitigation"],
                "seeds": f"{row['seeds']}/{row['all_seeds']}",
                "damage": interval_text(row["damage"], row["damage_low"], row["damage_high"]),
                "gain": interval_text(row["gain"], row["gain_low"], row["gain_high"]),
                "lambda*": _lambda_text(row),
                "rows": number_text(row["rows"]),
                "steps": number_text(row["steps"]),
                "time": _time_text(row["hours"] * SECONDS_PER_HOUR),
            }
            for row in rows.to_dict("records")
        ]
    )


def _time_text(seconds: float) -> str:
    return clock(seconds) if seconds >= 10 else f"{seconds:.2g} s"


def _lambda_text(row: Mapping[Any, Any]) -> str:
    """Return lambda* as text; "" if nothing was searched or the search is not done."""
    match row["lambda_outcome"]:
        case "threshold":
            return interval_text(row["lambda"], row["lambda_low"], row["lambda_high"])
        case "stable":
            return f"above {number_text(row['lambda_low'])}"
        case "unstable" | "undecided" as outcome:
            return str(outcome)
    return ""
