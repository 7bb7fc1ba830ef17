"""Records of generations beside their metrics, and manifest entries of rows, sources and ended seeds."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.loop import Fit, Generation
from raysc.pool.blocks import Block
from raysc.pool.rows import Rows
from raysc.regimes.recipe import Recipe, Source, synthetic
from raysc.seeds import generation_zero_pack
from raysc.store.parquet_rows import StoredBlock
from raysc.store.publishing import Attempt, FileEntry, Manifest

RECORDS = "records.parquet"
GROUP = 2**15
"""Records per row group; there is one record for each generation and seed."""


def frame(generations: Iterable[tuple[Generation, Mapping[str, float]]], seeds: tuple[int, ...]) -> pd.DataFrame:
    """Tabulate generations: one row per seed and generation.

    Args:
        generations: each with its seconds by phase, over the whole unit; a seed's share of them is recorded.
        seeds: the pack.
    """
    pack_size = len(seeds)
    columns = [
        {
            "seed": np.array(seeds),
            "generation": np.full(pack_size, generation.t),
            "rows_real": generation.rows_real,
            "rows_synthetic": generation.rows_synthetic,
            "optimiser_steps": np.full(pack_size, generation.steps),
            "diverged": generation.diverged,
            "loss": np.full(pack_size, generation.loss),
            **{name: np.full(pack_size, rate) for name, rate in acceptance(generation.rows).items()},
            **{name: np.broadcast_to(value, pack_size) for name, value in movement(generation, pack_size).items()},
            **{f"seconds_{phase}": np.full(pack_size, spent / pack_size) for phase, spent in seconds.items()},
        }
        for generation, seconds in generations
    ]
    return pd.DataFrame({name: np.concatenate([part[name] for part in columns]) for name in columns[0]})


def acceptance(rows: Rows | None) -> dict[str, float]:
    """Return the share of candidates that a rejection rule accepted; empty if the rows were drawn without one."""
    return {} if rows is None or rows.acceptance is None else {"acceptance_rate": rows.acceptance}


def movement(fit: Fit | Generation, seeds: int) -> dict[str, Any]:
    """Return weights_moved and skipped_steps of a fit; empty if all weights moved and no step was skipped.

    Returns:
        Lists, for a record or a manifest: ``weights_moved`` a bool for each seed, ``skipped_steps`` an int.
    """
    moved = np.broadcast_to(fit.weights_moved, seeds)
    if moved.all() and not fit.skipped_steps:
        return {}
    return {"weights_moved": moved.tolist(), "skipped_steps": fit.skipped_steps}


def fit_so_far(checkpoint: Manifest, seeds: tuple[int, ...]) -> Fit:
    """Read the fit that led to a checkpoint; its loss is the sum over its steps."""
    record = checkpoint.record
    return Fit(
        diverged_mask(checkpoint, seeds),
        np.asarray(record["losses"]),
        np.asarray(record.get("weights_moved", [True] * len(seeds))),
        record.get("skipped_steps", 0),
    )


def put(attempt: Attempt, records: pd.DataFrame) -> None:
    """Write records into an attempt."""
    sink = io.BytesIO()
    records.to_parquet(sink, index=False)
    attempt.put(RECORDS, sink.getvalue())


class Recording:
    """Records of a long unit, written as they come: 20,000 generations of 100 seeds would take 200 MB in memory.

    They are in the order of generations and in row groups, so that a reader of a few decodes little more.
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
            generation: the generation; its rows are not kept in memory.
            seconds: by phase.
            seeds: seeds of its arrays.
            running: bool (seeds,): the seeds that are recorded.
        """
        changes: dict[str, Any] = {"rows": None, "extended": ()}
        if not running.all():
            seeds = tuple(seed for seed, runs in zip(seeds, running, strict=True) if runs)
            changes |= {
                name: getattr(generation, name)[running] for name in ("rows_real", "rows_synthetic", "diverged")
            }
        if seeds != self._seeds or len(self._waiting) * len(seeds) >= GROUP:
            self._flush()
            self._seeds = seeds
        self._waiting.append((replace(generation, **changes), seconds))

    def put(self, attempt: Attempt) -> None:
        """Write the records, of at least one generation, into an attempt."""
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
    """Read the records of a published span; their checksum is verified."""
    return pd.read_parquet(io.BytesIO(manifest.get(RECORDS)))


def sources_of(recipe: Recipe) -> dict[str, Any]:
    """Describe a training set for a manifest: its sources with their counts, and the size of its subsample."""
    takes = [
        {"source": take.source.kind, "generation": take.source.generation, "rows": take.count}
        | ({} if take.among is None else {"among": take.among})
        | ({} if take.redraw is None else {"redraw": take.redraw})
        for take in recipe.takes
    ]
    return {"sources": takes, "subsample": recipe.subsample}


def ended(generations: Mapping[int, int]) -> dict[str, dict[str, int]]:
    """Describe, for a manifest, the generation at which ``loop.until`` ended each seed."""
    return {"ended": {str(seed): t for seed, t in generations.items()}}


def ended_at(manifest: Manifest) -> dict[int, int]:
    """Read the entry that ``ended`` wrote: seed -> generation; empty without ``loop.until``."""
    return {int(seed): int(t) for seed, t in manifest.record.get("ended", {}).items()}


def diverged(seeds: tuple[int, ...], mask: np.ndarray) -> dict[str, Any]:
    """Describe diverged seeds, bool (seeds,), for a manifest; they stay so when its model is loaded."""
    return {"diverged": [seed for seed, diverged in zip(seeds, mask.tolist(), strict=True) if diverged]}


def diverged_mask(manifest: Manifest, seeds: tuple[int, ...]) -> np.ndarray:
    """Read the entry that ``diverged`` wrote, bool (seeds,), for a pack; generation 0 may have other seeds."""
    diverged = manifest.record.get("diverged", ())
    return np.isin(seeds, diverged) | np.isin(generation_zero_pack(seeds), diverged)


def row_entries(source: Source, blocks: Sequence[Block], attempt: Attempt) -> list[dict[str, Any]]:
    """Describe rows for a manifest: their files, if they are in the store, and the digests that verify redrawn rows.

    Files that a rank wrote into the attempt are added to the attempt's files.
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
            attempt.files[entry["file"]] = FileEntry(block.file_bytes, block.file_sha256)
        entries.append(entry)
    return entries


def stored_rows(manifest: Manifest, generation: int) -> Rows | None:
    """Return the rows of a generation in a span; None if they are not all in the store."""
    entries = [entry for entry in manifest.record.get("rows", ()) if entry["generation"] == generation]
    if not entries or not all("file" in entry and manifest.has_file(entry["file"]) for entry in entries):
        return None
    return Rows(synthetic(generation), tuple(stored_block(manifest, entry) for entry in entries))


def stored_block(manifest: Manifest, entry: Mapping[str, Any]) -> StoredBlock:
    """Return the stored block that an entry of ``row_entries`` describes."""
    stored = manifest.files[entry["file"]]
    name = f"{manifest.prefix}/{entry['file']}"
    return StoredBlock(
        manifest.objects, name, entry["first"], entry["rows"], entry["sha256"], stored.sha256, stored.bytes
    )
