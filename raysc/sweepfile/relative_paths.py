"""Relative paths of a sweep, made absolute when it is read.

A sweep is read in one folder and used in others: trials run in folders of their own, and the copy in the store is
opened from anywhere. A relative path starts at the folder in which the command runs.
"""

from collections.abc import Iterator
from typing import Any

from raysc.errors import RayscError
from raysc.machine.paths import URI, is_existing, local_path
from raysc.sweepfile.components import ComponentChecker
from raysc.sweepfile.signature import ComponentKind

COMPONENTS: tuple[ComponentKind, ...] = ("data", "model")
"""Kinds of components that may read files."""
ALWAYS_PATHS = ("path",)
"""Parameters that can be nothing but a path; the others may also be ids of a hub."""
SOURCES = ("initial.from",)
"""Settings that name a folder or an id of a hub."""


def make_paths_absolute(values: dict[str, Any], checker: ComponentChecker) -> None:
    """Make the relative paths of a sweep absolute, in place; what is no path, or not valid, stays for later checks.

    Args:
        values: plain values of the sweep file.
        checker: knows which parameters of a component are locations.
    """
    locations: dict[str, set[str]] = {kind: _location_parameters(values, kind, checker) for kind in COMPONENTS}
    for name, parameters in locations.items():
        _component(values.get(name), parameters)
    if isinstance(initial := values.get("initial"), dict):
        _replace(initial, "from", always=False)
    if isinstance(storage := values.get("storage"), str) and not URI.match(storage):
        _replace(values, "storage", always=True)
    for mapping in _axes(values):
        for axis in mapping:
            kind, _, parameter = axis.partition(".")
            parameters = locations.get(kind, set())
            if axis in SOURCES or parameter in parameters:
                _replace(mapping, axis, always=parameter in ALWAYS_PATHS)
            elif not parameter and parameters:
                for value in mapping[axis] if isinstance(mapping[axis], list) else [mapping[axis]]:
                    _component(value, parameters)


def _axes(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every mapping from axes to values: grids, and selections of cells in claims."""
    space = values.get("space")
    yield from (grid for grid in (space if isinstance(space, list) else [space]) if isinstance(grid, dict))
    claims = values.get("claims")
    for claim in claims if isinstance(claims, list) else []:
        if isinstance(claim, dict):
            yield from (inner for inner in claim.values() if isinstance(inner, dict))


def _location_parameters(values: dict[str, Any], kind: ComponentKind, checker: ComponentChecker) -> set[str]:
    """Return the parameters that locate files, of all components of a kind that a sweep names."""
    parameters: set[str] = set()
    for name in _names(values, kind):
        try:
            parameters |= set(checker.registry.signature(kind, name).locations)
        except RayscError:
            continue  # an unknown component is refused later, with its line
    from_hub = any("hub" in (key, key.rpartition(".")[2]) for entry in _entries(values, kind) for key in entry)
    return parameters - {"hub"} - ({"held_out_from"} if from_hub else set())


def _entries(values: dict[str, Any], kind: ComponentKind) -> Iterator[dict[str, Any]]:
    """Yield the mappings that may hold parameters of a kind of components."""
    yield from (entry for entry in [values.get(kind), *_axes(values)] if isinstance(entry, dict))
    for grid in _axes(values):
        entry = grid.get(kind)
        yield from (item for item in (entry if isinstance(entry, list) else [entry]) if isinstance(item, dict))


def _names(values: dict[str, Any], kind: ComponentKind) -> set[str]:
    """Return the names of all components of a kind, in the file's section and in its grids."""
    entries = [values.get(kind)]
    for grid in _axes(values):
        for key in (kind, f"{kind}.name"):
            entry = grid.get(key)
            entries.extend(entry if isinstance(entry, list) else [entry])
    named = [entry.get("name") if isinstance(entry, dict) else entry for entry in entries]
    return {name for name in named if isinstance(name, str)}


def _component(entry: Any, locations: set[str]) -> None:
    """Make the paths among a component's parameters absolute."""
    if isinstance(entry, dict):
        for parameter in locations & entry.keys():
            _replace(entry, parameter, always=parameter in ALWAYS_PATHS)


def _replace(mapping: dict[str, Any], key: str, always: bool) -> None:
    """Make the path, or each path of a list, below a key absolute; ``always``: also one that does not exist."""
    if key in mapping:
        value = mapping[key]
        is_list = isinstance(value, list)
        mapping[key] = [_absolute(item, always) for item in value] if is_list else _absolute(value, always)


def _absolute(value: Any, always: bool) -> Any:
    """Return the absolute path of a text that is a path; other values unchanged."""
    if not isinstance(value, str):
        return value
    try:
        path = local_path(value)
    except RayscError:
        return value  # refused later, with its line
    names_a_path = value.startswith((".", "/", "~")) or is_existing(path)
    return str(path) if always or names_a_path else value
