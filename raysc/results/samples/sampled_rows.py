"""Rows of one generation, from the store; rows that it does not keep are sampled again."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import cast

import numpy as np

from raysc.execution.ranks import guided_state, load_model
from raysc.execution.recompute import rows_again
from raysc.execution.records import ended_at, stored_rows
from raysc.machine.process_resources import one_thread
from raysc.models.family import TrainedFamily
from raysc.planning.resolved import ResolvedCell
from raysc.pool.rows import Rows
from raysc.rng import Streams
from raysc.seeds import generation_zero_pack, generation_zero_seed
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.retention import MODEL
from raysc.store.spans import END, NO_UNTIL, Span, chain, published_chain, published_spans, valid_spans

SMALL_MODEL = 16_000_000
"""Bytes of a stored model below which one thread samples it fastest."""


def sampled_rows(
    cell: ResolvedCell, seed: int, t: int, objects: Objects, count: int | None = None
) -> np.ndarray | None:
    """Return the first rows of S_t. Cells sample the rows of one seed from the same latents.

    Args:
        cell: the cell.
        seed: the seed.
        t: number of the generation.
        objects: the store.
        count: number of rows, at most the cell's ``sample.rows``; None: all of these.

    Returns:
        (count, *event) as trained on, or None if the generation is not published or its model diverged.

    Raises:
        DamagedObjectError: a published file is missing or was changed.
    """
    count = cell.rules.sample_rows if count is None else min(count, cell.rules.sample_rows)
    if not cell.family.trained:
        return _closed_form(cell, seed, t, objects, count)
    generation_zero = cell.keys.generation_zero
    assert generation_zero is not None, "generation 0 of a trained family has keys of its own"
    key, untils = (generation_zero.rows, NO_UNTIL) if t == 0 else (cell.keys.lineage, cell.untils)
    seed = seed if t else generation_zero_seed(seed)
    span = _find_span(objects, key, seed, t, min(t, 1), untils)
    if span is None or span.last >= END:
        return None
    manifest = span.read_manifest(objects)
    if seed in manifest.record.get("diverged", ()):
        return None
    stored = stored_rows(manifest, t)
    if stored is None:
        pack_rows = _sample_again(cell, span.seeds, t, manifest, count, objects)
    else:
        pack_rows = _load_first(stored, count)
    seed_rows: np.ndarray = pack_rows[span.seeds.index(seed)]
    return seed_rows


def _find_span(objects: Objects, lineage: str, seed: int, t: int, start: int, untils: frozenset[str]) -> Span | None:
    """Return the published span that holds a generation of a seed; of several, the one that reaches furthest."""
    packs = published_spans(objects, lineage).get(lineage, {})
    chains = [chain(valid_spans(pack, untils), start) for seeds, pack in packs.items() if seed in seeds]
    holding = [span for spans in chains for span in spans if span.first <= t <= span.last]
    return max(holding, key=lambda span: span.last, default=None)


def _load_first(rows: Rows, count: int) -> np.ndarray:
    """Return the first rows of a pack, (seeds, count, *event), and read only the blocks that hold them."""
    blocks, block_rows = [], 0
    for block in rows.blocks:
        if block_rows < count:
            blocks.append(block)
            block_rows += block.rows
    first: np.ndarray = Rows(rows.source, tuple(blocks)).load()[:, :count]
    return first


def _sample_again(
    cell: ResolvedCell, seeds: tuple[int, ...], t: int, manifest: Manifest, count: int, objects: Objects
) -> np.ndarray:
    """Sample the first rows of a pack from the stored model, (seeds, count, *event)."""
    family, sample, base = cast(TrainedFamily, cell.family), cell.rules.sample(t), None
    if sample.guide is not None:
        generation_zero = cell.keys.generation_zero
        assert generation_zero is not None, "generation 0 of a trained family has keys of its own"
        # A seed may have a generation 0 in other packs too. The loop began with that of its own pack.
        covered = published_chain(objects, generation_zero.model, generation_zero_pack(seeds), 0)
        assert covered, "generation 0 of a published generation is published"
        base = load_model(family, covered[0].read_manifest(objects))
    size = sum(entry.bytes for name, entry in manifest.files.items() if name.startswith(f"{MODEL}/"))
    with one_thread() if size < SMALL_MODEL else nullcontext():
        state = guided_state(family, base, load_model(family, manifest), sample)
        rows: np.ndarray = family.sample(state, 0, count, sample, Streams(cell.stream_seeds(seeds), t))
    return rows


def _closed_form(cell: ResolvedCell, seed: int, t: int, objects: Objects, count: int) -> np.ndarray | None:
    """Return the first rows of a closed-form generation; the loop is run again, since no rows are stored."""
    span = _find_span(objects, cell.keys.lineage, seed, t, 0, cell.untils)
    if span is None or span.last >= END:
        return None
    if span.until and t > ended_at(span.read_manifest(objects)).get(seed, t):
        return None
    rows = rows_again(cell, seed, t)
    return None if rows is None else rows[:count]


def model_span(cell: ResolvedCell, seed: int, t: int, objects: Objects) -> Span | None:
    """Return the published span that holds G_t of a seed; None if it is not published, or the pack ended before t."""
    generation_zero = cell.keys.generation_zero
    if generation_zero is None:
        span = _find_span(objects, cell.keys.lineage, seed, t, 0, cell.untils)
    else:
        key, untils = (generation_zero.model, NO_UNTIL) if t == 0 else (cell.keys.lineage, cell.untils)
        seed = seed if t else generation_zero_seed(seed)
        span = _find_span(objects, key, seed, t, min(t, 1), untils)
    return None if span is None or (generation_zero is not None and span.last >= END) else span


def provenance(cell: ResolvedCell, seed: int, t: int) -> dict[str, object]:
    """Return the metadata columns of exported rows: cell, axes (mappings and lists as text), seed, generation, ..."""
    axes = {
        name: str(value) if isinstance(value, Mapping | list | tuple) else value
        for name, value in cell.settings.axes.items()
    }
    generation_zero = cell.keys.generation_zero
    lineage = generation_zero.rows if t == 0 and generation_zero is not None else cell.keys.lineage
    return {"cell": cell.number, **axes, "seed": seed, "generation": t, "source": "synthetic", "lineage": lineage}
