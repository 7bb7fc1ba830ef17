"""Nodes that are lost while a sweep runs: one line of raysc about each, in the place of pages of Ray."""

import time
from collections import defaultdict
from collections.abc import Callable

import ray

from raysc.cluster import ray_compat
from raysc.cluster.preflight import node_name

QUIET_SECONDS = 2.0
"""Seconds without further messages about a node after which all of its units are known."""


class LostNodes:
    """Lost nodes and the units that ran on them."""

    def __init__(self, name_of: Callable[[str], str] | None = None) -> None:
        """Start without lost nodes.

        Args:
            name_of: maps a node's id to its name in messages; None: Ray is asked.
        """
        self._name_of = name_of or _name_of
        self._units: dict[str, set[str]] = defaultdict(set)
        self._last_message: dict[str, float] = {}
        self._reported: set[str] = set()

    def record(self, unit: str, message: str) -> None:
        """Record a unit whose process ended with its node.

        Args:
            unit: name of the unit.
            message: Ray's error, which names the node.
        """
        node = ray_compat.dead_node(message)
        self._units[node].add(unit)
        self._last_message[node] = time.monotonic()

    def mark_dead(self, node: str) -> None:
        """Record a node that Ray marked as dead, from any thread."""
        if node not in self._reported:
            self._last_message[node] = time.monotonic()

    def reports(self, quiet_seconds: float = QUIET_SECONDS) -> list[str]:
        """Return a line for each node without messages in the last ``quiet_seconds``; each node is reported once."""
        now = time.monotonic()
        due = [node for node, last in list(self._last_message.items()) if now - last >= quiet_seconds]
        lines = []
        for node in due:
            units = len(self._units.pop(node, ()))
            del self._last_message[node]
            self._reported.add(node)
            lines.append(f"{self._name_of(node)} is gone; {_continuation(units)}")
        return lines


def _continuation(units: int) -> str:
    if not units:
        return "no unit ran there"
    subject = "1 unit that ran there goes on" if units == 1 else f"{units} units that ran there go on"
    return f"{subject} elsewhere from the last published generation"


def _name_of(node_id: str) -> str:
    nodes = {node["NodeID"]: node for node in ray.nodes()}
    return f"node {node_name(nodes[node_id])}" if node_id in nodes else "a node"
