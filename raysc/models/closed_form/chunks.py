"""Chunks of the seed axis that fit a core's cache."""

from collections.abc import Iterator

CHUNK_VALUES = 2**18
"""Float64 values per chunk, 2 MiB: several passes over a chunk then read the cache and not memory."""


def seed_chunks(seeds: int, values_per_seed: int) -> Iterator[slice]:
    """Yield slices of the seed axis, each of about ``CHUNK_VALUES`` values and of at least one seed."""
    step = max(1, CHUNK_VALUES // max(1, values_per_seed))
    for start in range(0, seeds, step):
        yield slice(start, min(start + step, seeds))
