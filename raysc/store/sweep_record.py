"""Sweep records: every sweep that was run on a store, with its keys. ``raysc gc`` keeps what they name."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raysc.settings import Keep
from raysc.store.keys import key_of
from raysc.store.names import SWEEP_RECORD
from raysc.store.objects import Objects


@dataclass(frozen=True)
class SweepRecord:
    """A sweep as it was run once.

    Attributes:
        name: of the sweep.
        resolved: the mapping of its file, overrides applied.
        keys: keys of the lineages, generation 0s and reference features that it uses.
    """

    name: str
    resolved: Mapping[str, Any]
    keys: frozenset[str]

    @property
    def keep(self) -> Keep:
        """The retention rule of the sweep."""
        return Keep.model_validate(self.resolved.get("keep") or {})


def write_sweep_record(objects: Objects, name: str, resolved: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Write the record of a sweep, below the sweep's folder. The same sweep has the same record each time."""
    record = {"name": name, "sweep": resolved, "keys": sorted(keys)}
    objects.put(f"sweeps/{name}/asked/{key_of(record)}.json", json.dumps(record).encode())


def read_sweep_records(objects: Objects) -> Iterator[SweepRecord]:
    """Yield all records of a store, except those that are deleted in the meantime."""
    for name in record_names(objects):
        try:
            record = json.loads(objects.get(name))
        except FileNotFoundError:
            continue
        yield SweepRecord(record["name"], record["sweep"], frozenset(record["keys"]))


def record_names(objects: Objects) -> Iterator[str]:
    """Yield the names of all records of a store."""
    return (name for name in objects.names("sweeps") if SWEEP_RECORD.fullmatch(name))


def retention_by_key(objects: Objects) -> dict[str, Keep]:
    """Map each key to its retention rule; for a key of several sweeps, to the most generous one."""
    rules: dict[str, Keep] = {}
    for record in read_sweep_records(objects):
        for key in record.keys:
            rules[key] = most_generous(record.keep, rules[key]) if key in rules else record.keep
    return rules


def most_generous(first: Keep, second: Keep) -> Keep:
    """Return the rule that keeps everything that one of two rules keeps."""
    return Keep(
        models="all" if "all" in (first.models, second.models) else "last",
        training_state="last" if "last" in (first.training_state, second.training_state) else "none",
        rows="all" if "all" in (first.rows, second.rows) else "needed",
    )
