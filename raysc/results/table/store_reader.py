"""Reader of the records and metrics of many lineages in a store: each file once, many at a time."""

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
from raysc.seeds import generation_zero_seed
from raysc.store import metric_files
from raysc.store.metric_files import FilesByPack, file_generations, file_lineage
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.spans import END, NO_UNTIL, PublishedSpans, Span, chain, published_spans, valid_spans

KEYS = ["lineage", "seed", "generation"]
METRIC_KEYS = ["metric_lineage", "metric_seed", "metric_generation"]
"""Columns of a row's metrics: those of ``KEYS`` under which the store has them."""
UNTRAINED = {"rows_real": 0, "rows_synthetic": 0, "optimiser_steps": 0}
"""Record of a generation that was not trained, since the model had diverged or the seed had ended."""


@dataclass(frozen=True)
class LineageQuery:
    """A query for generations of one lineage.

    Attributes:
        lineage: lineage key.
        seeds: seeds to read.
        generations: generations to read, in order.
        metrics: metric keys.
        generation_zero: of the loop of a trained family the key of its generation 0's rows, which has a query too; else
            "".
        untils: values of ``Span.until`` of the spans that are valid.
    """

    lineage: str
    seeds: frozenset[int]
    generations: tuple[int, ...]
    metrics: tuple[str, ...]
    generation_zero: str = ""
    untils: frozenset[str] = NO_UNTIL

    @property
    def start(self) -> int:
        """First generation under the lineage's key."""
        return 1 if self.generation_zero else 0


def read_lineages(objects: Objects, queries: Sequence[LineageQuery]) -> pd.DataFrame:
    """Read records and metrics of published generations.

    Args:
        objects: the store.
        queries: one for each lineage.

    Returns:
        One row per lineage, seed and generation, with the columns of the records and of the metrics, and
        ``ended_generation``, NaN unless ``loop.until`` ended the seed. Metrics that were not measured are NaN. A seed
        that diverged or ended has rows for all later generations; those of an ended seed have the metrics of its end.
        Empty, without columns, if nothing is published.

    Raises:
        DamagedObjectError: a published file is missing or was changed.
    """
    spans = published_spans(objects)
    metrics = list({key for query in queries for key in query.metrics})
    with ThreadPoolExecutor(READ_THREADS) as pool:
        files_by_metric = dict(zip(metrics, pool.map(partial(metric_files.list_files, objects), metrics), strict=True))
        selected = [(query, span) for query in queries for span in _select_spans(query, spans)]
        pack_ends = _pack_ends(selected)
        files = [
            name
            for query in queries
            for name in _select_files(query, files_by_metric, pack_ends.get(query.lineage, {}))
        ]
        tables = pool.map(partial(metric_files.read_table, objects), files)
        spans_read = list(pool.map(partial(_read_span, objects), selected))
        metric_tables = list(tables)
    records = [table for table, _ in spans_read if table is not None]
    if not records:
        return pd.DataFrame()
    ended = {key: t for _, span_ends in spans_read for key, t in span_ends.items()}
    # Packs share a seed only if two sweeps ran it at the same time. Then the pack that reaches furthest counts.
    frame = _concatenate(records).drop_duplicates(KEYS)
    frame = pd.concat([frame, _untrained_rows(frame, selected, ended)], ignore_index=True)
    metric_ends = {(lineage, seed): t for lineage, seed_ends in pack_ends.items() for seed, t in seed_ends.items()}
    frame["ended_generation"] = _lookup(frame, ended)
    frame = frame[_is_queried(frame, queries)].reset_index(drop=True)
    frame[METRIC_KEYS] = _metric_keys(frame, queries, metric_ends)
    for values in _metric_frames(files, metric_tables):
        frame = frame.merge(values, on=METRIC_KEYS, how="left")
    return frame.drop(columns=METRIC_KEYS)


def _metric_keys(
    frame: pd.DataFrame, queries: Sequence[LineageQuery], metric_ends: Mapping[tuple[str, int], int]
) -> pd.DataFrame:
    """Return the lineage, seed and generation under which the store has the metrics of each row, (rows, 3).

    Rows after the end of a pack have the metrics of its end. If that is generation 0 of a trained family, they are
    under the key and the seed of generation 0.
    """
    keys = frame[KEYS].set_axis(METRIC_KEYS, axis=1)
    keys["metric_generation"] = np.fmin(frame["generation"], _lookup(frame, metric_ends)).astype(np.int64)
    generation_zeros = {query.lineage: query.generation_zero for query in queries if query.generation_zero}
    at_start = (keys["metric_generation"] == 0) & frame["lineage"].isin(generation_zeros)
    keys.loc[at_start, "metric_lineage"] = frame.loc[at_start, "lineage"].map(generation_zeros)
    keys.loc[at_start, "metric_seed"] = frame.loc[at_start, "seed"].map(generation_zero_seed)
    return keys


def _metric_frames(files: Sequence[str], tables: Sequence[pa.Table]) -> Iterator[pd.DataFrame]:
    """Yield one frame for each metric, with the columns of ``METRIC_KEYS`` and those of the metric.

    A metric has one key for each setting of the data, and its tables lack floors if all seeds diverged. So tables
    belong to one metric if their first column of values is the same.
    """
    by_first_column: dict[str, list[pa.Table]] = {}
    for name, table in zip(files, tables, strict=True):
        (_, _, first, *_) = table.column_names
        by_first_column.setdefault(first, []).append(_add_lineage(table, file_lineage(name)))
    for metric_tables in by_first_column.values():
        yield (
            _concatenate(metric_tables).drop_duplicates(KEYS).rename(columns=dict(zip(KEYS, METRIC_KEYS, strict=True)))
        )


def _lookup(frame: pd.DataFrame, generations: Mapping[tuple[str, int], int]) -> np.ndarray:
    """Return for each row the generation of its lineage and seed, float64 (rows,); NaN without one."""
    if not generations:
        return np.full(len(frame), np.nan)
    row_keys = pd.MultiIndex.from_frame(frame[["lineage", "seed"]])
    return pd.Series(generations, dtype=float).reindex(row_keys).to_numpy(float)


def _pack_ends(selected: Iterable[tuple[LineageQuery, Span]]) -> dict[str, dict[int, int]]:
    """Map lineage and seed to the last generation of its pack, for packs in which ``loop.until`` ended all seeds.

    Later generations have the metrics of this one.
    """
    ends: dict[str, dict[int, int]] = {}
    for _, span in selected:
        if span.until and span.last >= END:
            ends.setdefault(span.lineage, {}).update(dict.fromkeys(span.seeds, span.first - 1))
    return ends


def _is_queried(frame: pd.DataFrame, queries: Sequence[LineageQuery]) -> "pd.Series[bool]":
    """Return True for the rows that a query selects. Queries with equal seeds and generations are evaluated at once."""
    lineages_by_selection: dict[tuple[frozenset[int], tuple[int, ...]], list[str]] = {}
    for query in queries:
        lineages_by_selection.setdefault((query.seeds, query.generations), []).append(query.lineage)
    mask = pd.Series(False, frame.index)
    for (seeds, generations), lineages in lineages_by_selection.items():
        mask |= frame["lineage"].isin(lineages) & frame["seed"].isin(seeds) & frame["generation"].isin(generations)
    return mask


def _select_spans(query: LineageQuery, spans: PublishedSpans) -> Iterator[Span]:
    """Yield the spans that hold a queried generation of a queried seed; of overlapping packs the furthest first.

    Spans that record the ends of seeds are always included.
    """
    packs = {seeds: valid_spans(pack, query.untils) for seeds, pack in spans.get(query.lineage, {}).items()}
    queried = [(seeds, pack) for seeds, pack in packs.items() if pack and query.seeds & set(seeds)]
    for _, pack in sorted(queried, key=lambda item: (-max(span.last for span in item[1]), item[0])):
        for span in chain(pack, query.start):
            if span.until or any(span.first <= t <= span.last for t in query.generations):
                yield span


def _read_span(
    objects: Objects, selected: tuple[LineageQuery, Span]
) -> tuple[pa.Table | None, dict[tuple[str, int], int]]:
    """Return the records of a span, None if it holds no generation, and (lineage, seed) -> generation of its end."""
    query, span = selected
    manifest = span.read_manifest(objects)
    ended = {(span.lineage, seed): t for seed, t in ended_at(manifest).items()}
    if RECORDS not in manifest.files:
        return None, ended
    file = pq.ParquetFile(io.BytesIO(manifest.get(RECORDS)))
    if file.metadata.num_row_groups == 1:
        return _add_lineage(file.read(), span.lineage), ended
    # Of a long span: the queried generations, and those that show at which generation a seed diverged.
    rows = pc.field("generation").isin(query.generations) | pc.field("diverged")
    return _add_lineage(pq.read_table(io.BytesIO(manifest.get(RECORDS)), filters=rows), span.lineage), ended


def _select_files(
    query: LineageQuery, files_by_metric: Mapping[str, FilesByPack], ends: Mapping[int, int]
) -> Iterator[str]:
    """Yield the metric files that hold a queried generation of a queried seed, or its end; the longest files first."""
    for metric in query.metrics:
        for seeds, names in files_by_metric[metric].get(query.lineage, {}).items():
            if not query.seeds & set(seeds):
                continue
            missing = {*query.generations, *(ends[seed] for seed in seeds if seed in ends)}
            for name in names:
                if missing & set(file_generations(name)):
                    missing -= set(file_generations(name))
                    yield name


def _add_lineage(table: pa.Table, lineage: str) -> pa.Table:
    return table.append_column("lineage", pa.array([lineage] * len(table), pa.string()))


def _concatenate(tables: list[pa.Table]) -> pd.DataFrame:
    """Concatenate tables; a column that a table lacks is empty in its rows."""
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas()
    return frame


def _untrained_rows(
    frame: pd.DataFrame, selected: Sequence[tuple[LineageQuery, Span]], ended: Mapping[tuple[str, int], int]
) -> pd.DataFrame:
    """Return rows for the generations that were not run, since a seed had ended or all seeds of a pack had diverged."""
    last = frame[frame["diverged"]].sort_values("generation").drop_duplicates(["lineage", "seed"], keep="last")
    diverged = {(key, seed): t for key, seed, t in zip(last["lineage"], last["seed"], last["generation"], strict=True)}
    stopped = {**diverged, **ended}
    rows = [
        {"lineage": span.lineage, "seed": seed, "generation": t, **UNTRAINED, "diverged": key in diverged}
        for query, span in selected
        for seed in span.seeds
        if (key := (span.lineage, seed)) in stopped
        for t in query.generations
        if max(stopped[key] + 1, span.first) <= t <= span.last
    ]
    return pd.DataFrame(rows).reindex(columns=frame.columns).astype(frame.dtypes) if rows else frame.head(0)
