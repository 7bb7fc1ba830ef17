"""How many nodes a sweep would use, how long it would take and what it would cost: from prices and measured times."""

from dataclasses import dataclass
from math import ceil

import pandas as pd

from raysc.planning.plan import Plan
from raysc.results.table.table import PHASES
from raysc.settings import Resources
from raysc.sweepfile.sweep import Sweep

WORK = [f"seconds_{phase}" for phase in PHASES if phase != "wait"]


@dataclass(frozen=True)
class Kind:
    """A type of node that there may be.

    Attributes:
        name: of the type.
        cpus: cores of one node.
        gpus: devices of one node.
        most: so many nodes at once at most; None: as many as are of use.
        hour: the price of one node for an hour; None: not known.
    """

    name: str
    cpus: float
    gpus: float
    most: int | None
    hour: float | None


@dataclass(frozen=True)
class Cost:
    """What a sweep would take on one type of node.

    Attributes:
        name: of the type.
        nodes: that would be used at once; 0 if a rank fits on none of them, or not all ranks of a trial at once.
        hours: wall time with so many nodes, their start apart; None if nothing was measured yet.
        price: of all nodes for those hours; None likewise.
    """

    name: str
    nodes: int
    hours: float | None
    price: float | None


def priced(sweep: Sweep) -> list[Kind]:
    """The types of node that a sweep's ``prices`` name."""
    return [Kind(name, one.cpus, one.gpus, one.most, one.hour) for name, one in sweep.prices.items()]


def cost(kind: Kind, plan: Plan, seconds: float | None) -> Cost:
    """What is left of a sweep, on nodes of one type.

    Args:
        kind: the type.
        plan: what is still to run.
        seconds: of work that is left, from ``seconds_to_do``.
    """
    asked = plan.sweep.resources
    fitting = _ranks(kind, asked)
    most = kind.most if kind.most is not None else len(plan.units) * asked.workers
    if fitting * most < asked.workers:
        return Cost(kind.name, 0, None, None)
    trials = max(len(plan.initial), len(plan.loop))  # one wave runs after the other
    nodes = min(most, ceil(trials * asked.workers / fitting))
    if seconds is None:
        return Cost(kind.name, nodes, None, None)
    hours = seconds / max(1, nodes * fitting // asked.workers) / 3600
    return Cost(kind.name, nodes, hours, None if kind.hour is None else hours * nodes * kind.hour)


def seconds_to_do(plan: Plan, table: pd.DataFrame) -> float | None:
    """Seconds of work that are left, waiting apart, if generations take what those that are there took on average.

    None if none is there yet, or generation 0s of trained families are missing and none of them is there.
    """
    found = table.reindex(columns=WORK).sum(axis=1)
    zero = table["generation"] == 0
    closed_form = sum(len(unit.seeds) for unit in plan.loop if not unit.line.family.trained)
    initial = sum(len(unit.snapshots) for unit in plan.initial) + closed_form
    seconds = 0.0
    for count, own in ((initial, found[zero]), (plan.to_do, found[~zero])):
        if count and own.empty:
            return None
        seconds += count * float(own.mean()) if count else 0.0
    return seconds


def _ranks(node: Kind, asked: Resources) -> int:
    """How many ranks fit on a node."""
    fits = int(node.cpus / asked.cpus + 1e-6)
    return min(fits, int(node.gpus / asked.gpus + 1e-6)) if asked.gpus else fits
