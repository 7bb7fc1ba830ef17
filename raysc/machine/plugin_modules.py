"""Modules of plug-ins. Their code is that of their files: an edited module is loaded again or refused.

The key of a plug-in holds the hash of its source file, and of the modules from the same folder that it imports. A
process that runs for hours, such as a notebook, must not run the code of an earlier content of these files. So every
source file is read once, and its hash and its code come from the same bytes. Python's cached bytecode is not used,
since it is recognised by size and time in whole seconds.

A module keeps its code while a sweep runs. Files are compared again when the next sweep is opened.
"""

import importlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from threading import RLock
from types import CodeType, ModuleType

import psutil

from raysc.errors import InputError
from raysc.machine.local_imports import neighbours

START_SECONDS = 2.0
"""Uncertainty of the time at which this process was started."""

_LOCK = RLock()


@dataclass(frozen=True)
class _Source:
    """The source file of a module, and the SHA-256 of the content that its code was compiled from."""

    file: Path
    sha256: str

    @property
    def changed(self) -> bool:
        """True if the file has another content now, or is gone."""
        try:
            return sha256(self.file.read_bytes()).hexdigest() != self.sha256
        except OSError:
            return True


_SOURCES: dict[str, _Source] = {}
"""Recorded module -> its source."""
_GROUPS: dict[str, frozenset[str]] = {}
"""Module of a plug-in -> the recorded modules that it refers to, itself included."""
_NEIGHBOURS: dict[str, tuple[str, ...]] = {}
"""Module of a plug-in, or module that it refers to -> the recorded modules from its folder that it imports."""
_REFUSALS: dict[str, str] = {}
"""Module of a plug-in that would run old code -> the message."""


class _Loader(SourceFileLoader):
    """A loader that compiles the source file and records its hash."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the file's present content."""
        path = self.get_filename(fullname)
        source = self.get_data(path)
        _SOURCES[fullname] = _Source(Path(path), sha256(source).hexdigest())
        code: CodeType = self.source_to_code(source, path)
        return code


class _Finder(MetaPathFinder):
    """A finder that loads source files with the loader above; installed modules keep their own loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module from a source file that is not installed; None for other modules."""
        if _is_raysc(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin or is_installed(spec.origin):
            return None
        spec.loader = _Loader(fullname, spec.origin)
        spec.cached = None
        return spec


def refresh_plugins() -> None:
    """Compare the modules of plug-ins with their files, before a sweep is read.

    A plug-in whose own file has changed is loaded again when a sweep names it. A plug-in that refers to another module
    whose file has changed is refused then: other code may hold objects of that module.
    """
    with _LOCK:
        _REFUSALS.clear()
        for name, group in list(_GROUPS.items()):
            changed = {member for member in group if member in _SOURCES and _SOURCES[member].changed}
            if not changed:
                continue
            if changed == {name} and not is_installed(str(_SOURCES[name].file)) and name != "__main__":
                _forget(name)
            else:
                _REFUSALS[name] = _restart(name, min(changed - {name} or changed))


def import_plugin(name: str) -> ModuleType:
    """Return the module of a plug-in.

    Args:
        name: dotted name.

    Raises:
        InputError: this process has old code of the module, or of a module that it refers to.
        Exception: any error of the module itself.
    """
    with _LOCK:
        if name in _REFUSALS:
            raise InputError(_REFUSALS[name])
        if name in _GROUPS and name in sys.modules:
            return sys.modules[name]
        if name in sys.modules and name not in _SOURCES and _is_stale(sys.modules[name]):
            if name == "__main__":
                raise InputError(_restart(name, name))
            sys.modules.pop(name)  # imported by the user's code before the file changed
        with _recording():
            module = importlib.import_module(name)
        group = frozenset({name, *_references(module)})
        for member in group:
            if member not in _SOURCES:
                if member != name and _is_stale(sys.modules[member]):
                    raise InputError(_restart(name, member))
                _record(member, _source_file(sys.modules[member]))
        for member in group:
            group |= _record_neighbours(member)
        _GROUPS[name] = group
        return module


def source_hash(name: str) -> str | None:
    """Return the SHA-256 of the source of a module's code; None for a module without a record.

    If the module imports others from its folder, the hash is of all of them.
    """
    with _LOCK:
        if name not in _SOURCES:
            return None
        digest = _SOURCES[name].sha256
        if not _NEIGHBOURS.get(name):
            return digest
        parts = [digest, *(f"{member} {_SOURCES[member].sha256}" for member in _NEIGHBOURS[name])]
        return sha256("\n".join(parts).encode()).hexdigest()


def is_recorded(file: str) -> bool:
    """Return True for the source file of a recorded module."""
    with _LOCK:
        return any(str(source.file) == file for source in _SOURCES.values())


def is_installed(file: str) -> bool:
    """Return True for a file of Python or of an installed package."""
    path = Path(file).resolve()
    in_packages = bool({"site-packages", "dist-packages"} & {*path.parts})
    return in_packages or any(path.is_relative_to(root) for root in _roots())


@cache
def _roots() -> frozenset[Path]:
    """Return the folders of Python's library and of installed packages."""
    schemes = ("stdlib", "platstdlib", "purelib", "platlib")
    return frozenset(Path(sysconfig.get_path(scheme)).resolve() for scheme in schemes)


@contextmanager
def _recording() -> Iterator[None]:
    """Load modules with the recording loader."""
    importlib.invalidate_caches()
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _references(module: ModuleType) -> set[str]:
    """Return the names of the modules from files of a user that a module refers to, at any depth."""
    names: set[str] = set()
    pending = [module]
    while pending:
        for value in list(vars(pending.pop()).values()):
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if not isinstance(name, str) or name in names or not isinstance(sys.modules.get(name), ModuleType):
                continue
            file = _source_file(sys.modules[name])
            if file is not None and not _is_raysc(name) and not is_installed(file):
                names.add(name)
                pending.append(sys.modules[name])
    return names


def _source_file(module: ModuleType) -> str | None:
    """Return the source file of a module; None if it has none."""
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) and file.endswith(".py") else None


def _is_stale(module: ModuleType) -> bool:
    """Return True if the file of a module has changed since this process started: its code may be older."""
    file = _source_file(module)
    if file is None or is_installed(file):
        return False
    try:
        return Path(file).stat().st_ctime > _process_start() + START_SECONDS
    except OSError:
        return True


@cache
def _process_start() -> float:
    """Return the time at which this process was started, in seconds since the epoch."""
    return psutil.Process().create_time()


def _record(name: str, file: str | None) -> None:
    """Record the file of a module that was not loaded by the loader above."""
    if file is not None:
        _SOURCES[name] = _Source(Path(file), sha256(Path(file).read_bytes()).hexdigest())


def _record_neighbours(name: str) -> set[str]:
    """Record the modules from the folder of a module that it imports; return their names.

    Raises:
        InputError: this process has old code of such a module.
    """
    if name not in _SOURCES:
        return set()
    files = neighbours(name, _SOURCES[name].file)
    names = sorted(other for other, file in files.items() if not _is_raysc(other) and not is_installed(str(file)))
    for other in names:
        if other in _SOURCES:
            continue
        if other in sys.modules and _is_stale(sys.modules[other]):
            raise InputError(_restart(name, other))
        _record(other, str(files[other]))
    _NEIGHBOURS[name] = tuple(names)
    return set(names)


def _forget(name: str) -> None:
    """Remove a module from those of this process, so that its next import reads the file."""
    sys.modules.pop(name, None)
    del _SOURCES[name], _GROUPS[name]
    _NEIGHBOURS.pop(name, None)


def _is_raysc(name: str) -> bool:
    return name == "raysc" or name.startswith("raysc.")


def _restart(name: str, changed: str) -> str:
    """Return the message about a module whose file has changed."""
    file = _SOURCES[changed].file if changed in _SOURCES else _source_file(sys.modules[changed])
    by = "" if changed == name else f", which {name} uses,"
    return (
        f"{file}{by} has changed since this process loaded it; restart Python (a notebook: its kernel), since old code "
        "would run"
    )
