"""Neighbours of a module: the modules from its folder that it imports, at any depth, also within functions."""

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec, resolve_name
from pathlib import Path


def neighbours(name: str, file: Path) -> dict[str, Path]:
    """Map the neighbours of a module to their source files.

    Args:
        name: dotted name of the module, which is imported.
        file: its source file.
    """
    folder, sources = file.resolve().parent, {name: file}
    pending = [(name, file)]
    while pending:
        for imported in _imported_names(*pending.pop()):
            source = None if imported in sources else _source_file(imported)
            if source is not None and source.resolve().is_relative_to(folder):
                sources[imported] = source
                pending.append((imported, source))
    del sources[name]
    return sources


def _imported_names(name: str, file: Path) -> Iterator[str]:
    """Yield the dotted names that a source file imports; of ``from a import b`` both a and a.b."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if node.level:
                try:
                    module = resolve_name(module, package)
                except ImportError:
                    continue  # beyond the top-level package: the import fails when it runs
            yield module
            for alias in node.names:
                yield f"{module}.{alias.name}"


def _source_file(name: str) -> Path | None:
    """Return the source file that an import of a module reads; None if it has none. Nothing is imported."""
    parent = name.rpartition(".")[0]
    if name in sys.modules:
        origin = getattr(sys.modules[name], "__file__", None)
    elif parent and not hasattr(sys.modules.get(parent), "__path__"):
        return None
    else:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec is not None else None
    return Path(origin) if isinstance(origin, str) and origin.endswith(".py") else None
