"""The measured generations of a sweep."""

from typing import Any

from raysc.settings import Measure
from raysc.sweepfile.messages import Locations, quote


def generations_measured(measure: Measure, generations: int) -> tuple[int, ...]:
    """Return the measured generations, in order.

    Args:
        measure: "all", "log" or a list; "log" selects generation 0, the last one, and about ten in each decade.
        generations: T.
    """
    every = range(generations + 1)
    if measure == "all":
        return tuple(every)
    if measure == "log":
        spaced = {round(10 ** (k / 10)) for k in range(10 * len(str(generations)))}
        return tuple(t for t in every if t == 0 or t == generations or t in spaced)
    return tuple(t for t in every if t in measure)


def read_measure(value: Any, generations: int, locations: Locations) -> Measure:
    """Return "all", "log" or the listed generations, sorted and without repeats."""
    if value == "all" or value == "log":
        return "all" if value == "all" else "log"
    if not isinstance(value, list) or not value:
        raise locations.error("measure", f"expected all, log or a list of generations, got {quote(value)}")
    for index, generation in enumerate(value):
        if type(generation) is not int or not 0 <= generation <= generations:
            raise locations.error(
                f"measure.{index}", f"expected a generation from 0 to {generations}, got {quote(generation)}"
            )
    return tuple(sorted(set(value)))
