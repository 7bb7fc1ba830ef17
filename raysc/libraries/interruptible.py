"""Long calls of libraries that Ctrl-C ends."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")

CHECK_SECONDS = 0.2
"""Seconds between two checks for signals."""


def call_interruptibly(call: Callable[[], Result]) -> Result:
    """Call a function of a library that does not return to Python for a long time.

    Python handles signals in its main thread between two of its own instructions. The call runs in another thread,
    and an interrupt leaves it there; a process that ends does not wait for it.

    Args:
        call: the call; the library must release Python's global lock.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(CHECK_SECONDS)
    if errors:
        raise errors[0]
    return results[0]
