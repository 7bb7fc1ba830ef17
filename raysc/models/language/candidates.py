"""Candidate texts of the rows of a sample: the queue between the rejection rule and an engine that generates texts."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from raysc.models.language.rejection import check_rate, judge
from raysc.pool.tokens import PAD, Tokenizer
from raysc.progress import report
from raysc.rng import Streams
from raysc.settings import Sample

BLOCK = 64
"""Rows per block. The rows of a block share a stream for each attempt."""
CACHED_BLOCKS = 32
"""Blocks of uniforms in memory; candidates of one block are taken one after another."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One text to generate.

    Attributes:
        row: index of its row within the sample.
        attempt: number of the candidate of its row, from 0.
        prompt: its first tokens, int (prompt length,).
        uniforms: in [0, 1), float64 (length,): number j draws the text's token j.
    """

    row: int
    attempt: int
    prompt: np.ndarray
    uniforms: np.ndarray


class Candidates:
    """The candidates of rows ``first`` to ``first + count``: an engine takes them, generates and returns their texts.

    A row is the first accepted candidate of an endless sequence. The tokens of candidate a of row i are drawn with the
    (i mod BLOCK)-th uniforms of stream ("sample", i // BLOCK, a). So a row depends neither on which rows are sampled
    nor on the order of generation.

    Attributes:
        rows: the accepted texts, int32 (count, length); complete once ``finished`` is true.
        total: number of candidates up to the accepted one, summed over rows.
        tokenizer: of the rows.
        length: tokens of a row.
    """

    def __init__(
        self, tokenizer: Tokenizer, length: int, first: int, count: int, prompts: np.ndarray | None, sample: Sample,
        streams: Streams,
    ) -> None:  # fmt: skip
        """Queue the rows.

        Args:
            tokenizer: of the rows.
            length: tokens of a row.
            first: >= 0.
            count: >= 1.
            prompts: row i begins with prompt i mod n, int (n, tokens), padded with ``PAD``; None: no prompts.
            sample: ``accept`` and ``template`` are read.
            streams: of one seed.
        """
        self.tokenizer, self.length = tokenizer, length
        self.rows = np.empty((count, length), np.int32)
        self.total = 0
        self._first, self._prompts, self._sample, self._streams = first, prompts, sample, streams
        self._block_uniforms = lru_cache(CACHED_BLOCKS)(self._draw_block)
        self._started, self._accepted = 0, 0
        self._rejected: deque[int] = deque()
        self._open: deque[int] = deque()
        self._attempts = [_Attempts() for _ in range(count)]
        report("sampling", "rows", 0, count)

    @property
    def finished(self) -> bool:
        """True once every row has an accepted text."""
        return self._accepted == len(self.rows)

    def take(self, count: int) -> list[Candidate]:
        """Return the next candidates to generate, at most ``count``.

        Rejected rows come first, then new ones. When both have run out and there is a rejection rule, rows whose
        candidates are not complete yet get further ones: an engine takes as long with few texts as with many.
        """
        rows = (self._next_row() for _ in range(count))
        return [self._new_candidate(row) for row in rows if row is not None]

    def put(self, candidates: Sequence[Candidate], texts: np.ndarray) -> None:
        """Judge complete texts, int32 (candidates, length).

        Raises:
            RayscError: the acceptance rate is below the floor of ``sample.accept``.
        """
        texts, accepted = judge(self.tokenizer, texts, self._sample)
        for candidate, text, good in zip(candidates, texts, accepted, strict=True):
            self._judge(candidate, text if good else None)
        report("sampling", "rows", self._accepted, len(self.rows))
        if self._sample.accept is not None and not self.finished:
            check_rate(self._accepted, self.total, self._sample.accept, self.tokenizer.decode(texts[-1:])[0])

    def _next_row(self) -> int | None:
        if self._rejected:
            return self._rejected.popleft()
        if self._started < len(self.rows):
            self._started += 1
            self._open.append(self._started - 1)
            return self._started - 1
        if self._sample.accept is None:
            return None
        while self._open and self._attempts[self._open[0]].accepted:
            self._open.popleft()
        self._open.rotate(-1)
        return self._open[-1] if self._open else None

    def _new_candidate(self, row: int) -> Candidate:
        number, attempt = self._first + row, self._attempts[row].taken
        self._attempts[row].taken += 1
        prompt = np.empty(0, np.int32) if self._prompts is None else self._prompts[number % len(self._prompts)]
        uniforms = self._block_uniforms(number // BLOCK, attempt)[number % BLOCK]
        return Candidate(row, attempt, prompt[prompt != PAD], uniforms)

    def _draw_block(self, block: int, attempt: int) -> np.ndarray:
        """Draw the uniforms of one candidate of each row of a block, float64 (BLOCK, length)."""
        (generator,) = self._streams.generators("sample", block, attempt)
        uniforms: np.ndarray = generator.random((BLOCK, self.length))
        return uniforms

    def _judge(self, candidate: Candidate, text: np.ndarray | None) -> None:
        """Record an accepted text, or None for a rejected one; candidates after an accepted one do not count."""
        attempts = self._attempts[candidate.row]
        attempts.texts[candidate.attempt] = text
        while not attempts.accepted and attempts.judged in attempts.texts:
            text = attempts.texts.pop(attempts.judged)
            attempts.judged += 1
            self.total += 1
            if text is not None:
                attempts.accepted = True
                self.rows[candidate.row] = text
                self._accepted += 1
        if not attempts.accepted and attempts.judged == attempts.taken:
            self._rejected.append(candidate.row)


@dataclass
class _Attempts:
    """The candidates of one row.

    Attributes:
        taken: number of candidates that engines took.
        judged: number of candidates that were judged, without a gap.
        texts: texts after a gap by attempt; None for a rejected one.
        accepted: a candidate was accepted, and so were none before it.
    """

    taken: int = 0
    judged: int = 0
    texts: dict[int, np.ndarray | None] = field(default_factory=dict)
    accepted: bool = False
