"""The measured generations of a sweep."""

from raysc.settings import Measure


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
