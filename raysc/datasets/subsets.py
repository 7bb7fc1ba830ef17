"""Finite data sets: a fixed random order for the split, each seed's subset of the training rows, a content digest."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from raysc.errors import InputError
from raysc.rng import stream


def fixed_order(name: str, count: int) -> np.ndarray:
    """Return one random permutation of ``count`` rows, int64 (count,), the same for every sweep.

    Args:
        name: index of the random stream: the name of the data set or of its kind.
        count: number of rows.
    """
    # Raw Philox words: NumPy guarantees their values across versions, unlike those of `permutation`.
    words = stream(0, 0, "data", name, "split").bit_generator.random_raw(count)
    return np.argsort(words, kind="stable")


def seed_subset(name: str, seed: int, count: int, rows: int) -> np.ndarray:
    """Return the positions of a seed's training rows, int64 (rows,); fewer rows are a prefix of more.

    Args:
        name: name of the data set.
        seed: the replicate.
        count: number of training rows of the data set.
        rows: number of training rows of the seed.
    """
    return stream(seed, 0, "data", name).permutation(count)[:rows]


def training_rows(name: str, available: np.ndarray, rows: int | None, seeds: Sequence[int]) -> np.ndarray:
    """Return the training rows of the seeds.

    Args:
        name: name of the data set.
        available: all training rows of the data set, (count, *event).
        rows: number of training rows per seed; None: all.
        seeds: the replicates.

    Returns:
        (1, count, *event), shared by all seeds, if ``rows`` is None; else (seeds, rows, *event), each seed's own
        subset.
    """
    if rows is None:
        return available[None]
    subsets = np.stack([seed_subset(name, seed, len(available), rows) for seed in seeds])
    training: np.ndarray = available[subsets]
    return training


def reserved_rows(
    name: str, available: np.ndarray, rows: int | None, seeds: Sequence[int], first: int, count: int
) -> np.ndarray:
    """Return rows of the seeds' reserves, which follow their training rows in each seed's order.

    Args:
        name: name of the data set.
        available: all training rows of the data set, (count, *event).
        rows: number of training rows per seed.
        seeds: the replicates.
        first: first row of the reserve.
        count: number of rows.
    """
    assert rows is not None, "a reserve needs rows"
    subsets = np.stack([seed_subset(name, seed, len(available), rows + first + count) for seed in seeds])
    reserved: np.ndarray = available[subsets[:, rows + first :]]
    return reserved


def check_rows(name: str, rows: int | None, available: int, reserve: int = 0) -> int:
    """Return the number of training rows per seed.

    Args:
        name: name of the data set.
        rows: the setting; None: all.
        available: number of training rows of the data set.
        reserve: number of rows that are set aside.

    Raises:
        InputError: ``rows`` is not within 1..``available``, or does not leave the reserve.
    """
    if rows is not None and not 1 <= rows <= available:
        raise InputError(f"{name} has {available} training rows: rows must be 1 to {available}, not {rows}")
    if reserve < 0:
        raise InputError(f"{name}: reserve must be at least 0, not {reserve}")
    if reserve and (rows is None or rows + reserve > available):
        raise InputError(
            f"{name} has {available} training rows: rows: {rows or 'all'} leaves no reserve of {reserve}; set rows to "
            f"at most {max(0, available - reserve)}"
        )
    return available if rows is None else rows


def content_digest(*arrays: np.ndarray) -> str:
    """Return a hash of dtypes, shapes and values, 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
