"""What families draw from when they sample: endless sequences by blocks, a stream for each block of each seed."""

from collections.abc import Iterator

import numpy as np

from raysc.rng import Streams

PIECE = 2**18
"""Numbers that are worked on at once where many passes are made over them: 2 MiB, what a core's cache holds."""


def pieces(seeds: int, each: int) -> Iterator[slice]:
    """The seed axis in slices of about ``PIECE`` numbers, ``each`` of them a seed's; one seed at least."""
    step = max(1, PIECE // max(1, each))
    for start in range(0, seeds, step):
        yield slice(start, min(start + step, seeds))


def normals(first: int, count: int, block: int, dim: int, streams: Streams) -> np.ndarray:
    """Rows ``first`` to ``first + count`` of endless standard normals, float64 (seeds, count, dim)."""
    starts = _starts(first, count, block)
    drawn = [
        streams.many_normal((_length(start, first + count, block), dim), "sample", start // block) for start in starts
    ]
    return _cut(drawn, first - starts.start)


def uniforms(first: int, count: int, block: int, streams: Streams, purpose: str) -> np.ndarray:
    """Numbers ``first`` to ``first + count`` of endless uniforms in [0, 1), float64 (seeds, count)."""
    starts = _starts(first, count, block)
    drawn = [
        streams.uniform((_length(start, first + count, block),), "sample", start // block, purpose) for start in starts
    ]
    return _cut(drawn, first - starts.start)


def _starts(first: int, count: int, block: int) -> range:
    return range(first - first % block, first + count, block)


def _length(start: int, end: int, block: int) -> int:
    return min(block, end - start)


def _cut(drawn: list[np.ndarray], before: int) -> np.ndarray:
    together = drawn[0] if len(drawn) == 1 else np.concatenate(drawn, axis=1)
    return together[:, before:]
