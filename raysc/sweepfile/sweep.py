"""A sweep, read and expanded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from raysc.errors import InputError
from raysc.settings import CellSettings, Component, Keep, Measure, Price, Resources, Until
from raysc.sweepfile.claims import Claim
from raysc.sweepfile.messages import Locations
from raysc.sweepfile.threshold_search import Runs, ThresholdSearch


@dataclass(frozen=True)
class Sweep:
    """A sweep file after reading, overriding, checking and expanding.

    Attributes:
        name: name of its folder in the store.
        path: the file, as the user gave it, or the name of its source.
        comment: the opening comment of the file: the question of the sweep and its command; "" if there is none.
        cells: different cells: first those of the file, in its order, then the added controls.
        seeds: without repeats, in order; of a search those of all cells, of which each has some (``seeds_of``).
        generations: T >= 1, retrainings after generation 0; of a search the most of any cell so far, see
            ``generations_of`` and ``ceiling``.
        metrics: in the file's order.
        measure: the generations to measure.
        until: condition that ends a seed early, if any.
        control: the kind of control of each cell.
        initial_quality: the metric by which generation 0 is judged; None: the first metric.
        resources: per rank.
        pool: storage of sampled rows.
        keep: retention in the store.
        storage: a path or URI, if the file has one.
        claims: claims to be judged; part of no key.
        loggers: further loggers for Tune's results.
        prices: type of node -> its price and size.
        labels: axis or column of a metric -> its name in figures, which may hold formulas between dollar signs.
        notes: notes on the expansion for the user (merged cells, a long EMA).
        resolved: the file's mapping after overrides, for the record.
        locations: dotted key -> "FILE, line N", for messages.
        search: the searches for a threshold, if the file has one.
        scaling: the axis in which exponents of the excess are tabulated; None: none are.
        runs_by_cell: number of the cell -> its runs, of a search; cells that are not listed have all seeds and T.
        origins_by_cell: of each cell: dotted setting -> the key of the file that set it (``space.1.regime.0``).
        origins: those of the cell that a check is about; see ``of_cell``.
    """

    name: str
    path: str
    comment: str
    cells: tuple[CellSettings, ...]
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
    labels: Mapping[str, str]
    notes: tuple[str, ...]
    resolved: Mapping[str, Any]
    locations: Mapping[str, str]
    search: ThresholdSearch | None = None
    scaling: str | None = None
    runs_by_cell: Mapping[int, Runs] = field(default_factory=dict)
    origins_by_cell: tuple[Mapping[str, str], ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    def seeds_of(self, cell: int) -> tuple[int, ...]:
        """Return the seeds of a cell."""
        return self.runs_by_cell[cell].seeds if cell in self.runs_by_cell else self.seeds

    def generations_of(self, cell: int) -> int:
        """Return the number of retrainings of a cell."""
        return self.runs_by_cell[cell].generations if cell in self.runs_by_cell else self.generations

    @property
    def ceiling(self) -> int:
        """Most retrainings that a cell has or that a search may come to; checks before the work are for all of them."""
        return self.generations if self.search is None else self.search.ceiling

    @property
    def runs(self) -> int:
        """Number of runs: seeds of all cells."""
        return sum(len(self.seeds_of(number)) for number in range(len(self.cells)))

    def error(self, key: str, problem: str) -> InputError:
        """Return the error for a setting, with the line that set it or its nearest parent."""
        return Locations(self.path, self.locations, self.origins).error(key, problem)

    def of_cell(self, cell: int) -> "Sweep":
        """Return the sweep whose errors name the lines that set a cell, of several grids or values."""
        return replace(self, origins=self.origins_by_cell[cell]) if self.origins_by_cell else self
