"""The rows of one generation: from the store, or made again where they were not kept."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from raysc.execution.closed_form import rows_again
from raysc.execution.records import ended_at, stored_rows
from raysc.models.family import TRAINING_STATE, Trained
from raysc.planning.resolved import Line
from raysc.pool.rows import Rows
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.retention import MODEL
from raysc.store.spans import END, PLAIN, Span, chain, counted, published


def sampled_rows(line: Line, seed: int, t: int, objects: Objects, count: int | None = None) -> np.ndarray | None:
    """The first rows of S_t; cells that share a seed drew them from the same latents.

    Args:
        line: the cell.
        seed: the replicate.
        t: the generation.
        objects: the store.
        count: how many, at most those that every generation samples; None: all of these.

    Returns:
        (count, *event) as trained on, or None if the generation is not published or its model diverged.

    Raises:
        Damaged: a published file is gone or was changed.
    """
    count = line.rules.sample_rows if count is None else min(count, line.rules.sample_rows)
    if not line.family.trained:
        return _closed_form(line, seed, t, objects, count)
    zero = line.keys.zero
    assert zero is not None, "generation 0 of a trained family is shared"
    address, untils = (zero.rows, PLAIN) if t == 0 else (line.keys.lineage, line.untils)
    span = _span(objects, address, seed, t, min(t, 1), untils)
    if span is None or span.last >= END:
        return None
    manifest = span.manifest(objects)
    if seed in manifest.record.get("diverged", ()):
        return None
    kept, number = stored_rows(manifest, t), span.seeds.index(seed)
    rows = _drawn_again(line, span.seeds, t, manifest, count) if kept is None else _first(kept, count)
    own: np.ndarray = rows[number]
    return own


def _span(objects: Objects, lineage: str, seed: int, t: int, start: int, untils: frozenset[str]) -> Span | None:
    """The published span that holds a generation of a seed; of several the one that reaches furthest."""
    packs = published(objects, lineage).get(lineage, {})
    spans = [span for seeds, own in packs.items() if seed in seeds for span in chain(counted(own, untils), start)]
    return max((span for span in spans if span.first <= t <= span.last), key=lambda span: span.last, default=None)


def _first(rows: Rows, count: int) -> np.ndarray:
    """The first rows of a pack, reading no more blocks than they take."""
    blocks, found = [], 0
    for block in rows.blocks:
        if found < count:
            blocks.append(block)
            found += block.rows
    first: np.ndarray = Rows(rows.source, tuple(blocks)).load()[:, :count]
    return first


def _drawn_again(line: Line, seeds: tuple[int, ...], t: int, manifest: Manifest, count: int) -> np.ndarray:
    family = cast(Trained, line.family)
    with tempfile.TemporaryDirectory() as folder:
        state = family.load(manifest.get_folder(MODEL, Path(folder), optional=TRAINING_STATE))
    rows: np.ndarray = family.sample(state, 0, count, line.rules.sample(t), Streams(seeds, t))
    return rows


def _closed_form(line: Line, seed: int, t: int, objects: Objects, count: int) -> np.ndarray | None:
    span = _span(objects, line.keys.lineage, seed, t, 0, line.untils)
    if span is None or span.last >= END:
        return None
    if span.until and t > ended_at(span.manifest(objects)).get(seed, t):
        return None
    rows = rows_again(line, seed, t)
    return None if rows is None else rows[:count]


def model_span(line: Line, seed: int, t: int, objects: Objects) -> Span | None:
    """The published span that holds G_t of a seed; None if there is none, or it ended before."""
    zero = line.keys.zero
    if zero is None:
        span = _span(objects, line.keys.lineage, seed, t, 0, line.untils)
    else:
        address, untils = (zero.model, PLAIN) if t == 0 else (line.keys.lineage, line.untils)
        span = _span(objects, address, seed, t, min(t, 1), untils)
    return None if span is None or (zero is not None and span.last >= END) else span


def where_from(line: Line, seed: int, t: int) -> dict[str, object]:
    """What is told of exported rows: cell, its axes (mappings and lists as text), seed, generation, source, lineage."""
    axes = {name: str(v) if isinstance(v, Mapping | list | tuple) else v for name, v in line.cell.axes.items()}
    zero = line.keys.zero
    lineage = zero.rows if t == 0 and zero is not None else line.keys.lineage
    return {"cell": line.number, **axes, "seed": seed, "generation": t, "source": "synthetic", "lineage": lineage}
