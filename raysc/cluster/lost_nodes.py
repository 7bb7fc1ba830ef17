"""Nodes that go away while a sweep runs: one line of ours in the place of pages of Ray's."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any

import ray
from ray._private import worker

from raysc.cluster.preflight import node_name

NODE_DIED = "its node has died"
"""In Ray's words for a process that ended since its machine was called back or broke."""
_ITS_ID = re.compile(r"Node Id: ([0-9a-f]+)")
_MARKED_DEAD = re.compile(r"The node with node id: ([0-9a-f]+) .* has been marked dead", re.DOTALL)
_LAST_WORDS = "Raylet is terminated."
"""How the pages begin in which a node's own process says farewell; the node is marked dead beside that."""
_PRINTS = "print_to_stdstream"
"""What Ray prints with, not a part of what it offers."""
QUIET = 2.0
"""Seconds after which a node's units have all been heard of."""


class LostNodes:
    """Which nodes went away, and what ran there; a context manager, within which Ray says nothing of it itself.

    Ray prints whatever its nodes publish as an error, and has no switch for that (``log_to_driver`` is for what
    processes print). What is about lost nodes is taken out on the way to the terminal; everything else is printed. A
    Ray that prints in another way prints all of it.
    """

    def __init__(self, name_of: Callable[[str], str] | None = None) -> None:
        """``name_of``: from a node's id to what people call it; None: Ray is asked."""
        self._name_of = name_of or _name_of
        self._units: dict[str, set[str]] = defaultdict(set)
        self._heard: dict[str, float] = {}
        self._told: set[str] = set()
        self._print: Any = None

    def __enter__(self) -> "LostNodes":
        self._print = getattr(worker, _PRINTS, None)
        if self._print is not None:
            setattr(worker, _PRINTS, self._pass_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._print is not None:
            setattr(worker, _PRINTS, self._print)

    def lost(self, unit: str, words: str) -> None:
        """A unit's process ended with these words, which say ``NODE_DIED``."""
        node = found[1] if (found := _ITS_ID.search(words)) else ""
        self._units[node].add(unit)
        self._heard[node] = time.monotonic()

    def news(self, quiet: float = QUIET) -> list[str]:
        """A line for each node of which nothing more was heard for so many seconds."""
        due = [node for node, heard in list(self._heard.items()) if time.monotonic() - heard >= quiet]
        lines = []
        for node in due:
            units = len(self._units.pop(node, ()))
            del self._heard[node]
            self._told.add(node)
            some = ("no unit ran there", "1 unit that ran there goes on", f"{units} units that ran there go on")
            then = " elsewhere from the last published generation" if units else ""
            lines.append(f"{self._name_of(node)} is gone; {some[min(units, 2)]}{then}")
        return lines

    def _pass_on(self, data: dict[str, Any], ignore_prefix: bool) -> None:
        text = "\n".join(data["lines"])
        if found := _MARKED_DEAD.search(text):
            if found[1] not in self._told:
                self._heard[found[1]] = time.monotonic()
        elif not text.startswith(_LAST_WORDS):
            self._print(data, ignore_prefix)


def _name_of(node: str) -> str:
    there = {one["NodeID"]: one for one in ray.nodes()}
    return f"node {node_name(there[node])}" if node in there else "a node"
