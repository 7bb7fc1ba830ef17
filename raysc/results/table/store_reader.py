"""What a store holds of a sweep: records and metrics of every lineage, read once each, many at a time."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from raysc.execution.records import RECORDS, ended_at
from raysc.store import metric_files
from raysc.store.metric_files import Places, generations_in, lineage_of
from raysc.store.objects import READERS, Objects
from raysc.store.spans import END, PLAIN, Published, Span, chain, counted, published

KEYS = ["lineage", "seed", "generation"]
NOTHING = {"rows_real": 0, "rows_synthetic": 0, "optimiser_steps": 0}
"""The record of a generation that was not trained, since the model had diverged or the seed had ended before."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for of one lineage.

    Attributes:
        lineage: its address.
        seeds: which of its seeds.
        start: the first generation under this address: 1 for a trained family's loop, whose generation 0 has an
            address of its own, else 0.
        generations: which of its generations, in order.
        metrics: addresses.
        untils: what ``Span.until`` may be of the spans that count.
    """

    lineage: str
    seeds: frozenset[int]
    start: int
    generations: tuple[int, ...]
    metrics: tuple[str, ...]
    untils: frozenset[str] = PLAIN


def read_lineages(objects: Objects, wanted: Sequence[Wanted]) -> pd.DataFrame:
    """Records and metrics of published generations.

    Args:
        objects: the store.
        wanted: lineages, each once.

    Returns:
        One row per lineage, seed and generation, with the columns of the records and of the metrics, and
        ``ended_generation``, NaN unless ``loop.until`` ended the seed; metrics that were not measured are NaN. A seed
        that diverged or ended has rows for all later generations too, the latter with the metrics of its end. Empty,
        without columns, if nothing is published.

    Raises:
        Damaged: a published file is gone or was changed.
    """
    spans = published(objects)
    metrics = list({key for one in wanted for key in one.metrics})
    with ThreadPoolExecutor(READERS) as pool:
        places = dict(zip(metrics, pool.map(partial(metric_files.measured, objects), metrics), strict=True))
        chosen = [(one, span) for one in wanted for span in _spans(one, spans)]
        ends = _ends(chosen)
        files = [name for one in wanted for name in _metric_files(one, places, ends.get(one.lineage, {}))]
        tables = pool.map(partial(metric_files.read_table, objects), files)
        read = list(pool.map(partial(_read, objects), chosen))
        measured = list(tables)
    records = [table for table, _ in read if table is not None]
    if not records:
        return pd.DataFrame()
    ended = {key: t for _, own in read for key, t in own.items()}
    # Packs never share a seed unless two sweeps raced for it: then the pack that reaches furthest counts.
    frame = _frame(records).drop_duplicates(KEYS)
    frame = pd.concat([frame, _after_the_end(frame, chosen, ended)], ignore_index=True)
    lasts = {(lineage, seed): t for lineage, of_seeds in ends.items() for seed, t in of_seeds.items()}
    frame["ended_generation"] = _of(frame, ended)
    frame["at"] = np.fmin(frame["generation"], _of(frame, lasts)).astype(np.int64)
    # One metric has an address for each data setting, and tables that lack floors where all seeds diverged: those with
    # the same first column of values are of one metric.
    by_metric: dict[str, list[pa.Table]] = {}
    for name, table in zip(files, measured, strict=True):
        (_, _, first, *_) = table.column_names
        by_metric.setdefault(first, []).append(_with(table, lineage_of(name)))
    for found in by_metric.values():
        values = _frame(found).drop_duplicates(KEYS).rename(columns={"generation": "at"})
        frame = frame.merge(values, on=["lineage", "seed", "at"], how="left")
    return frame[_asked(frame, wanted)].drop(columns="at").reset_index(drop=True)


def _of(frame: pd.DataFrame, generations: Mapping[tuple[str, int], int]) -> np.ndarray:
    """For each row the generation of its lineage and seed, float64 (rows,), NaN where there is none."""
    if not generations:
        return np.full(len(frame), np.nan)
    own = pd.MultiIndex.from_frame(frame[["lineage", "seed"]])
    return pd.Series(generations, dtype=float).reindex(own).to_numpy(float)


def _ends(chosen: Iterable[tuple[Wanted, Span]]) -> dict[str, dict[int, int]]:
    """Lineage -> seed -> the last generation of its pack, where ``loop.until`` has ended all of that.

    Later generations have its metrics.
    """
    found: dict[str, dict[int, int]] = {}
    for _, span in chosen:
        if span.until and span.last >= END:
            found.setdefault(span.lineage, {}).update(dict.fromkeys(span.seeds, span.first - 1))
    return found


def _asked(frame: pd.DataFrame, wanted: Sequence[Wanted]) -> "pd.Series[bool]":
    """Which rows are asked for; most lineages are asked for alike."""
    alike: dict[tuple[frozenset[int], tuple[int, ...]], list[str]] = {}
    for one in wanted:
        alike.setdefault((one.seeds, one.generations), []).append(one.lineage)
    asked = pd.Series(False, frame.index)
    for (seeds, generations), lineages in alike.items():
        of_these = frame["lineage"].isin(lineages) & frame["seed"].isin(seeds) & frame["generation"].isin(generations)
        asked |= of_these
    return asked


def _spans(one: Wanted, spans: Published) -> Iterator[Span]:
    """The spans that hold wanted generations of wanted seeds; where packs overlap, the furthest reaching first.

    Those that say where seeds ended are there in any case.
    """
    packs = {seeds: counted(own, one.untils) for seeds, own in spans.get(one.lineage, {}).items()}
    of_wanted = [(seeds, own) for seeds, own in packs.items() if own and one.seeds & set(seeds)]
    for _, own in sorted(of_wanted, key=lambda pack: (-max(span.last for span in pack[1]), pack[0])):
        for span in chain(own, one.start):
            if span.until or any(span.first <= t <= span.last for t in one.generations):
                yield span


def _read(objects: Objects, chosen: tuple[Wanted, Span]) -> tuple[pa.Table | None, dict[tuple[str, int], int]]:
    """The records of a span, if it holds generations, and where its seeds ended: (lineage, seed) -> generation."""
    one, span = chosen
    manifest = span.manifest(objects)
    ended = {(span.lineage, seed): t for seed, t in ended_at(manifest).items()}
    if RECORDS not in manifest.files:
        return None, ended
    file = pq.ParquetFile(io.BytesIO(manifest.get(RECORDS)))
    if file.metadata.num_row_groups == 1:
        return _with(file.read(), span.lineage), ended
    # Of a long span the generations that are asked for, and those that tell where a seed diverged.
    asked = pc.field("generation").isin(one.generations) | pc.field("diverged")
    return _with(pq.read_table(io.BytesIO(manifest.get(RECORDS)), filters=asked), span.lineage), ended


def _metric_files(one: Wanted, places: Mapping[str, Places], ends: Mapping[int, int]) -> Iterator[str]:
    """The metric files that hold wanted generations of wanted seeds, or those where they ended; the longest first."""
    for metric in one.metrics:
        for seeds, names in places[metric].get(one.lineage, {}).items():
            missing = {*one.generations, *(ends[seed] for seed in seeds if seed in ends)}
            for name in sorted(names, key=lambda name: -len(generations_in(name))) if one.seeds & set(seeds) else ():
                if missing & set(generations_in(name)):
                    missing -= set(generations_in(name))
                    yield name


def _with(table: pa.Table, lineage: str) -> pa.Table:
    return table.append_column("lineage", pa.array([lineage] * len(table), pa.string()))


def _frame(tables: list[pa.Table]) -> pd.DataFrame:
    """Tables end to end; a column that some lack is empty there."""
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas()
    return frame


def _after_the_end(
    frame: pd.DataFrame, spans: Sequence[tuple[Wanted, Span]], ended: Mapping[tuple[str, int], int]
) -> pd.DataFrame:
    """Rows for the generations that nobody ran, since a seed had ended, or all seeds of the pack had diverged."""
    gone = frame[frame["diverged"]].sort_values("generation").drop_duplicates(["lineage", "seed"], keep="last")
    diverged = {(key, seed): t for key, seed, t in zip(gone["lineage"], gone["seed"], gone["generation"], strict=True)}
    stopped = {**diverged, **ended}
    rows = [
        {"lineage": span.lineage, "seed": seed, "generation": t, **NOTHING, "diverged": key in diverged}
        for one, span in spans
        for seed in span.seeds
        if (key := (span.lineage, seed)) in stopped
        for t in one.generations
        if max(stopped[key] + 1, span.first) <= t <= span.last
    ]
    return pd.DataFrame(rows).reindex(columns=frame.columns).astype(frame.dtypes) if rows else frame.head(0)
