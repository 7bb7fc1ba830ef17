"""A few of many, evenly spread: what a picture shows where there is no room for all."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many items, in order, the first and the last among them (the first alone if ``most`` is 1)."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[0]]
    return [items[round(step * (len(items) - 1) / (most - 1))] for step in range(most)]
