"""What is recorded of a generation beside its metrics, and how a span's rows are found again."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from raysc.loop import Generation
from raysc.pool.rows import Block, Rows
from raysc.regimes.recipe import Recipe, Source, synthetic
from raysc.store.publishing import Attempt, Manifest, Stored
from raysc.store.rows import StoredBlock

RECORDS = "records.parquet"


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


def get(manifest: Manifest) -> pd.DataFrame:
    """The records of a published span, checked."""
    return pd.read_parquet(io.BytesIO(manifest.get(RECORDS)))


def sources_of(recipe: Recipe) -> dict[str, Any]:
    """What a manifest says of a training set: its sources with their counts, and the subsample drawn from them."""
    takes = [{"source": t.source.kind, "generation": t.source.generation, "rows": t.count} for t in recipe.takes]
    return {"sources": takes, "subsample": recipe.subsample}


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
