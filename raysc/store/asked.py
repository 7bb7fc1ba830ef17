"""What was asked of a store: every sweep, as it was run, with the keys that it stands on. ``raysc gc`` goes by it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raysc.store.keys import key_of
from raysc.store.objects import Objects


@dataclass(frozen=True)
class Asked:
    """One sweep as it was run once.

    Attributes:
        name: of the sweep.
        resolved: its file's mapping, overrides applied.
        keys: lineages and generation 0s that it names.
    """

    name: str
    resolved: Mapping[str, Any]
    keys: frozenset[str]


def write_asked(objects: Objects, name: str, resolved: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Note a sweep; the same one twice is one note. A sweep's folder that is removed takes its notes along."""
    told = {"name": name, "sweep": resolved, "keys": sorted(keys)}
    objects.put(f"sweeps/{name}/asked/{key_of(told)}.json", json.dumps(told).encode())


def read_asked(objects: Objects) -> Iterator[Asked]:
    """All notes."""
    for name in objects.names("sweeps"):
        if "/asked/" in name:
            told = json.loads(objects.get(name))
            yield Asked(told["name"], told["sweep"], frozenset(told["keys"]))
