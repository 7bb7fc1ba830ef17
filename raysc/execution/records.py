"""What is recorded of a generation beside its metrics, and how a span's rows are found again."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.loop import Generation
from raysc.pool.rows import Block, Rows
from raysc.regimes.recipe import Recipe, Source, synthetic
from raysc.store.parquet_rows import StoredBlock
from raysc.store.publishing import Attempt, Manifest, Stored

RECORDS = "records.parquet"
GROUP = 2**15
"""Records that are written together, one for each generation and seed."""


def frame(generations: Iterable[tuple[Generation, Mapping[str, float]]], seeds: tuple[int, ...]) -> pd.DataFrame:
    """One row per seed and generation.

    Args:
        generations: each with its seconds by phase, over the whole unit; a seed's share of them is recorded.
        seeds: the pack.
    """
    each = len(seeds)
    found = [
        {
            "seed": np.array(seeds),
            "generation": np.full(each, generation.t),
            "rows_real": generation.rows_real,
            "rows_synthetic": generation.rows_synthetic,
            "optimiser_steps": np.full(each, generation.steps),
            "diverged": generation.diverged,
            "loss": np.full(each, generation.loss),
            **{name: np.full(each, rate) for name, rate in acceptance(generation.rows).items()},
            **{f"seconds_{phase}": np.full(each, spent / each) for phase, spent in seconds.items()},
        }
        for generation, seconds in generations
    ]
    return pd.DataFrame({name: np.concatenate([columns[name] for columns in found]) for name in found[0]})


def acceptance(rows: Rows | None) -> dict[str, float]:
    """The share of candidates that a rejection rule let pass, if the rows were drawn with one."""
    return {} if rows is None or rows.acceptance is None else {"acceptance_rate": rows.acceptance}


def put(attempt: Attempt, records: pd.DataFrame) -> None:
    """Add the records to an attempt."""
    sink = io.BytesIO()
    records.to_parquet(sink, index=False)
    attempt.put(RECORDS, sink.getvalue())


class Recording:
    """The records of a long unit, written as they come: of 20,000 generations of 100 seeds they are 200 MB in memory.

    They are in the order of generations and in groups, so that who wants a few of them decodes little more.
    """

    def __init__(self) -> None:
        self._sink = io.BytesIO()
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[tuple[Generation, Mapping[str, float]]] = []
        self._seeds: tuple[int, ...] = ()

    def add(
        self, generation: Generation, seconds: Mapping[str, float], seeds: tuple[int, ...], running: np.ndarray
    ) -> None:
        """Record a generation.

        Args:
            generation: its rows are not held.
            seconds: by phase.
            seeds: of its arrays.
            running: which of them are recorded, bool.
        """
        told: dict[str, Any] = {"rows": None, "extended": ()}
        if not running.all():
            seeds = tuple(seed for seed, runs in zip(seeds, running, strict=True) if runs)
            told |= {name: getattr(generation, name)[running] for name in ("rows_real", "rows_synthetic", "diverged")}
        if seeds != self._seeds or len(self._waiting) * len(seeds) >= GROUP:
            self._flush()
            self._seeds = seeds
        self._waiting.append((replace(generation, **told), seconds))

    def put(self, attempt: Attempt) -> None:
        """Add what was recorded, at least one generation, to an attempt."""
        self._flush()
        assert self._writer is not None, "a unit runs at least generation 0"
        self._writer.close()
        attempt.put(RECORDS, self._sink.getvalue())

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_pandas(frame(self._waiting, self._seeds), preserve_index=False)
            self._writer = self._writer or pq.ParquetWriter(self._sink, table.schema)
            self._writer.write_table(table)
            self._waiting = []


def get(manifest: Manifest) -> pd.DataFrame:
    """The records of a published span, checked."""
    return pd.read_parquet(io.BytesIO(manifest.get(RECORDS)))


def sources_of(recipe: Recipe) -> dict[str, Any]:
    """What a manifest says of a training set: its sources with their counts, and the subsample drawn from them."""
    takes = [
        {"source": take.source.kind, "generation": take.source.generation, "rows": take.count}
        | ({} if take.among is None else {"among": take.among})
        for take in recipe.takes
    ]
    return {"sources": takes, "subsample": recipe.subsample}


def ended(generations: Mapping[int, int]) -> dict[str, dict[str, int]]:
    """What a manifest says of seeds that ``loop.until`` ended: at which generation."""
    return {"ended": {str(seed): t for seed, t in generations.items()}}


def ended_at(manifest: Manifest) -> dict[int, int]:
    """What ``ended`` wrote: seed -> generation; none without ``loop.until``."""
    return {int(seed): int(t) for seed, t in manifest.record.get("ended", {}).items()}


def diverged(seeds: tuple[int, ...], which: np.ndarray) -> dict[str, Any]:
    """What a manifest says of seeds that diverged, so that they stay so when its model is loaded."""
    return {"diverged": [seed for seed, gone in zip(seeds, which.tolist(), strict=True) if gone]}


def diverged_seeds(manifest: Manifest) -> list[int]:
    """What ``diverged`` wrote."""
    return list(manifest.record.get("diverged", ()))


def told(source: Source, blocks: Sequence[Block], attempt: Attempt) -> list[dict[str, Any]]:
    """What a manifest says of rows: where they lie, if in the store, and the digest by which others are checked.

    Rows that a rank wrote into the attempt by itself are added to the attempt's files.
    """
    entries: list[dict[str, Any]] = []
    for block in blocks:
        entry: dict[str, Any] = {
            "generation": source.generation,
            "first": block.first,
            "rows": block.rows,
            "sha256": block.sha256,
        }
        if isinstance(block, StoredBlock):
            entry["file"] = block.name.removeprefix(f"{attempt.prefix}/")
            attempt.files[entry["file"]] = Stored(block.file_bytes, block.file_sha256)
        entries.append(entry)
    return entries


def stored_rows(manifest: Manifest, generation: int) -> Rows | None:
    """The rows of a generation that a span holds, or None if they were not kept in the store."""
    entries = [entry for entry in manifest.record.get("rows", ()) if entry["generation"] == generation]
    if not entries or not all("file" in entry and manifest.holds(entry["file"]) for entry in entries):
        return None
    return Rows(synthetic(generation), tuple(stored_block(manifest, entry) for entry in entries))


def stored_block(manifest: Manifest, entry: Mapping[str, Any]) -> StoredBlock:
    """The block in the store that an entry of ``told`` speaks of."""
    stored = manifest.files[entry["file"]]
    name = f"{manifest.prefix}/{entry['file']}"
    return StoredBlock(
        manifest.objects, name, entry["first"], entry["rows"], entry["sha256"], stored.sha256, stored.bytes
    )
