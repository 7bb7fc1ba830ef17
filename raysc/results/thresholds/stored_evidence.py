"""The evidence of the searches of a sweep in the sweep's folder: written and read here, and checked when it is read.

There is a file for each set of ``KEYS``, with a record for each point of ``space``: the settings of the point and its
probes. So evidence of other settings stays, also that of points that were taken out and of values outside a range. What
is read is a proposal only: it counts once all of its runs are published.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, NamedTuple

from raysc.planning.open_sweep import sweep_folder
from raysc.store.keys import key_of
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.sweepfile.threshold_search import Probes, Runs, ThresholdSearch

THRESHOLD_FILE = "threshold.json"
"""Name of the file with the answers and the evidence of a sweep's last searches, in the sweep's folder."""
EVIDENCE_FOLDER = "threshold-evidence"
"""Folder of the files with the evidence of all searches of a sweep, in the sweep's folder."""
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
SECTIONS = (
    "data", "model", "curation", "initial", "models", "loop", "train", "sample", "probe", "control", "metrics",
    "measure",
)  # fmt: skip
"""Sections of the sweep file on which the runs of each point of ``space`` stand."""
MAX_RUNS = 10_000
"""Most runs of stored evidence that are read, unless ``search.runs`` is higher: a plan takes a millisecond for each."""
MAX_RETRAININGS = 10**7
"""Most retrainings of stored evidence that are read, unless the ceilings of the search are higher."""


class _Record(NamedTuple):
    point: dict[str, Any]
    probes: Probes


def stored_evidence(sweep: Sweep, objects: Objects) -> tuple[Probes, ...]:
    """Return the stored probes of each search of a sweep within its range; empty for a point without any.

    Args:
        sweep: a sweep with a search.
        objects: the store.
    """
    probes = {_text(record.point): record.probes for record in _records(sweep, objects)}
    return tuple(_probes_in_range(_search(sweep), probes.get(_text(point), {})) for point in _points(sweep))


def listed_evidence(sweep: Sweep, objects: Objects) -> tuple[Probes, ...]:
    """Return the probes that ``THRESHOLD_FILE`` lists, of each search within its range, in the order of the points.

    The file does not say of which settings they are. They are empty if the file is absent, damaged, of another number
    of searches, or if ``KEYS`` differ. A file of before ``search.generations`` has no numbers of retrainings: they are
    ``loop.generations``.
    """
    search, content = _search(sweep), _last_searches(sweep, objects)
    nothing: tuple[Probes, ...] = ({},) * len(search.probes)
    if content is None or _changed_keys(search, content):
        return nothing
    probes = [_read_probes(of_search.get("probes"), search) for of_search in content["searches"]]
    if len(probes) != len(nothing) or None in probes:
        return nothing
    return tuple(_probes_in_range(search, of_search) for of_search in probes if of_search is not None)


def store_evidence(sweep: Sweep, objects: Objects) -> None:
    """Store the evidence of the searches of a sweep; stored values outside the range stay, and points that it lacks.

    Args:
        sweep: from ``read_state``.
        objects: the store.
    """
    search, records = _search(sweep), {_text(record.point): record for record in _records(sweep, objects)}
    for point, evidence in zip(_points(sweep), search.evidence, strict=True):
        if evidence:
            earlier = records.get(_text(point), _Record(point, {})).probes
            outside = {value: runs for value, runs in earlier.items() if not search.low <= value <= search.high}
            records[_text(point)] = _Record(point, dict(sorted({**outside, **evidence}.items())))
    content = {
        "search": _key_settings(search),
        "searches": [
            {"point": record.point, "probes": [{"value": value, **asdict(runs)} for value, runs in probes.items()]}
            for record in records.values()
            if (probes := record.probes)
        ],
    }
    objects.put(_evidence_file(sweep), json.dumps(content).encode())


def changed_settings_text(sweep: Sweep, objects: Objects) -> str:
    """Return a sentence on the settings of a search that differ from those of stored evidence; "" if none do.

    Args:
        sweep: from ``read_state``.
        objects: the store.
    """
    if sweep.search is None or not (keys := _differing_keys(sweep, objects)):
        return ""
    verb = "differs" if len(keys) == 1 else "differ"
    return (
        f"{' and '.join(keys)} {verb} from the search that the store has of {sweep.name}, so a new one begins at the "
        "ends of its range; the evidence of the earlier one stays, for a sweep with its settings"
    )


def _differing_keys(sweep: Sweep, objects: Objects) -> list[str]:
    """Return the keys in which searches without evidence differ from the nearest stored ones."""
    search, records = _search(sweep), _records(sweep, objects)
    if not records:
        content = _last_searches(sweep, objects)
        return [] if content is None else _changed_keys(search, content)
    points = [record.point for record in records]
    new = [
        point
        for point, evidence in zip(_points(sweep), search.evidence, strict=True)
        if not evidence and point not in points
    ]
    if not new:
        return []
    differences = [[key for key in {**new[0], **point} if new[0].get(key) != point.get(key)] for point in points]
    return min(differences, key=len)


def _points(sweep: Sweep) -> list[dict[str, Any]]:
    """Return the settings of each search's point of ``space``, and of the sections of the file, as plain JSON."""
    search = _search(sweep)
    sections = {name: sweep.resolved[name] for name in SECTIONS if name in sweep.resolved}
    cells = [sweep.cells[search.cell(index, search.low)] for index in range(len(search.probes))]
    axes = ({name: value for name, value in cell.axes.items() if name != search.axis} for cell in cells)
    return [json.loads(json.dumps({**sections, **of_cell}, default=repr)) for of_cell in axes]


def _text(point: Mapping[str, Any]) -> str:
    """Return the settings of a point as JSON, in an order that does not depend on the file."""
    return json.dumps(point, sort_keys=True)


def _probes_in_range(search: ThresholdSearch, probes: Probes) -> Probes:
    """Return the probes within the range of a search."""
    return {value: runs for value, runs in probes.items() if search.low <= value <= search.high}


def _records(sweep: Sweep, objects: Objects) -> list[_Record]:
    """Return the records of the evidence file of a sweep's search; damaged ones are left out."""
    content = _read(_evidence_file(sweep), objects)
    searches = [] if content is None else content["searches"]
    points = [of_search.get("point") for of_search in searches]
    probes = [_read_probes(of_search.get("probes"), _search(sweep)) for of_search in searches]
    pairs = zip(points, probes, strict=True)
    return [_Record(point, of_point) for point, of_point in pairs if isinstance(point, dict) and of_point is not None]


def _read_probes(content: Any, search: ThresholdSearch) -> Probes | None:
    """Return the probes of a stored record; None if they cannot be those of a search."""
    try:
        probes = {
            probe["value"]: Runs(tuple(probe["seeds"]), probe.get("generations", search.generations))
            for probe in content
        }
        return probes if len(probes) == len(content) and _is_plausible(probes, search) else None
    except (KeyError, TypeError, AttributeError):
        return None


def _is_plausible(probes: Probes, search: ThresholdSearch) -> bool:
    """Return True if probes can be those of a search: values and seeds in order, at least a block of seeds each.

    Values near the threshold may lack the first seeds.
    """
    first = len(search.seeds)
    number_types = (int,) if search.whole else (int, float)
    values, numbers = list(probes), [number for runs in probes.values() for number in (*runs.seeds, runs.generations)]
    if not all(type(value) in number_types and -1e300 < value < 1e300 for value in values):
        return False
    if not all(type(number) is int and number >= 0 for number in numbers):
        return False
    runs = sum(len(of_value.seeds) for of_value in probes.values())
    retrainings = sum(len(of_value.seeds) * of_value.generations for of_value in probes.values())
    return (
        _is_ascending(values)
        and all(len(of_value.seeds) >= first and _is_ascending(of_value.seeds) for of_value in probes.values())
        and all(of_value.generations >= search.generations for of_value in probes.values())
        and runs <= max(MAX_RUNS, search.runs)
        and retrainings <= max(MAX_RETRAININGS, search.runs * search.max_generations)
    )


def _is_ascending(numbers: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def _evidence_file(sweep: Sweep) -> str:
    """Return the name of the file with the evidence of the searches that have the ``KEYS`` of a sweep."""
    return f"{sweep_folder(sweep.name)}/{EVIDENCE_FOLDER}/{key_of(_key_settings(_search(sweep)))}.json"


def _last_searches(sweep: Sweep, objects: Objects) -> dict[str, Any] | None:
    """Return the content of ``THRESHOLD_FILE``; None if it is absent or damaged."""
    return _read(f"{sweep_folder(sweep.name)}/{THRESHOLD_FILE}", objects)


def _read(name: str, objects: Objects) -> dict[str, Any] | None:
    """Return the content of a file with searches; None if it is absent or damaged."""
    try:
        content = json.loads(objects.get(name))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("search"), dict):
        return None
    searches = content.get("searches")
    is_whole = isinstance(searches, list) and all(isinstance(of_search, dict) for of_search in searches)
    return content if is_whole else None


def _key_settings(search: ThresholdSearch) -> dict[str, Any]:
    """Return the values of ``KEYS`` as plain JSON."""
    plain: dict[str, Any] = json.loads(json.dumps({name: getattr(search, name) for name in KEYS}))
    return plain


def _changed_keys(search: ThresholdSearch, content: Mapping[str, Any]) -> list[str]:
    """Return the keys of the sweep file whose values differ from those of the stored evidence."""
    return [KEYS[name] for name, value in _key_settings(search).items() if content["search"].get(name, value) != value]


def _search(sweep: Sweep) -> ThresholdSearch:
    assert sweep.search is not None
    return sweep.search
