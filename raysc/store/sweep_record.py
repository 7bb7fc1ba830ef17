"""What was asked of a store: every sweep, as it was run, with the keys that it stands on. ``raysc gc`` goes by it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raysc.settings import Keep
from raysc.store.keys import key_of
from raysc.store.objects import Objects


@dataclass(frozen=True)
class Asked:
    """One sweep as it was run once.

    Attributes:
        name: of the sweep.
        resolved: its file's mapping, overrides applied.
        keys: lineages, generation 0s and features of real rows that it names.
    """

    name: str
    resolved: Mapping[str, Any]
    keys: frozenset[str]

    @property
    def keep(self) -> Keep:
        """What it wants kept."""
        return Keep.model_validate(self.resolved.get("keep") or {})


def write_asked(objects: Objects, name: str, resolved: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Note a sweep; the same one twice is one note. A sweep's folder that is removed takes its notes along."""
    told = {"name": name, "sweep": resolved, "keys": sorted(keys)}
    objects.put(f"sweeps/{name}/asked/{key_of(told)}.json", json.dumps(told).encode())


def read_asked(objects: Objects) -> Iterator[Asked]:
    """All notes; of a sweep that somebody lets go meanwhile there are none."""
    for name in objects.names("sweeps"):
        if "/asked/" in name:
            try:
                told = json.loads(objects.get(name))
            except FileNotFoundError:
                continue
            yield Asked(told["name"], told["sweep"], frozenset(told["keys"]))


def keeps(objects: Objects) -> dict[str, Keep]:
    """Key -> what is to be kept there: where several sweeps name it, whatever one of them wants."""
    found: dict[str, Keep] = {}
    for one in read_asked(objects):
        for key in one.keys:
            found[key] = both(one.keep, found[key]) if key in found else one.keep
    return found


def both(one: Keep, other: Keep) -> Keep:
    """The more generous of two rules in each respect."""
    return Keep(
        models="all" if "all" in (one.models, other.models) else "last",
        training_state="last" if "last" in (one.training_state, other.training_state) else "none",
        rows="all" if "all" in (one.rows, other.rows) else "needed",
    )
