"""Progress of the long loop that this process runs, for displays on any machine.

A loop calls ``report`` at every step; one call takes about a microsecond. The holder of a lease stores ``describe()``
in the lease at every renewal. So ``raysc sweep`` and ``raysc status`` show the progress within a generation.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from raysc.formatting import clock


@dataclass(frozen=True)
class LoopProgress:
    """Progress of one loop.

    Attributes:
        activity: the loop in words: "training".
        unit: unit of the steps: "steps".
        first: number of steps done at the first report.
        done: number of steps done.
        total: number of steps of the whole loop.
        started: time of the first report, as time.monotonic().
    """

    activity: str
    unit: str
    first: int
    done: int
    total: int
    started: float

    def text(self, now: float) -> str:
        """Return ``training: 1,200 of 20,000 steps, 41 a second, about 7 min 38 s left``."""
        counts = f"{self.activity}: {self.done:,} of {self.total:,} {self.unit}"
        steps, seconds = self.done - self.first, now - self.started
        if steps <= 0 or seconds <= 0:
            return counts
        rate = steps / seconds
        speed = f"{rate:,.3g} a second" if rate >= 1 else f"{60 * rate:.3g} a minute"
        return f"{counts}, {speed}, about {clock((self.total - self.done) / rate)} left"


ProgressArguments = tuple[str, str, int, int]
"""The arguments of ``report``: (activity, unit, done, total)."""

_current: LoopProgress | None = None


def report(activity: str, unit: str, done: int, total: int) -> None:
    """Record the progress of the running loop; the last report of a loop (done = total) clears it.

    Args:
        activity: the loop in words: "training".
        unit: unit of the steps: "steps".
        done: number of steps done.
        total: number of steps of the whole loop.
    """
    global _current
    before = _current
    if done >= total:
        _current = None
    elif before is not None and (before.activity, before.total) == (activity, total) and before.done <= done:
        _current = LoopProgress(activity, unit, before.first, done, total, before.started)
    else:
        _current = LoopProgress(activity, unit, done, done, total, time.monotonic())


@contextmanager
def relabelled(activity: str) -> Iterator[None]:
    """Show another activity during a part of the running loop; the loop's rate is counted from the end of that part."""
    global _current
    before = _current
    if before is not None:
        _current = replace(before, activity=activity)
    try:
        yield
    finally:
        if before is not None:
            _current = replace(before, first=before.done, started=time.monotonic())


def current() -> ProgressArguments | None:
    """Return the last report, for another process to ``relay``; None while no loop runs."""
    return None if _current is None else (_current.activity, _current.unit, _current.done, _current.total)


def relay(snapshot: ProgressArguments | None) -> None:
    """Report the progress of another process as this one's; rates count from the first relay, since clocks differ."""
    global _current
    if snapshot is None:
        _current = None
    else:
        report(*snapshot)


def describe() -> str:
    """Return this process's progress in words; "" while no loop runs."""
    return "" if _current is None else _current.text(time.monotonic())
