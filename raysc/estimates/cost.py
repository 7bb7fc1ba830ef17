"""Number of nodes, hours and price of the rest of a sweep, from its prices and the times that were measured so far."""

from dataclasses import dataclass
from math import ceil

import pandas as pd

from raysc.planning.plan import Plan
from raysc.results.table.work_hours import work_seconds
from raysc.settings import Resources
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class NodeType:
    """A type of node that a sweep can use.

    Attributes:
        name: name of the type.
        cpus: cores of one node.
        gpus: GPUs of one node.
        max_nodes: number of nodes that can run at once; None without a limit.
        hourly_price: price of one node for an hour; None if it is not known.
    """

    name: str
    cpus: float
    gpus: float
    max_nodes: int | None
    hourly_price: float | None


@dataclass(frozen=True)
class Cost:
    """Estimate for the rest of a sweep on one type of node. The field names are keys of ``raysc plan --json``.

    Attributes:
        name: name of the type.
        nodes: number of nodes in use at once; 0 if a node is too small for a rank, or all nodes together are too small
            for a trial.
        hours: wall time on these nodes, without their start; None if no time was measured yet.
        price: price of all nodes for this time; None if ``hours`` is None or the type has no price.
    """

    name: str
    nodes: int
    hours: float | None
    price: float | None


def node_types(sweep: Sweep) -> list[NodeType]:
    """Return the types of node in a sweep's ``prices``."""
    return [NodeType(name, price.cpus, price.gpus, price.most, price.hour) for name, price in sweep.prices.items()]


def estimate_cost(node_type: NodeType, plan: Plan, seconds: float | None) -> Cost:
    """Estimate nodes, hours and price of the rest of a sweep on nodes of one type.

    Args:
        node_type: the type.
        plan: the units that are left to run.
        seconds: seconds of work that are left, from ``remaining_seconds``.
    """
    resources = plan.sweep.resources
    ranks = _ranks_per_node(node_type, resources)
    max_nodes = len(plan.units) * resources.workers if node_type.max_nodes is None else node_type.max_nodes
    if ranks * max_nodes < resources.workers:
        return Cost(node_type.name, 0, None, None)
    trials = max(len(plan.initial), len(plan.loop))  # loops follow generation 0s
    nodes = min(max_nodes, ceil(trials * resources.workers / ranks))
    if seconds is None:
        return Cost(node_type.name, nodes, None, None)
    hours = seconds / max(1, nodes * ranks // resources.workers) / 3600
    price = None if node_type.hourly_price is None else hours * nodes * node_type.hourly_price
    return Cost(node_type.name, nodes, hours, price)


def remaining_seconds(plan: Plan, table: pd.DataFrame) -> float | None:
    """Estimate the seconds of work that are left, without waiting: each generation takes the mean of those measured.

    Args:
        plan: the units that are left to run.
        table: from ``load_table``.

    Returns:
        None if generation 0s are missing and none was measured, or later generations are missing and none was measured.
    """
    measured = work_seconds(table)
    is_initial = table["generation"] == 0
    closed_form = sum(len(unit.seeds) * len(unit.cell.models) for unit in plan.loop if not unit.cell.family.trained)
    initial = sum(len(unit.snapshots) for unit in plan.initial) + closed_form
    seconds = 0.0
    for count, sample in ((initial, measured[is_initial]), (plan.to_do, measured[~is_initial])):
        if count and sample.empty:
            return None
        seconds += count * float(sample.mean()) if count else 0.0
    return seconds


def _ranks_per_node(node_type: NodeType, resources: Resources) -> int:
    """Return the number of ranks that fit on a node."""
    ranks = int(node_type.cpus / resources.cpus + 1e-6)
    return min(ranks, int(node_type.gpus / resources.gpus + 1e-6)) if resources.gpus else ranks
