"""A sweep, read and expanded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from raysc.errors import InputError
from raysc.settings import Cell, Component, Keep, Measure, Price, Resources, Until
from raysc.sweepfile.claims import Claim
from raysc.sweepfile.messages import Places


@dataclass(frozen=True)
class Sweep:
    """A whole sweep file after reading, overriding, checking and expanding.

    Attributes:
        name: names its folder in the store.
        path: the file, as the user gave it.
        comment: that the file opens with: what the sweep asks, and with which command; "" if it has none.
        cells: no two equal; those of the file first, in its order, then the controls.
        seeds: without repeats, in order.
        generations: T >= 1, retrainings after generation 0.
        metrics: in the file's order.
        measure: which generations are measured.
        until: where a seed ends early, if anywhere.
        control: what the control of a cell is.
        initial_quality: the metric by which generation 0 is judged; the first one if not set.
        resources: per rank.
        pool: where sampled rows live.
        keep: what stays in the store.
        storage: a path or URI, if the file names one.
        claims: what is to be judged; in no key.
        loggers: what Tune's results also go to.
        prices: type of node -> what it costs and has.
        notes: what expansion did that a user may want to know (cells that became equal, a long EMA).
        resolved: the file's mapping after overrides, for the record.
        lines: dotted key -> "FILE, line N", for messages.
    """

    name: str
    path: str
    comment: str
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    generations: int
    metrics: tuple[Component, ...]
    measure: Measure
    until: Until | None
    control: Literal["declared", "matched", "none"]
    initial_quality: str | None
    resources: Resources
    pool: Literal["parquet", "object_store"]
    keep: Keep
    storage: str | None
    claims: tuple[Claim, ...]
    loggers: tuple[Component, ...]
    prices: Mapping[str, Price]
    notes: tuple[str, ...]
    resolved: Mapping[str, Any]
    lines: Mapping[str, str]

    def error(self, key: str, problem: str) -> InputError:
        """The message for a setting that cannot work, with the line that set it (or its nearest parent)."""
        return Places(self.path, self.lines).error(key, problem)
