"""What a store holds of a sweep: records and metrics of every lineage, read once each, many at a time."""

import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.running.records import RECORDS
from raysc.store import metric_files
from raysc.store.metric_files import Places, generations_in, lineage_of
from raysc.store.objects import Objects
from raysc.store.spans import Published, Span, chain, published

READERS = 16
"""Threads that read objects: with a bucket reading is waiting, with a disk it is decoding outside Python's lock."""

KEYS = ["lineage", "seed", "generation"]
NOTHING = {"rows_real": 0, "rows_synthetic": 0, "optimiser_steps": 0, "diverged": True}
"""The record of a generation that was not trained, since the model had diverged before."""


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
    """

    lineage: str
    seeds: frozenset[int]
    start: int
    generations: tuple[int, ...]
    metrics: tuple[str, ...]


def read_lineages(objects: Objects, wanted: Sequence[Wanted]) -> pd.DataFrame:
    """Records and metrics of published generations.

    Args:
        objects: the store.
        wanted: lineages, each once.

    Returns:
        One row per lineage, seed and generation, with the columns of the records and of the metrics; metrics that
        were not measured are NaN. A seed that diverged has rows for all later generations too. Empty, without
        columns, if nothing is published.

    Raises:
        Damaged: a published file is gone or was changed.
    """
    spans = published(objects)
    metrics = list({key for one in wanted for key in one.metrics})
    with ThreadPoolExecutor(READERS) as pool:
        places = dict(zip(metrics, pool.map(partial(metric_files.measured, objects), metrics), strict=True))
        chosen = [(one, span) for one in wanted for span in _spans(one, spans)]
        files = [name for one in wanted for name in _metric_files(one, places)]
        tables = pool.map(partial(metric_files.read_table, objects), files)
        records = list(pool.map(partial(_records, objects), [span for _, span in chosen]))
        measured = list(tables)
    if not records:
        return pd.DataFrame()
    # Packs never share a seed unless two sweeps raced for it: then the pack that reaches furthest counts.
    frame = _frame(records).drop_duplicates(KEYS)
    frame = pd.concat([frame, _after_the_end(frame, chosen)], ignore_index=True)
    # One metric has an address for each data setting: tables with the same columns are of one metric.
    by_columns: dict[tuple[str, ...], list[pa.Table]] = {}
    for name, table in zip(files, measured, strict=True):
        by_columns.setdefault(tuple(sorted(table.column_names)), []).append(_with(table, lineage_of(name)))
    for found in by_columns.values():
        frame = frame.merge(_frame(found).drop_duplicates(KEYS), on=KEYS, how="left")
    return frame[_asked(frame, wanted)].reset_index(drop=True)


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
    """The spans that hold wanted generations of wanted seeds; where packs overlap, the furthest reaching first."""
    packs = spans.get(one.lineage, {})
    for seeds, own in sorted(packs.items(), key=lambda pack: (-max(span.last for span in pack[1]), pack[0])):
        if one.seeds & set(seeds):
            for span in chain(own, one.start):
                if any(span.first <= t <= span.last for t in one.generations):
                    yield span


def _records(objects: Objects, span: Span) -> pa.Table:
    data = span.manifest(objects).get(RECORDS)
    return _with(pq.ParquetFile(io.BytesIO(data)).read(), span.lineage)


def _metric_files(one: Wanted, places: Mapping[str, Places]) -> Iterator[str]:
    """The metric files that hold wanted generations of wanted seeds; of overlapping ones the longest."""
    for metric in one.metrics:
        for seeds, names in places[metric].get(one.lineage, {}).items():
            missing = set(one.generations) if one.seeds & set(seeds) else set()
            for name in sorted(names, key=lambda name: -len(generations_in(name))):
                if missing & set(generations_in(name)):
                    missing -= set(generations_in(name))
                    yield name


def _with(table: pa.Table, lineage: str) -> pa.Table:
    return table.append_column("lineage", pa.array([lineage] * len(table), pa.string()))


def _frame(tables: list[pa.Table]) -> pd.DataFrame:
    """Tables end to end; a column that some lack is empty there."""
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas()
    return frame


def _after_the_end(frame: pd.DataFrame, spans: Sequence[tuple[Wanted, Span]]) -> pd.DataFrame:
    """Rows for the generations that nobody ran, since all seeds of the pack had diverged."""
    last = frame.sort_values("generation").drop_duplicates(["lineage", "seed"], keep="last")
    ended = last[last["diverged"]].set_index(["lineage", "seed"])["generation"].to_dict()
    rows = [
        {"lineage": span.lineage, "seed": seed, "generation": t, **NOTHING}
        for one, span in spans
        for seed in span.seeds
        if (span.lineage, seed) in ended
        for t in one.generations
        if ended[span.lineage, seed] < t <= span.last
    ]
    return pd.DataFrame(rows).reindex(columns=frame.columns).astype(frame.dtypes) if rows else frame.head(0)
