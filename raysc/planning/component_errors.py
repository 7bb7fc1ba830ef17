"""Errors of components, whoever raised them, as refusals with file and line.

A data set, model or metric reads files with libraries of its own, and a plug-in may raise anything. All of these errors
become ``InputError`` here: the location in the sweep file, the key, the problem.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from raysc import registry
from raysc.errors import InputError, RayscError
from raysc.sweepfile.sweep import Sweep

_KEY = re.compile(r"((?:data|model|regime|initial|train|sample|loop|metrics)(?:\.\w+)*): ")


@contextmanager
def located_errors(sweep: Sweep, key: str) -> Iterator[None]:
    """Turn every error of a component's code into the refusal of a setting.

    Args:
        sweep: knows the location of its settings.
        key: the setting of the component; an error may name a setting itself, as in ``data.hub: ...``.

    Raises:
        InputError: for every error but other errors of raysc.
    """
    try:
        yield
    except InputError as error:
        problem = str(error)
        named = _KEY.match(problem)
        raise sweep.error(named[1] if named else key, problem[named.end() :] if named else problem) from error
    except RayscError:
        raise
    except Exception as error:
        raise sweep.error(key, registry.describe_error(error)) from error
