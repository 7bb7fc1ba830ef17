"""Hours of cores and GPUs that a sweep's results took, and their price."""

import pandas as pd

from raysc.results.table.columns import PHASES
from raysc.results.table.number_format import number_text
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
    columns = [name for phase in PHASES if phase != "wait" and (name := f"seconds_{phase}") in table]
    distinct = table.drop_duplicates(["lineage", "seed", "generation"])
    hours = float(distinct[columns].sum().sum()) / 3600
    if not hours > 0:
        return ""
    resources = sweep.resources
    parts = [f"{_hours(hours * resources.workers * resources.cpus)} core hours"]
    if resources.gpus:
        parts.append(f"{_hours(hours * resources.workers * resources.gpus)} GPU hours")
    texts = [", ".join(parts)]
    for name, price in sweep.prices.items():
        if ranks := _ranks_per_node(price, resources):
            node_hours = hours * resources.workers / ranks
            cost = number_text(node_hours * price.hour, 3)
            texts.append(f"on {name} {_hours(node_hours)} node hours, at a cost of {cost} by `prices:`")
    return "; ".join(texts)


def _ranks_per_node(price: Price, resources: Resources) -> int:
    """Return the number of ranks that share a node of a type."""
    ranks = int(price.cpus / resources.cpus + 1e-6)
    return min(ranks, int(price.gpus / resources.gpus + 1e-6)) if resources.gpus else ranks


def _hours(hours: float) -> str:
    return number_text(hours, 2)
