"""Tune's domains as the sweep file writes them, and points drawn from them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raysc.rng import stream
from raysc.sweepfile.messages import did_you_mean, shown

DOMAINS = ("uniform", "loguniform", "choice", "randint")

SEED = 0
"""Of every draw of every sweep: a search is as repeatable as a grid, and grows without moving its points."""


@dataclass(frozen=True)
class Domain:
    """A one-key mapping such as ``{loguniform: [1e-4, 1e-2]}``.

    Attributes:
        kind: uniform and loguniform: a <= value < b; randint: whole numbers a <= value < b; choice: one of a list.
        values: [a, b], or the list.
    """

    kind: str
    values: tuple[Any, ...]

    def draw(self, axis: str, index: int) -> tuple[Any, int | None]:
        """The value of point ``index``, which depends on the axis' name, the domain and the index alone.

        Returns:
            The value, and for ``choice`` which one it is.
        """
        generator = stream(SEED, 0, "sample", "space", axis, index)
        if self.kind == "choice":
            which = int(generator.integers(len(self.values)))
            return self.values[which], which
        low, high = self.values
        if self.kind == "randint":
            return int(generator.integers(low, high)), None
        if self.kind == "uniform":
            return float(generator.uniform(low, high)), None
        return math.exp(generator.uniform(math.log(low), math.log(high))), None


def read_domain(value: dict[str, Any], refuse: Callable[[str], Exception]) -> Domain:
    """A one-key mapping as a domain.

    Args:
        value: ``{kind: values}``.
        refuse: makes the error from the problem.
    """
    kind, values = next(iter(value.items()))
    if kind not in DOMAINS:
        raise refuse(f"unknown domain {kind!r}{did_you_mean(kind, DOMAINS)}")
    if kind == "choice":
        if not isinstance(values, list) or not values:
            raise refuse(f"choice takes a list of at least one value, got {shown(values)}")
        return Domain(kind, tuple(values))
    number = int if kind == "randint" else (int, float)
    word = "whole numbers" if kind == "randint" else "numbers"
    if (
        not isinstance(values, list)
        or len(values) != 2
        or any(isinstance(end, bool) or not isinstance(end, number) for end in values)
        or not values[0] < values[1]
    ):
        raise refuse(f"{kind} takes [a, b], two {word} with a < b; got {shown(values)}")
    if kind == "loguniform" and values[0] <= 0:
        raise refuse(f"loguniform takes [a, b] above 0, got {shown(values)}")
    return Domain(kind, tuple(values))
