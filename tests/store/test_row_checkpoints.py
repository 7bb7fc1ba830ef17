"""Sampling that was stopped draws only the rows that are missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysc.datasets.text.stories import Stories
from raysc.execution.ranks import TrainedRank
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.language.causal_lm import CausalLm
from raysc.pool.block_store import MemoryBlockStore
from raysc.rng import Streams
from raysc.settings import Accept, Sample
from raysc.store import row_checkpoints
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.row_checkpoints import CheckpointedBlockStore, PiecewiseDrawing


class Stopped(Exception):
    """Stands for the end of a preempted process."""


def text_rank() -> TrainedRank:
    data = Stories(rows=8, length=12)
    return new_rank(CausalLm(width=8, depth=1, heads=2).for_data(data), (0,), data.event)


def new_rank(family: TrainedFamily, seeds: tuple[int, ...], event: tuple[int, ...]) -> TrainedRank:
    """Return a rank that holds an untrained model."""
    rank = TrainedRank(family, seeds, event)
    rank._state = family.initial(event, Streams(seeds, 0))
    return rank


RANKS = {
    "images": lambda: new_rank(FlowMatching(), (0,), (1, 8, 8)),
    "points": lambda: new_rank(FlowMatching(), (0, 1), (2,)),
    "text": text_rank,
}
SAMPLES = {"images": Sample(steps=1), "points": Sample(steps=1), "text": Sample(accept=Accept(starts=" "))}


@pytest.mark.parametrize("kind", ["images", "points", pytest.param("text", marks=pytest.mark.slow)])
def test_only_missing_rows_are_drawn_after_a_stop(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rank, sample, (count, first) = RANKS[kind](), SAMPLES[kind], (160, 64) if kind == "text" else (600, 256)
    monkeypatch.setattr(row_checkpoints, "FIRST_ROWS", first)
    (whole,) = rank.sample(1, 0, count, sample, MemoryBlockStore())
    block_store = CheckpointedBlockStore(MemoryBlockStore(), Objects.open(str(tmp_path)), "key", rank.seeds, 1e-9)
    draw, drawn = PiecewiseDrawing._draw_piece, list[tuple[int, int]]()

    def recorded(self: PiecewiseDrawing, *arguments: Any) -> Any:
        if len(drawn) == 2:
            raise Stopped
        piece = draw(self, *arguments)
        drawn.append((piece.first, piece.stop))
        return piece

    rank._drawing = PiecewiseDrawing(rank.family.block)  # of a new process
    monkeypatch.setattr(PiecewiseDrawing, "_draw_piece", recorded)
    with pytest.raises(Stopped):
        rank.sample(1, 0, count, sample, block_store)
    assert drawn == [(0, first), (first, 2 * first)]
    drawn.clear()
    rank._drawing = PiecewiseDrawing(rank.family.block)
    (block,) = rank.sample(1, 0, count, sample, block_store)
    assert drawn == [(2 * first, count)], "the rest"
    np.testing.assert_array_equal(block.load(), whole.load())
    assert block.acceptance == whole.acceptance


def test_saved_rows_of_another_model_are_not_used(tmp_path: Path) -> None:
    rank = RANKS["points"]()
    block_store = CheckpointedBlockStore(MemoryBlockStore(), Objects.open(str(tmp_path)), "key", rank.seeds, 1e-9)
    rank.sample(1, 0, 600, Sample(steps=1), block_store)
    assert len(block_store.pieces(1)) > 1
    rank._state = rank.family.initial((2,), Streams((0, 1), 1))
    (block,) = rank.sample(1, 0, 600, Sample(steps=1), block_store)
    (whole,) = rank.sample(1, 0, 600, Sample(steps=1), MemoryBlockStore())
    np.testing.assert_array_equal(block.load(), whole.load())


def test_a_damaged_piece_is_replaced(tmp_path: Path) -> None:
    rank = RANKS["points"]()
    block_store = CheckpointedBlockStore(MemoryBlockStore(), Objects.open(str(tmp_path)), "key", rank.seeds, 1e-9)
    (whole,) = rank.sample(1, 0, 600, Sample(steps=1), block_store)
    (name, *_) = block_store.pieces(1)
    (tmp_path / name).write_text("{")
    (block,) = rank.sample(1, 0, 600, Sample(steps=1), block_store)
    np.testing.assert_array_equal(block.load(), whole.load())
    Manifest.read(block_store.objects, name)
