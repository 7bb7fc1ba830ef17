"""What a Ray cluster has, and what its autoscaler may bring up beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from ruamel.yaml import YAML

Amounts = Mapping[str, float]
"""Resource -> how much of it, as Ray names them: CPU, GPU."""

HEAD = "node:__internal_head__"
"""A resource that only the head of a cluster has."""
START_SECONDS = 60.0
"""How long a process may take to start on a node."""


@dataclass(frozen=True)
class NodeType:
    """A type of node that the autoscaler may bring up.

    Attributes:
        name: as the file for ``ray up`` calls it.
        resources: of one node.
        most: so many nodes at once.
    """

    name: str
    resources: Amounts
    most: int


@dataclass(frozen=True)
class Capacity:
    """What there is and may be.

    Attributes:
        head: resources of the head, empty ones where it runs no trials.
        workers: resources of each other node that is up.
        types: what may be brought up; those of ``workers`` that the autoscaler started count among them.
        most: nodes beside the head that may be up at once, of all types together.
    """

    head: Amounts
    workers: tuple[Amounts, ...]
    types: tuple[NodeType, ...] = ()
    most: int = 0

    def ranks(self, rank: Amounts) -> int:
        """How many ranks, which all ask for the same, could run at once if everything were free and up."""
        there = sum(_times(node, rank) for node in self.workers)
        grown, left = 0, self.most
        for one in sorted(self.types, key=lambda one: -_times(one.resources, rank)):
            count = min(one.most, left)
            grown += count * _times(one.resources, rank)
            left -= count
        return _times(self.head, rank) + max(there, grown)

    def told(self, names: Sequence[str]) -> str:
        """The kinds of nodes with how much of some resources each has, for messages."""
        nodes = (self.head, *self.workers)
        has = sorted({amounts_told({name: node.get(name, 0.0) for name in names}) for node in nodes})
        may = [
            f"{min(one.most, self.most)} {one.name} with "
            + amounts_told({name: one.resources.get(name, 0.0) for name in names})
            for one in self.types
        ]
        return f"nodes that are up have {' or '.join(has)}" + (
            f", and there may be {', '.join(may)} each" if may else ""
        )


def capacity() -> Capacity:
    """Of the cluster that this process is connected to."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    head = next((node for node in nodes if HEAD in node["Resources"]), nodes[0])
    scaling = autoscaling(head["NodeID"])
    types = scaling.get("available_node_types", {})
    return Capacity(
        head["Resources"],
        tuple(node["Resources"] for node in nodes if node is not head),
        # Ray brings up no node for a trial if it does not know what such a node has.
        tuple(
            NodeType(name, one["resources"], one.get("max_workers", scaling["max_workers"]))
            for name, one in types.items()
            if one.get("resources") and name != scaling["head_node_type"]
        ),
        scaling.get("max_workers", 0),
    )


def autoscaling(head_id: str) -> Mapping[str, Any]:
    """The configuration that a cluster's autoscaler was started with; empty if it has none.

    Ray keeps it nowhere but in a file of the head, so it is looked up there, by a task if this process is elsewhere.
    """
    context = ray.get_runtime_context()
    address = context.gcs_address
    if context.get_node_id() == head_id:
        return _parsed(_read_autoscaling(address))
    there = NodeAffinitySchedulingStrategy(head_id, soft=False)
    look = ray.remote(_read_autoscaling).options(num_cpus=0, scheduling_strategy=there)
    return _parsed(ray.get(look.remote(address), timeout=START_SECONDS))


def _parsed(text: str) -> Mapping[str, Any]:
    return YAML(typ="safe", pure=True).load(text) if text else {}


def _read_autoscaling(address: str) -> str:
    """The file that the autoscaler of a cluster, a process of this machine, was given."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--") and "=" in word)
        if "autoscaling-config" in options and options.get("gcs-address") == address:
            return Path(options["autoscaling-config"]).expanduser().read_text()
    return ""


def _times(node: Amounts, rank: Amounts) -> int:
    """How many ranks fit on a node."""
    # Ray counts in ten-thousandths; 1e-6 makes up for 0.1 not being one.
    return min(int(node.get(name, 0.0) / amount + 1e-6) for name, amount in rank.items() if amount)


def amounts_told(resources: Amounts) -> str:
    """Such as "4 CPU and 1 GPU"."""
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())
