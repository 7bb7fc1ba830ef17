"""Capacity of a Ray cluster: the resources of its nodes, and of nodes that its autoscaler may add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from ruamel.yaml import YAML

from raysc.cluster import ray_compat

Amounts = Mapping[str, float]
"""Resource -> amount, with Ray's names: CPU, GPU."""

START_SECONDS = 240.0
"""Seconds within which a process must start on a node; where torch comes from a network disk it takes minutes."""


@dataclass(frozen=True)
class NodeType:
    """A type of node that the autoscaler may add.

    Attributes:
        name: name of the type in the file for ``ray up``.
        resources: resources of one node.
        max_nodes: maximum number of nodes of this type.
    """

    name: str
    resources: Amounts
    max_nodes: int


@dataclass(frozen=True)
class Capacity:
    """Resources of a cluster, now and at its maximum size.

    Attributes:
        head: resources of the head; empty if it runs no trials.
        workers: resources of each other node that is up.
        types: types of nodes that may be added; ``workers`` that the autoscaler started are of these types.
        max_workers: maximum number of nodes beside the head, of all types together.
    """

    head: Amounts
    workers: tuple[Amounts, ...]
    types: tuple[NodeType, ...] = ()
    max_workers: int = 0

    def max_ranks(self, rank: Amounts) -> int:
        """Return the number of ranks with equal requests that run at once on an idle cluster of maximum size."""
        ranks_now = sum(_ranks_per_node(node, rank) for node in self.workers)
        ranks_at_maximum, remaining = 0, self.max_workers
        for node_type in sorted(self.types, key=lambda node_type: -_ranks_per_node(node_type.resources, rank)):
            count = min(node_type.max_nodes, remaining)
            ranks_at_maximum += count * _ranks_per_node(node_type.resources, rank)
            remaining -= count
        return _ranks_per_node(self.head, rank) + max(ranks_now, ranks_at_maximum)

    def describe(self, names: Sequence[str]) -> str:
        """Return the kinds of nodes with their amounts of the named resources, for messages."""
        nodes = (self.head, *self.workers)
        kinds = sorted({format_amounts({name: node.get(name, 0.0) for name in names}) for node in nodes})
        text = f"nodes that are up have {' or '.join(kinds)}"
        if not self.types:
            return text
        additions = [
            f"{min(node_type.max_nodes, self.max_workers)} {node_type.name} with "
            + format_amounts({name: node_type.resources.get(name, 0.0) for name in names})
            for node_type in self.types
        ]
        return f"{text}, and the autoscaler may add {', '.join(additions)} each"


def cluster_capacity() -> Capacity:
    """Return the capacity of the cluster that this process is connected to."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    head = next((node for node in nodes if ray_compat.HEAD_RESOURCE in node["Resources"]), nodes[0])
    config = autoscaler_config(head["NodeID"])
    types = config.get("available_node_types", {})
    return Capacity(
        head["Resources"],
        tuple(node["Resources"] for node in nodes if node is not head),
        # Ray adds no node of a type without declared resources.
        tuple(
            NodeType(name, settings["resources"], settings.get("max_workers", config["max_workers"]))
            for name, settings in types.items()
            if settings.get("resources") and name != config["head_node_type"]
        ),
        config.get("max_workers", 0),
    )


def autoscaler_config(head_id: str) -> Mapping[str, Any]:
    """Return the configuration of a cluster's autoscaler; empty if it has none.

    Ray keeps it only in a file of the head. If this process runs elsewhere, a task on the head reads it.
    """
    context = ray.get_runtime_context()
    address = context.gcs_address
    if context.get_node_id() == head_id:
        return _parse(ray_compat.autoscaler_config(address))
    on_head = NodeAffinitySchedulingStrategy(head_id, soft=False)
    read = ray.remote(ray_compat.autoscaler_config).options(num_cpus=0, scheduling_strategy=on_head)
    return _parse(ray.get(read.remote(address), timeout=START_SECONDS))


def _parse(text: str) -> Mapping[str, Any]:
    return YAML(typ="safe", pure=True).load(text) if text else {}


def _ranks_per_node(node: Amounts, rank: Amounts) -> int:
    """Return the number of ranks that fit on a node."""
    # Ray counts in ten-thousandths; 1e-6 corrects the rounding of fractions such as 0.1.
    return min(int(node.get(name, 0.0) / amount + 1e-6) for name, amount in rank.items() if amount)


def format_amounts(resources: Amounts) -> str:
    """Format resources as 4 CPU and 1 GPU."""
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())
