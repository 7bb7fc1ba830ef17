"""Subsets: a few items out of many, evenly spaced, for figures without room for all."""

from collections.abc import Iterable, Sequence
from itertools import product
from math import prod
from typing import Any, TypeVar

T = TypeVar("T")


def distinct(items: Iterable[T]) -> list[T]:
    """Return the distinct items in order of first appearance."""
    return list(dict.fromkeys(items))


def evenly_spaced(items: Sequence[T], count: int) -> list[T]:
    """Return at most ``count`` evenly spaced items in order, first and last included (only the first for one)."""
    if len(items) <= count:
        return list(items)
    if count == 1:
        return [items[0]]
    return [items[round(step * (len(items) - 1) / (count - 1))] for step in range(count)]


def subset_sentence(shown: int, total: int, items: str) -> str:
    """Return a sentence for a caption: ``The figure shows 10 of 24 cells.`` after a space; "" if all are shown."""
    return f" The figure shows {shown} of {total} {items}." if shown < total else ""


def subgrid(points: Sequence[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    """Return at most ``count`` points of a set of distinct points.

    Points that form a full grid are reduced to a smaller grid, so that panels can be compared along each axis. Other
    sets are reduced to evenly spaced points.
    """
    axes = [distinct(values) for values in zip(*points, strict=True)]
    sizes = [len(axis) for axis in axes]
    if len(points) != prod(sizes):
        return evenly_spaced(points, count)
    while prod(sizes) > count:
        sizes[sizes.index(max(sizes))] -= 1
    return list(product(*(evenly_spaced(axis, size) for axis, size in zip(axes, sizes, strict=True))))
