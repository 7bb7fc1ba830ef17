"""Random streams with addresses.

Every draw of a sweep comes from a stream with the address (seed, generation, role, index...). A stream depends on its
address only. It does not depend on the cell, so that cells with equal seeds share it (common random numbers); on
packing, ranks or device; or on earlier draws, so that a resumed run draws the same numbers as an uninterrupted one.
The global generators of NumPy and torch are never used.

A replicate with four seeds (``raysc.seeds``) has in each address the seed of the draw's purpose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np

from raysc.seeds import MODEL_STRIDE, model_of, split

Role = Literal["data", "init", "train", "sample", "subsample", "choose", "transform", "weigh", "read"]

SELECTIONS: tuple[Role, ...] = ("subsample", "choose", "transform", "weigh", "read")
"""Roles of the draws that make a training set of rows that exist."""
REAL_KINDS = ("real",), ("fresh",)
"""First index of the streams that select real rows: the kind of their source."""


def stream(seed: int, generation: int, role: Role, *index: int | str) -> np.random.Generator:
    """Return the generator of one address: Philox, keyed by 128 bits of a hash of the address.

    Args:
        seed: the replicate, any integer; below 0 it stands for four seeds, of which the draw's purpose has one.
        generation: t >= 0.
        role: purpose of the draw.
        *index: distinguishes the draws of one role: a training step, a sampling block, a name.

    Returns:
        A generator in the same state on every machine.
    """
    return np.random.Generator(np.random.Philox(key=_words(2, seed, generation, role, *index)))


def model_seeds(seeds: tuple[int, ...], model: int) -> tuple[int, ...]:
    """Return the seeds in the addresses of one of several models; model 0 has those of a loop by itself.

    So cells with equal seeds share the draws of the models of equal number, however many they have.

    Args:
        seeds: the replicates.
        model: number of the model, from 0.

    Returns:
        Whole numbers of 63 bits for the models from 1 on.
    """
    if model == 0:
        return seeds
    return tuple(_model_seed(seed, model) if seed >= 0 else seed - model * MODEL_STRIDE for seed in seeds)


def _model_seed(seed: int, model: int) -> int:
    text = repr((seed, "model", model)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 1


def purpose_seed(seed: int, generation: int, role: Role, *index: int | str) -> int:
    """Return the seed in a draw's address, of the four seeds that a number below 0 stands for.

    Generation 0 is drawn by the initial seed: its weights, its training, S_0 and what is selected from S_0. The index
    of the roles that select rows begins with the kind of their source: real rows are selected by the data seed.
    """
    if seed >= 0:
        return seed
    seeds, model = split(seed), model_of(seed)
    if role == "data" or (role in SELECTIONS and index[:1] in REAL_KINDS):
        drawn_by = seeds.data
    elif role == "init" or generation == 0:
        drawn_by = seeds.initial
    else:
        drawn_by = seeds.train if role == "train" else seeds.sample
    return drawn_by if model == 0 else _model_seed(drawn_by, model)


def _words(count: int, seed: int, generation: int, role: Role, *index: int | str) -> np.ndarray:
    """Return a hash of an address, uint64 (count,)."""
    address = repr((purpose_seed(seed, generation, role, *index), generation, role, *index)).encode()
    return np.frombuffer(blake2b(address, digest_size=8 * count).digest(), "<u8").astype(np.uint64)


@dataclass(frozen=True)
class Streams:
    """The streams of a pack of seeds at one generation, an argument of fit and sample.

    Attributes:
        seeds: the replicates, in the order of the leading axis of every array.
        generation: t, the generation to be fitted or sampled.
    """

    seeds: tuple[int, ...]
    generation: int

    def generators(self, role: Role, *index: int | str) -> list[np.random.Generator]:
        """Return one generator per seed, in the order of the seed axis."""
        return [stream(seed, self.generation, role, *index) for seed in self.seeds]

    def iter_generators(self, role: Role, *index: int | str) -> Iterator[np.random.Generator]:
        """Yield one generator per seed; each is valid until the next one is yielded.

        One generator object is set to one state after another. That takes a fifth of the time of ``generators``, which
        matters if each seed draws few numbers.
        """
        philox = np.random.Philox(key=0)
        generator, state = np.random.Generator(philox), philox.state
        for seed in self.seeds:
            state["state"]["key"] = _words(2, seed, self.generation, role, *index)
            philox.state = state
            yield generator

    def fast_normal(self, shape: Sequence[int], role: Role, *index: int | str) -> np.ndarray:
        """Draw standard normals, float64 (seeds, *shape), by SFC64, in two thirds of the time of ``normal``.

        Closed-form families spend most of their time on draws. The state is 192 bits of the hash of the address, which
        need no warm-up.
        """
        out = np.empty((len(self.seeds), *shape))
        source = np.random.SFC64(0)
        generator, state = np.random.Generator(source), source.state
        for seed, row in zip(self.seeds, out, strict=True):
            state["state"]["state"] = np.append(_words(3, seed, self.generation, role, *index), np.uint64(1))
            source.state = state
            generator.standard_normal(out=row)
        return out

    def normal(self, shape: Sequence[int], role: Role, *index: int | str) -> np.ndarray:
        """Draw standard normals, float64 (seeds, *shape), each seed's slice from its own stream."""
        out = np.empty((len(self.seeds), *shape))
        for row, generator in zip(out, self.iter_generators(role, *index), strict=True):
            generator.standard_normal(out=row)
        return out

    def uniform(self, shape: Sequence[int], role: Role, *index: int | str) -> np.ndarray:
        """Draw uniform numbers in [0, 1), float64 (seeds, *shape), each seed's slice from its own stream."""
        out = np.empty((len(self.seeds), *shape))
        for row, generator in zip(out, self.iter_generators(role, *index), strict=True):
            generator.random(out=row)
        return out

    def select_seeds(self, seeds: slice) -> "Streams":
        """Return the streams of some of the seeds."""
        return Streams(self.seeds[seeds], self.generation)
