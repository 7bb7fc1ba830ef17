"""Domains of ``space``, named after those of Ray Tune, and points drawn from them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raysc.rng import stream
from raysc.sweepfile.messages import did_you_mean, quote

DOMAINS = ("uniform", "loguniform", "choice", "randint")

SEED = 0
"""Seed of every draw of every sweep: a search is repeatable, and more draws do not move its first points."""


@dataclass(frozen=True)
class Domain:
    """A domain such as ``{loguniform: [1e-4, 1e-2]}``.

    Attributes:
        kind: uniform and loguniform: a <= value < b; randint: whole numbers a <= value < b; choice: an item of a list.
        values: [a, b], or the list.
    """

    kind: str
    values: tuple[Any, ...]

    def draw(self, axis: str, index: int) -> tuple[Any, int | None]:
        """Draw the value of point ``index``. It depends on the axis' name, the domain and the index only.

        Returns:
            The value, and for ``choice`` its index in the list.
        """
        generator = stream(SEED, 0, "sample", "space", axis, index)
        if self.kind == "choice":
            item = int(generator.integers(len(self.values)))
            return self.values[item], item
        low, high = self.values
        if self.kind == "randint":
            return int(generator.integers(low, high)), None
        if self.kind == "uniform":
            return float(generator.uniform(low, high)), None
        return math.exp(generator.uniform(math.log(low), math.log(high))), None


def read_domain(value: dict[str, Any], make_error: Callable[[str], Exception]) -> Domain:
    """Return the domain of a mapping with one key.

    Args:
        value: ``{kind: values}``.
        make_error: makes the error from the problem.
    """
    kind, values = next(iter(value.items()))
    if kind not in DOMAINS:
        raise make_error(f"unknown domain {kind!r}{did_you_mean(kind, DOMAINS)}")
    if kind == "choice":
        if not isinstance(values, list) or not values:
            raise make_error(f"choice takes a list of at least one value, got {quote(values)}")
        return Domain(kind, tuple(values))
    if not _is_range(values, whole=kind == "randint"):
        numbers = "whole numbers" if kind == "randint" else "numbers"
        raise make_error(f"{kind} takes [a, b], two {numbers} with a < b; got {quote(values)}")
    if kind == "uniform" and not math.isfinite(float(values[1]) - float(values[0])):
        raise make_error(f"uniform takes [a, b] with a finite width b - a, got {quote(values)}")
    if kind == "loguniform" and values[0] <= 0:
        raise make_error(f"loguniform takes [a, b] above 0, got {quote(values)}")
    return Domain(kind, tuple(values))


def _is_range(values: Any, whole: bool) -> bool:
    """Return True for a list of two numbers a < b; ``whole``: two integers."""
    number = int if whole else (int, float)
    return (
        isinstance(values, list)
        and len(values) == 2
        and all(isinstance(end, number) and not isinstance(end, bool) for end in values)
        and values[0] < values[1]
    )
