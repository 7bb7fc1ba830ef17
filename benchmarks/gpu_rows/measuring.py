"""Contenders of a row side by side: warm-up, synchronised clocks, repetition in alternation, medians, goals."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any, Literal

import torch
from accelerate.state import PartialState

BOUNDED_ABOVE = ("seconds",)
"""Quantities whose goal is a largest value; the goal of all others is a least value."""


@dataclass(frozen=True)
class Work:
    """Work that a contender has done.

    Attributes:
        amount: in the row's unit.
        seconds: time that it took, > 0.
    """

    amount: float
    seconds: float

    @property
    def rate(self) -> float:
        """Amount a second."""
        return self.amount / self.seconds


@dataclass(frozen=True)
class Demand:
    """Least use of the device by one unit of work.

    Attributes:
        amount: operations (FLOP) or bytes.
        ceiling: name of the measured ceiling that limits it, see ``ceilings.measure_ceilings``.
    """

    amount: float
    ceiling: str


@dataclass(frozen=True)
class Goal:
    """Goal of a row.

    Attributes:
        quantity: ratio, raysc's rate over the contender's; fraction, of the ceiling; seconds, of one piece of work.
        bound: the least ratio or fraction, or the most seconds.
    """

    quantity: Literal["ratio", "fraction", "seconds"]
    bound: float

    def is_met(self, value: float) -> bool:
        """Return whether a value of the quantity meets the goal."""
        return value <= self.bound if self.quantity in BOUNDED_ABOVE else value >= self.bound


@dataclass(frozen=True)
class Contender:
    """One way to do a row's work.

    Attributes:
        name: in the table.
        measure: does a piece of the work and times it.
        demand: of the device; None: no ceiling limits the work.
        goals: goals that concern this contender.
    """

    name: str
    measure: Callable[[], Work]
    demand: Demand | None = None
    goals: tuple[Goal, ...] = ()


def no_checks() -> Mapping[str, float]:
    """Return no checks."""
    return {}


@dataclass(frozen=True)
class Row:
    """A row of the table of goals.

    Attributes:
        unit: unit of the work.
        contenders: raysc first, then its rivals.
        check: computes figures on the results themselves, by name.
        shows: the table's figure of a contender: its rate, or the seconds of a piece of work.
        repeatable: True: every contender runs once for warm-up, then all run in alternation; False: once each.
        not_run: rivals that are not run, with the reason.
    """

    unit: str
    contenders: tuple[Contender, ...]
    check: Callable[[], Mapping[str, float]] = no_checks
    shows: Literal["rate", "seconds"] = "rate"
    repeatable: bool = True
    not_run: tuple[str, ...] = ()


def run_row(row: Row, repeats: int, ceilings: Mapping[str, float]) -> dict[str, Any]:
    """Measure a row and return its figures as JSON values.

    Args:
        row: the row.
        repeats: measurements of each contender, in alternation.
        ceilings: of this device, a second.

    Returns:
        The unit, what the table shows, the checks, the rivals that are not run, and for every contender all ``works``,
        the median ``rate`` and ``seconds``, raysc's median rate over its own as ``ratio``, the ``fraction`` of its
        ceiling, and its ``goals``.
    """
    works: list[list[Work]] = [[] for _ in row.contenders]
    if row.repeatable:
        for contender in row.contenders:
            contender.measure()
    for _ in range(repeats if row.repeatable else 1):
        for contender, measured in zip(row.contenders, works, strict=True):
            measured.append(contender.measure())
    rates = [median(work.rate for work in measured) for measured in works]
    contenders = [
        _figures(contender, measured, rates[0], ceilings)
        for contender, measured in zip(row.contenders, works, strict=True)
    ]
    return {
        "unit": row.unit,
        "shows": row.shows,
        "contenders": contenders,
        "checks": dict(row.check()),
        "not_run": list(row.not_run),
    }


def _figures(
    contender: Contender, works: list[Work], raysc_rate: float, ceilings: Mapping[str, float]
) -> dict[str, Any]:
    """Return the figures of a contender as JSON values; ``raysc_rate`` is the median rate of raysc in its row."""
    rate, demand = median(work.rate for work in works), contender.demand
    values = {
        "rate": rate,
        "seconds": median(work.seconds for work in works),
        "ratio": raysc_rate / rate,
        "fraction": None if demand is None else rate * demand.amount / ceilings[demand.ceiling],
    }
    goals = [
        {"quantity": goal.quantity, "bound": goal.bound, "met": goal.is_met(value)}
        for goal in contender.goals
        if (value := values[goal.quantity]) is not None
    ]
    return {
        "name": contender.name,
        **values,
        "ceiling": None if demand is None else demand.ceiling,
        "goals": goals,
        "works": [asdict(work) for work in works],
    }


def default_device() -> torch.device:
    """Return the device on which raysc's families compute in this process."""
    device: torch.device = PartialState().device
    return device


def synchronize() -> None:
    """Wait until the device has done all its work."""
    if default_device().type == "cuda":
        torch.cuda.synchronize()


def timed(run: Callable[[], object]) -> float:
    """Run a function and return its seconds, work on the device included."""
    synchronize()
    started = perf_counter()
    run()
    synchronize()
    return perf_counter() - started


def release_memory() -> None:
    """Discard the networks and the compiled code of a row, which the next one must not pay for."""
    torch.compiler.reset()
    gc.collect()
    if default_device().type == "cuda":
        torch.cuda.empty_cache()
