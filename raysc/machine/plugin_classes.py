"""Classes as plug-ins: their import path, and the hash of the source of a class that was defined in a notebook."""

import ast
import linecache
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from raysc.errors import InputError
from raysc.machine.plugin_modules import is_installed

PLAIN_TYPES = (int, float, complex, str, bytes, bool, type(None), range)
"""Types of values whose repr says all of them."""


def import_path(cls: type) -> str:
    """Return the name of a plug-in's class in a sweep file, ``module:Class``.

    Raises:
        ValueError: processes of Ray could not get the class.
    """
    name = cls.__qualname__
    if "." in name:
        raise ValueError(
            f"{name} is defined inside {name.rpartition('.')[0].removesuffix('.<locals>')}, where Ray's workers cannot "
            "find it; define it at the top of a module or of a notebook's cell"
        )
    if getattr(sys.modules.get(cls.__module__), name, None) is not cls:
        raise ValueError(f"{name} is not the class that {cls.__module__} has under this name; was it defined again?")
    return f"{cls.__module__}:{name}"


def is_of_notebook(cls: type) -> bool:
    """Return True for a class that was defined in a notebook or an interactive session."""
    return cls.__module__ == "__main__" and getattr(sys.modules["__main__"], "__file__", None) is None


def notebook_hash(cls: type) -> str:
    """Return the SHA-256 of the source of a class of a notebook, and of all that it uses from the notebook.

    Raises:
        InputError: the source is not known, or the class uses a value that has no source, such as an array.
    """
    lines = sorted(_sources(cls, vars(sys.modules["__main__"]), {}).items())
    return sha256("\n".join(f"{name}\0{text}" for name, text in lines).encode()).hexdigest()


def _sources(value: Any, names: Mapping[str, Any], sources: dict[str, str]) -> dict[str, str]:
    """Add the source of a class or function of the notebook, and those that it uses, by name; return all."""
    text, node = _definition(value)
    sources[value.__name__] = text
    for used in sorted({inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} & names.keys()):
        if used in sources:
            continue
        inner = names[used]
        if isinstance(inner, type | FunctionType) and inner.__module__ == "__main__":
            _sources(inner, names, sources)
        else:
            sources[used] = _identity(inner, used, value)
    return sources


def _definition(value: type | FunctionType) -> tuple[str, ast.AST]:
    """Return the source of a class or function, with its decorators, and its syntax tree."""
    kinds = (ast.FunctionDef,) if isinstance(value, FunctionType) else (ast.ClassDef,)
    for code in _codes(value):
        lines = linecache.getlines(code.co_filename)
        for node in reversed(ast.parse("".join(lines)).body):
            if isinstance(node, kinds) and node.name == value.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return "".join(lines[first - 1 : node.end_lineno]), node
    raise InputError(f"the source of {value.__name__} is not known, and its hash is a part of keys; put it into a file")


def _codes(value: type | FunctionType) -> Iterator[CodeType]:
    """Yield the code of a function, or of the methods of a class; code of ``dataclass`` has no source."""
    if isinstance(value, FunctionType):
        yield value.__code__
        return
    for member in vars(value).values():
        function = getattr(member, "__func__", getattr(member, "fget", member))
        if isinstance(function, FunctionType) and linecache.getlines(function.__code__.co_filename):
            yield function.__code__


def _identity(value: Any, name: str, user: type | FunctionType) -> str:
    """Return a text that changes with a value which the source of a class uses.

    Raises:
        InputError: there is no such text.
    """
    if isinstance(value, ModuleType | type | FunctionType):
        module = value if isinstance(value, ModuleType) else sys.modules.get(value.__module__)
        file = getattr(module, "__file__", None)
        is_users = (
            file is not None and not is_installed(file) and not getattr(module, "__name__", "").startswith("raysc")
        )
        content = sha256(Path(file).read_bytes()).hexdigest() if is_users and file is not None else ""
        return f"{getattr(value, '__module__', '')}:{value.__name__}:{content}"
    if _is_plain(value) or type(value).__module__.partition(".")[0] in ("typing", "raysc"):
        return repr(value)
    raise InputError(
        f"{user.__name__} uses {name} of the notebook, {type(value).__name__} whose content is in no key; make it a "
        "parameter, or put the class into a file"
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(item) for item in (*value.keys(), *value.values()))
    return isinstance(value, PLAIN_TYPES) or (isinstance(value, tuple | list) and all(map(_is_plain, value)))
