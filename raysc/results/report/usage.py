"""Hours of cores and GPUs that a sweep's results took, and their price."""

import pandas as pd

from raysc.results.table.number_format import number_text
from raysc.results.table.work_hours import unit_hours
from raysc.settings import Price, Resources
from raysc.sweepfile.sweep import Sweep


def usage_text(sweep: Sweep, table: pd.DataFrame) -> str:
    """Return ``3.2 core hours, 1.6 GPU hours; on a100 0.2 node hours, at a cost of 0.80 by `prices:` ``.

    Waiting is left out. Each rank has the resources of the sweep file, which may differ from those of earlier runs.

    Args:
        sweep: the sweep.
        table: the tidy table; a generation that several cells share counts once.

    Returns:
        "" if no time was recorded.
    """
    hours = unit_hours(table)
    if not hours > 0:
        return ""
    resources = sweep.resources
    parts = [f"{_hours(hours * resources.workers * resources.cpus)} core hours"]
    if resources.gpus:
        parts.append(f"{_hours(hours * resources.workers * resources.gpus)} GPU hours")
    texts = [", ".join(parts)]
    for name, price in sweep.prices.items():
        if (on_nodes := node_hours(hours, price, resources)) is not None:
            cost = number_text(on_nodes * price.hour, 3)
            texts.append(f"on {name} {_hours(on_nodes)} node hours, at a cost of {cost} by `prices:`")
    return "; ".join(texts)


def node_hours(hours: float, price: Price, resources: Resources) -> float | None:
    """Return the hours of nodes of a type that units need, if ranks fill the nodes; None if a node has no room for one.

    Args:
        hours: hours of the units.
        price: the type of node.
        resources: of each rank.
    """
    ranks = int(price.cpus / resources.cpus + 1e-6)
    if resources.gpus:
        ranks = min(ranks, int(price.gpus / resources.gpus + 1e-6))
    return hours * resources.workers / ranks if ranks else None


def _hours(hours: float) -> str:
    return number_text(hours, 2)
