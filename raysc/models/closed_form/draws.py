"""Random numbers for sampling: endless sequences in blocks, with one random stream for each block of each seed."""

import numpy as np

from raysc.rng import Streams


def normals(first: int, count: int, block: int, dim: int, streams: Streams) -> np.ndarray:
    """Draw rows ``first`` to ``first + count`` of endless standard normals, float64 (seeds, count, dim)."""
    starts = _block_starts(first, count, block)
    blocks = [
        streams.fast_normal((_block_length(start, first + count, block), dim), "sample", start // block)
        for start in starts
    ]
    return _concatenate(blocks, first - starts.start)


def uniforms(first: int, count: int, block: int, streams: Streams, purpose: str) -> np.ndarray:
    """Draw numbers ``first`` to ``first + count`` of endless uniforms in [0, 1), float64 (seeds, count)."""
    starts = _block_starts(first, count, block)
    blocks = [
        streams.uniform((_block_length(start, first + count, block),), "sample", start // block, purpose)
        for start in starts
    ]
    return _concatenate(blocks, first - starts.start)


def _block_starts(first: int, count: int, block: int) -> range:
    """Return the first rows of the blocks that contain rows ``first`` to ``first + count``."""
    return range(first - first % block, first + count, block)


def _block_length(start: int, end: int, block: int) -> int:
    """Return the number of rows to draw of a block: the last block ends at ``end``."""
    return min(block, end - start)


def _concatenate(blocks: list[np.ndarray], skip: int) -> np.ndarray:
    """Concatenate blocks along the rows, without the first ``skip`` rows."""
    rows = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
    return rows[:, skip:]
