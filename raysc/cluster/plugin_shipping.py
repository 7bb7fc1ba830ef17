"""Shipping of plug-in modules to the processes of a cluster: by value with pickled objects, or as files of a job."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ray import cloudpickle

from raysc.planning.resolved import ResolvedSweep


def plugin_modules(resolved: ResolvedSweep) -> set[str]:
    """Return the modules that a sweep names by import path."""
    components = [*resolved.sweep.metrics]
    for cell in resolved.cells:
        settings = cell.settings
        components += [settings.data, settings.model, settings.regime, settings.curation]
    return {component.name.partition(":")[0] for component in components if ":" in component.name}


@contextmanager
def shipped_plugins(modules: Iterable[str]) -> Iterator[None]:
    """Pickle plug-in modules by value inside the context, so that other processes and machines need not have them."""
    registered = [sys.modules[name] for name in modules if name not in cloudpickle.list_registry_pickle_by_value()]
    for module in registered:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)


def plugin_files(modules: Iterable[str]) -> dict[str, bytes]:
    """Read the plug-ins of a sweep, and the modules of the same folder that they import.

    Args:
        modules: dotted names of imported modules. Installed ones are skipped: every machine must have them.

    Returns:
        File name below that folder -> content.
    """
    top_names = {name.partition(".")[0] for name in modules}
    folders = {folder for name in top_names if (folder := _source_folder(sys.modules[name])) is not None}
    contents: dict[str, bytes] = {}
    for name, module in list(sys.modules.items()):
        folder = None if "." in name or name == "raysc" else _source_folder(module)
        if folder is None or folder not in folders:
            continue
        package = folder / name
        files = sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]
        contents |= {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
    return contents


def _source_folder(module: ModuleType) -> Path | None:
    """Return the folder of a top-level module or package; None if it is installed or has no source file."""
    paths = list(getattr(module, "__path__", ()))
    path = Path(paths[0]) if paths else Path(getattr(module, "__file__", None) or "x.so")
    if not paths and path.suffix != ".py":
        return None
    folder = path.resolve().parent
    is_installed = {"site-packages", "dist-packages"} & set(folder.parts) or folder.is_relative_to(sys.base_prefix)
    return None if is_installed else folder
