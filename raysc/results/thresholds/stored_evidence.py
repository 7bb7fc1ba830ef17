"""The evidence of the searches of a sweep as the sweep's folder lists it, and what has changed since."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from raysc.planning.open_sweep import sweep_folder
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.sweepfile.threshold_search import Probes, Runs, ThresholdSearch

THRESHOLD_FILE = "threshold.json"
"""Name of the file with the answers and the evidence of a sweep's searches, in the sweep's folder."""
KEYS = {
    "axis": "search.threshold",
    "whole": "search.range",
    "metric": "search.metric",
    "delta": "search.criterion",
    "seeds": "seeds",
    "generations": "loop.generations",
}
"""Fields of a search that make it another one -> their keys in the sweep file.

Range, scale, width and ceilings may change: the search goes on from its evidence.
"""


def stored_evidence(sweep: Sweep, objects: Objects) -> tuple[Probes, ...]:
    """Return the probes that the sweep's folder lists, of each search, within its range.

    There are none if the file is absent or damaged, if it is of other searches, or if the settings of the evidence
    differ. A file of before ``search.generations`` has no numbers of retrainings: they are ``loop.generations``.
    """
    search, stored = sweep.search, _stored(sweep, objects)
    assert search is not None
    if stored is None or _changed_keys(search, stored):
        return ()
    try:
        evidence = tuple(
            {
                probe["value"]: _read_runs(probe["seeds"], probe.get("generations", search.generations))
                for probe in of_search["probes"]
                if search.low <= probe["value"] <= search.high
            }
            for of_search in stored["searches"]
        )
    except (KeyError, TypeError, AttributeError):
        return ()
    return evidence if len(evidence) == len(search.probes) else ()


def changed_settings_text(sweep: Sweep, objects: Objects) -> str:
    """Return a sentence on the settings of a search that differ from those of its evidence; "" if none do."""
    stored = None if sweep.search is None else _stored(sweep, objects)
    if sweep.search is None or stored is None or not (keys := _changed_keys(sweep.search, stored)):
        return ""
    verb, store = "differs" if len(keys) == 1 else "differ", objects.folder or objects.uri
    return (
        f"{' and '.join(keys)} {verb} from the search that the store has of {sweep.name}, so a new one begins at the "
        f"ends of its range; raysc results {store}/{sweep_folder(sweep.name)} shows the earlier one"
    )


def _read_runs(seeds: Any, generations: Any) -> Runs:
    """Return the runs of a stored probe.

    Raises:
        TypeError: a number is not a whole one from 0 on.
    """
    if not isinstance(seeds, list) or not all(type(number) is int and number >= 0 for number in (*seeds, generations)):
        raise TypeError("seeds and generations are whole numbers from 0 on")
    return Runs(tuple(seeds), generations)


def _stored(sweep: Sweep, objects: Objects) -> dict[str, Any] | None:
    """Return the content of ``THRESHOLD_FILE``; None if it is absent or damaged."""
    try:
        stored = json.loads(objects.get(f"{sweep_folder(sweep.name)}/{THRESHOLD_FILE}"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    is_whole = isinstance(stored, dict) and isinstance(stored.get("search"), dict) and "searches" in stored
    return stored if is_whole else None


def _changed_keys(search: ThresholdSearch, stored: Mapping[str, Any]) -> list[str]:
    """Return the keys of the sweep file whose values differ from those of the stored evidence."""
    values = json.loads(json.dumps({name: value for name, value in asdict(search).items() if name in KEYS}))
    return [KEYS[name] for name, value in values.items() if stored["search"].get(name, value) != value]
