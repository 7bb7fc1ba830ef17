"""What this process is busy with, told by long loops and read by whoever shows progress.

A loop calls ``tell`` now and then; that costs a microsecond. The holder of a lease puts ``told()`` into it with every
renewal, so that ``raysc sweep`` and ``raysc status`` can show what a unit does within a generation, on any machine.
"""

import time
from dataclasses import dataclass

from raysc.formatting import clock


@dataclass(frozen=True)
class Activity:
    """A loop that is under way.

    Attributes:
        what: in words: "training".
        unit: of its steps: "steps".
        first: steps that were done when it was told of first.
        done: steps that are done.
        total: of them.
        began: when it was told of first, as time.monotonic().
    """

    what: str
    unit: str
    first: int
    done: int
    total: int
    began: float

    def text(self, now: float) -> str:
        """``training: 1,200 of 20,000 steps, 41 a second, about 7 min 38 s left``."""
        told = f"{self.what}: {self.done:,} of {self.total:,} {self.unit}"
        made, spent = self.done - self.first, now - self.began
        if made <= 0 or spent <= 0:
            return told
        rate = made / spent
        each = f"{rate:,.3g} a second" if rate >= 1 else f"{60 * rate:.3g} a minute"
        return f"{told}, {each}, about {clock((self.total - self.done) / rate)} left"


Told = tuple[str, str, int, int]
"""What ``tell`` takes."""

_now: Activity | None = None


def tell(what: str, unit: str, done: int, total: int) -> None:
    """Say how far a loop is; at its end (done = total) this process is busy with nothing."""
    global _now
    before = _now
    if done >= total:
        _now = None
    elif before is not None and (before.what, before.total) == (what, total) and before.done <= done:
        _now = Activity(what, unit, before.first, done, total, before.began)
    else:
        _now = Activity(what, unit, done, done, total, time.monotonic())


def now() -> Told | None:
    """What ``tell`` was told last, for another process to repeat; None if no long loop is under way."""
    return None if _now is None else (_now.what, _now.unit, _now.done, _now.total)


def repeat(other: Told | None) -> None:
    """Tell what another process is busy with on this one's behalf; clocks differ, so rates count from here."""
    global _now
    if other is None:
        _now = None
    else:
        tell(*other)


def told() -> str:
    """What this process is busy with, in words; "" if no long loop is under way."""
    return "" if _now is None else _now.text(time.monotonic())
