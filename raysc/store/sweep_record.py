"""Sweep records: every sweep that was run on a store, with its keys. ``raysc gc`` keeps what they name."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raysc.settings import Keep
from raysc.store.keys import key_of
from raysc.store.names import SWEEP_RECORD
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError

KEEP_EVERYTHING = Keep(models="all", training_state="last", rows="all")
"""The most generous retention rule."""


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
    """Write the record of a sweep, below the sweep's folder. The same sweep has the same record each time.

    The name is the key of the record as it is read again, so that reading detects a change.
    """
    record = json.loads(json.dumps({"name": name, "sweep": resolved, "keys": sorted(keys)}))
    objects.put(f"sweeps/{name}/asked/{key_of(record)}.json", json.dumps(record).encode())


def read_sweep_record(objects: Objects, name: str) -> SweepRecord:
    """Read one record; its name verifies it.

    Raises:
        FileNotFoundError: there is no such record.
        DamagedObjectError: it differs from what was written, or this version cannot read it.
    """
    data = objects.get(name)
    try:
        values = json.loads(data)
        if key_of(values) != name.rpartition("/")[2].removesuffix(".json"):
            raise ValueError("its name is not the key of its content")
        record = SweepRecord(values["name"], values["sweep"], frozenset(values["keys"]))
        if not isinstance(record.name, str) or not all(isinstance(key, str) for key in record.keys):
            raise TypeError("a name or a key is no text")
        _ = record.keep  # a rule of other values is no rule
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = " ".join(f"{objects.uri}/{name} was changed or cut off: {error}".split())
        raise DamagedObjectError(problem, name) from error
    return record


def read_sweep_records(objects: Objects, damages: list[DamagedObjectError] | None = None) -> Iterator[SweepRecord]:
    """Yield all records of a store, except those that are deleted in the meantime.

    Args:
        objects: the store.
        damages: receives the damage of records that cannot be read. They may name any key.

    Raises:
        DamagedObjectError: a record is damaged, and there is no list for damages.
    """
    for name in record_names(objects):
        try:
            yield read_sweep_record(objects, name)
        except FileNotFoundError:
            continue
        except DamagedObjectError as damage:
            if damages is None:
                raise
            damages.append(damage)


def record_names(objects: Objects) -> Iterator[str]:
    """Yield the names of all records of a store."""
    return (name for name in objects.names("sweeps") if SWEEP_RECORD.fullmatch(name))


def retention_by_key(objects: Objects) -> dict[str, Keep]:
    """Map each key to its retention rule; for a key of several sweeps, to the most generous one.

    A damaged record may name every key and keep everything, so then every key keeps everything.
    """
    rules: dict[str, Keep] = {}
    damages: list[DamagedObjectError] = []
    for record in read_sweep_records(objects, damages):
        for key in record.keys:
            rules[key] = most_generous(record.keep, rules[key]) if key in rules else record.keep
    return dict.fromkeys(rules, KEEP_EVERYTHING) if damages else rules


def most_generous(first: Keep, second: Keep) -> Keep:
    """Return the rule that keeps everything that one of two rules keeps."""
    return Keep(
        models="all" if "all" in (first.models, second.models) else "last",
        training_state="last" if "last" in (first.training_state, second.training_state) else "none",
        rows="all" if "all" in (first.rows, second.rows) else "needed",
    )
