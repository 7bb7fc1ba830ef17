"""Caches of what a process reads from files. They are emptied before a sweep is read, since files change."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_EMPTIERS: list[Callable[[], None]] = []


def content_cache(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Cache a function that reads files, until ``empty_content_caches`` is called."""
    results: dict[tuple[object, ...], Result] = {}
    _EMPTIERS.append(results.clear)

    @wraps(function)
    def read(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        key = (*arguments, *sorted(keywords.items()))
        if key not in results:
            results[key] = function(*arguments, **keywords)
        return results[key]

    return read


def empty_content_caches() -> None:
    """Empty all caches, so that the next call of each function reads its files."""
    for empty in _EMPTIERS:
        empty()
