"""Seeds: one for all draws of a replicate, or one for each of four purposes.

A seed is an integer. From 0 on it is plain, and every random stream of the replicate has it in its address. Below 0 it
stands for four seeds, one for each purpose (``PurposeSeeds``), so that stores, tables and arrays hold either kind as
a number:

    seed = -(data 10^12 + initial 10^8 + train 10^4 + sample)

Four equal seeds are the plain seed of that number: they have the same draws, and the same address in a store.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal, NamedTuple, get_args

Purpose = Literal["data", "initial", "train", "sample"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

MAX_PURPOSE_SEED = 8999
"""Largest seed of one purpose: every number of four fits in a float64 and in JavaScript's integers, below 2^53."""
_BASE = 10**4
MODEL_STRIDE = _BASE**4
"""Distance between the numbers of four seeds of one model and of the next; see ``raysc.rng.model_seeds``."""

_RANGE = r"(\d{1,4})(?:-(\d{1,4}))?"
_BLOCK = re.compile(rf"d{_RANGE}i{_RANGE}t{_RANGE}s{_RANGE}")

Block = tuple[tuple[int, int], ...]
"""First and last seed of each purpose, of the product of four ranges."""


class PurposeSeeds(NamedTuple):
    """The seeds of one replicate by purpose.

    Attributes:
        data: draw of the real rows, and of those that a training set takes.
        initial: generation 0: its weights, its training, its samples S_0, and those of them that a training set takes.
        train: batches and noise of the retrainings.
        sample: samples S_t for t >= 1, and those of them that a training set takes.
    """

    data: int
    initial: int
    train: int
    sample: int


def join(purposes: PurposeSeeds) -> int:
    """Return the number of four seeds, each from 0 to ``MAX_PURPOSE_SEED``; four equal ones are a plain seed."""
    if len(set(purposes)) == 1:
        return purposes.data
    number = 0
    for seed in purposes:
        number = number * _BASE + seed
    return -number


def split(seed: int) -> PurposeSeeds:
    """Return the seeds of the four purposes of a seed; those of a plain seed are equal."""
    if seed >= 0:
        return PurposeSeeds(seed, seed, seed, seed)
    seeds, number = [], -seed % MODEL_STRIDE
    for _ in PURPOSES:
        number, part = divmod(number, _BASE)
        seeds.append(part)
    return PurposeSeeds(*reversed(seeds))


def model_of(seed: int) -> int:
    """Return the number of the coupled model in a number of four seeds; 0 for a loop by itself."""
    return -seed // MODEL_STRIDE


def are_crossed(seeds: Iterable[int]) -> bool:
    """Return True if some seed has a seed of its own for each purpose."""
    return any(seed < 0 for seed in seeds)


def varied_purposes(seeds: Sequence[int]) -> tuple[Purpose, ...]:
    """Return the purposes that have several seeds, in order; none for plain seeds."""
    if not are_crossed(seeds):
        return ()
    columns = zip(*map(split, seeds), strict=True)
    return tuple(purpose for purpose, column in zip(PURPOSES, columns, strict=True) if len(set(column)) > 1)


def share_seeds(seeds: Sequence[int]) -> bool:
    """Return True if replicates share seeds of some purpose, so that they are not independent."""
    return len(varied_purposes(seeds)) > 1


def generation_zero_seed(seed: int) -> int:
    """Return the seed that generation 0 has in a store: replicates with equal data and initial seeds share it."""
    data, initial, _, _ = split(seed)
    return seed if seed >= 0 else join(PurposeSeeds(data, initial, initial, initial))


def generation_zero_pack(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return the seeds that generation 0 of a pack has in a store, in order."""
    return tuple(map(generation_zero_seed, seeds))


def seed_text(seed: int) -> str:
    """Return a seed as text: "7", or "d7i0t3s1" for the data, initial, train and sample seeds 7, 0, 3 and 1."""
    return str(seed) if seed >= 0 else "d{}i{}t{}s{}".format(*split(seed))


def seeds_text(seeds: Iterable[int]) -> str:
    """Return seeds as text, with commas between them."""
    return ", ".join(map(seed_text, seeds))


def read_seed(text: str) -> int:
    """Return the seed of a text of ``seed_text``, or of the number itself.

    Raises:
        ValueError: it is no such text.
    """
    if _BLOCK.fullmatch(text) and "-" not in text:
        return block_seeds(text)[0]
    return int(text)


def block_name(seeds: Sequence[int]) -> str:
    """Return a short name for numbers of four seeds: "d0-7i0t0-3s0" is d0i0t0s0, d0i0t1s0, ..., d7i0t3s0.

    The last purpose changes fastest. Blocks that cannot be joined have a "+" between them.
    """
    blocks: list[Block] = [tuple((part, part) for part in split(seed)) for seed in seeds]
    for axis in reversed(range(len(PURPOSES))):
        joined: list[Block] = []
        for block in blocks:
            previous = joined[-1] if joined else None
            if previous is not None and _is_next(previous, block, axis):
                joined[-1] = (*previous[:axis], (previous[axis][0], block[axis][1]), *previous[axis + 1 :])
            else:
                joined.append(block)
        blocks = joined
    return "+".join(map(_block_text, blocks))


def _is_next(previous: Block, block: Block, axis: int) -> bool:
    """Return True if a block follows another one on an axis, and they are equal on the other axes."""
    rest = [index for index in range(len(PURPOSES)) if index != axis]
    return previous[axis][1] + 1 == block[axis][0] and all(previous[index] == block[index] for index in rest)


def _block_text(block: Block) -> str:
    ranges = (str(first) if first == last else f"{first}-{last}" for first, last in block)
    return "".join(f"{purpose[0]}{text}" for purpose, text in zip(PURPOSES, ranges, strict=True))


def block_ranges(name: str) -> tuple[range, ...] | None:
    """Return the seeds of each purpose in a block of ``block_name``; None if it is no such name."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        return None
    ends = match.groups()
    return tuple(range(int(first), int(last or first) + 1) for first, last in zip(ends[::2], ends[1::2], strict=True))


def block_seeds(name: str) -> tuple[int, ...]:
    """Return the seeds of a block of ``block_name``."""
    ranges = block_ranges(name)
    assert ranges is not None, f"{name} is no block of seeds"
    return tuple(join(PurposeSeeds(*purposes)) for purposes in product(*ranges))
