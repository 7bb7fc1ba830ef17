"""State of the process that a sweep changes and that is restored when it has ended.

Restored: the module search path, environment variables, signal handlers, warning filters, and level, handlers,
propagation and filters of the loggers. Not restored: imported modules, and the progress bars of transformers, which
raysc switches off.
"""

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LoggerState = tuple[int, list[logging.Handler], bool, bool, list[Any]]


@contextmanager
def restored_process_state() -> Iterator[None]:
    """Restore the state of the process at the end."""
    path, environment = list(sys.path), dict(os.environ)
    filters, loggers, handlers = list(warnings.filters), _logger_states(), _signal_handlers()
    try:
        yield
    finally:
        sys.path[:] = path
        _restore_environment(environment)
        if list(warnings.filters) != filters:
            warnings.filters[:] = filters  # type: ignore[index]  # typeshed declares a sequence, Python has a list
        _restore_loggers(loggers)
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextmanager
def restored_module_path() -> Iterator[None]:
    """Restore the module search path at the end."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path


def _restore_environment(environment: dict[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _signal_handlers() -> dict[signal.Signals, Any]:
    """Return the handlers of interruption and termination; none in a thread that cannot set them."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    return {number: handler for number, handler in known.items() if handler is not None}


def _loggers() -> list[logging.Logger]:
    existing = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    return [logging.root, *existing]


def _logger_states() -> dict[logging.Logger, _LoggerState]:
    return {
        logger: (logger.level, list(logger.handlers), logger.propagate, logger.disabled, list(logger.filters))
        for logger in _loggers()
    }


def _restore_loggers(states: dict[logging.Logger, _LoggerState]) -> None:
    """Restore loggers; one that is new has no level of its own."""
    for logger in _loggers():
        if logger not in states:
            if logger.name == "ray" or logger.name.startswith("ray."):
                logger.setLevel(logging.NOTSET)
            continue
        level, handlers, logger.propagate, logger.disabled, filters = states[logger]
        logger.handlers[:], logger.filters[:] = handlers, filters
        if logger.level != level:
            logger.setLevel(level)
