"""Checkpoints of sampling: rows that were drawn are saved, so that a stopped unit draws only those that are missing."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.store import host
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, DamagedObjectError, Manifest
from raysc.store.spans import pack_name

FIRST_ROWS = 256
"""Rows of the first piece: it measures the duration of a row."""
ROWS = "rows.npy"

Draw = Callable[[int, int], tuple[np.ndarray, float | None]]
"""(first, count) -> rows (seeds, count, *event), and the share of accepted candidates; None without rejection."""


@dataclass(frozen=True)
class Piece:
    """Consecutive rows.

    Attributes:
        first: number of the first one.
        rows: (seeds, count, *event).
        candidates: texts that were drawn for them; None without a rejection rule.
    """

    first: int
    rows: np.ndarray
    candidates: int | None

    @property
    def stop(self) -> int:
        """Number of the row after the last one."""
        return self.first + int(self.rows.shape[1])


@dataclass(frozen=True)
class CheckpointedBlockStore:
    """A block store, with a place in the store for rows that are not complete yet; small and picklable.

    Pieces are published at partial/<address>/<seeds>/<generation>-rows-<first>, each by the rank that drew it.

    Attributes:
        block_store: stores the rows once they are complete.
        objects: the store.
        address: of the generation's rows.
        seeds: the unit's pack.
        every: seconds between two checkpoints.
    """

    block_store: BlockStore
    objects: Objects
    address: str
    seeds: tuple[int, ...]
    every: float

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Store complete rows; see ``BlockStore``."""
        return self.block_store.put(source, seeds, first, rows, texts)

    def pieces(self, generation: int) -> list[str]:
        """Return the names of a generation's pieces."""
        names = self.objects.names(self._folder)
        return sorted(name for name in names if re.fullmatch(rf"{generation}-rows-\d+", name.rsplit("/", 1)[1]))

    def load(self, generation: int, rows: range, fingerprint: Callable[[], str]) -> Iterator[Piece]:
        """Yield the saved pieces within some rows that the same model drew.

        The manifests of damaged ones are deleted, so that their names are free for the rows that are drawn instead.
        """
        for name in self.pieces(generation):
            try:
                manifest = Manifest.read(self.objects, name)
                first, count = manifest.record["first"], manifest.record["count"]
                if first < rows.start or first + count > rows.stop or manifest.record["fingerprint"] != fingerprint():
                    continue
                array = np.load(io.BytesIO(manifest.get(ROWS)), allow_pickle=False)
            except FileNotFoundError:
                continue  # another process deleted it
            except DamagedObjectError:
                self.objects.delete([name])  # raysc gc deletes its files
                continue
            yield Piece(first, array, manifest.record["candidates"])

    def save(self, generation: int, piece: Piece, fingerprint: str) -> None:
        """Publish a piece, unless another process was first."""
        attempt = Attempt.start(self.objects, f"{self._folder}/{generation}")
        buffer = io.BytesIO()
        np.save(buffer, piece.rows, allow_pickle=False)
        attempt.put(ROWS, buffer.getvalue())
        record = {"generation": generation, "first": piece.first, "count": piece.rows.shape[1]}
        record |= {"candidates": piece.candidates, "fingerprint": fingerprint}
        if not attempt.publish(f"{self._folder}/{generation}-rows-{piece.first}", record):
            attempt.discard()

    @property
    def _folder(self) -> str:
        return f"partial/{self.address}/{pack_name(self.seeds)}"


@dataclass
class PiecewiseDrawing:
    """Draws of a rank's rows, in pieces that take about as long as lies between two checkpoints.

    A piece has whole blocks of the family, so the rows are those of one piece.

    Attributes:
        block: rows of a sampling block.
    """

    block: int
    _seconds_per_row: float | None = field(default=None, init=False)

    def draw(
        self, draw: Draw, generation: int, rows: range, block_store: BlockStore, fingerprint: Callable[[], str]
    ) -> tuple[np.ndarray, float | None]:
        """Return rows (seeds, count, *event) and the share of accepted candidates, as ``draw`` does for all of them.

        Args:
            draw: draws rows.
            generation: of the model.
            rows: numbers of the rows.
            block_store: one with checkpoints, or a plain one: then all rows are drawn at once.
            fingerprint: returns a digest of the model; pieces of another model are not used.
        """
        if not isinstance(block_store, CheckpointedBlockStore):
            return draw(rows.start, len(rows))
        fingerprint = cache(fingerprint)
        checkpoints = {piece.first: piece for piece in block_store.load(generation, rows, fingerprint)}
        pieces, pending = list[Piece](), list[Piece]()
        start_time, row = host.current().monotonic(), rows.start
        while row < rows.stop:
            if row in checkpoints:
                pieces.append(checkpoints[row])
            else:
                end = min([first for first in checkpoints if first > row], default=rows.stop)
                pieces.append(self._draw_piece(draw, row, end, block_store.every))
                pending.append(pieces[-1])
            row = pieces[-1].stop
            due = row in checkpoints or host.current().monotonic() - start_time >= block_store.every
            if pending and due and row < rows.stop:
                block_store.save(generation, _join(pending), fingerprint())
                pending, start_time = [], host.current().monotonic()
        joined = _join(pieces)
        return joined.rows, None if joined.candidates is None else len(rows) / joined.candidates

    def _draw_piece(self, draw: Draw, first: int, end: int, every: float) -> Piece:
        """Draw the next piece, up to ``end`` at most."""
        count = int(every / self._seconds_per_row) if self._seconds_per_row else FIRST_ROWS
        stop = min(end, (first // self.block + max(1, count // self.block)) * self.block)
        start_time = host.current().monotonic()
        rows, acceptance = draw(first, stop - first)
        self._seconds_per_row = (host.current().monotonic() - start_time) / (stop - first)
        return Piece(first, rows, None if acceptance is None else round((stop - first) / acceptance))


def _join(pieces: list[Piece]) -> Piece:
    """Return consecutive pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    candidates = [piece.candidates for piece in pieces if piece.candidates is not None]
    rows = np.concatenate([piece.rows for piece in pieces], axis=1)
    return Piece(pieces[0].first, rows, sum(candidates) if candidates else None)
