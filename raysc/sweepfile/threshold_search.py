"""``search: {threshold: AXIS, ...}``: the search for the largest value of an axis at which a loop is stable.

    search:
      threshold: lambda          # an axis of numbers that is not in space
      range: [0.25, 16]          # where to search
      criterion: contraction     # or {tolerance: 0.1}
      metric: trace_ratio        # default: the first column of the first metric
      width: 0.15                # of the interval at which a search ends
      runs: 400                  # most runs of each search, controls included
      hours: 20                  # hours of units after which a search proposes no more; default: no limit
      generations: 80            # most retrainings of a value that is undecided; default: loop.generations

There is one search for each point of ``space``. A sweep with a search has a cell for each value that a search has run
or is to run, its probes; at first these are the two ends of the range. Every cell has the seeds and the number of
retrainings of its own that the search has asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from raysc.seeds import are_crossed
from raysc.settings import CellSettings, Measure, Search, Tolerance
from raysc.sweepfile.domains import Domain
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.messages import Locations, did_you_mean
from raysc.sweepfile.space import COMPONENTS, NUMBER_AXES, Axis, points

Number = int | float


@dataclass(frozen=True)
class Runs:
    """Runs of one cell of a search.

    Attributes:
        seeds: in ascending order.
        generations: retrainings of each seed.
    """

    seeds: tuple[int, ...]
    generations: int

    def union(self, other: "Runs") -> "Runs":
        """Return the runs that hold these and others."""
        seeds = tuple(sorted({*self.seeds, *other.seeds}))
        return Runs(seeds, max(self.generations, other.generations))


Probes = Mapping[Number, Runs]
"""Value of the axis -> its runs, of one search."""

MIN_SEEDS = 3
"""Least number of seeds at a value: of fewer, an interval says nothing."""
RANGE_KEY = "search.range"


@dataclass(frozen=True)
class ThresholdSearch:
    """The searches of a sweep: one for each point of ``space``, all over the same axis.

    Attributes:
        axis: the axis.
        low: lower end of the range.
        high: upper end.
        logarithmic: the scale of the axis is logarithmic.
        whole: values are whole numbers: both ends are, and the axis is not lambda.
        metric: the column that is judged.
        delta: the tolerance; None: the criterion is contraction.
        width: width of the interval at which a search ends.
        runs: most runs of each search.
        hours: hours of units after which a search proposes no more; None: no limit.
        seeds: the first block of seeds.
        generations: retrainings with which a value begins.
        max_generations: most retrainings of a value that is undecided.
        probes: of each search, its probes so far and those that are to run, in ascending order.
        evidence: of each search, its probes at its last round of which all runs are published; empty before that.
    """

    axis: str
    low: Number
    high: Number
    logarithmic: bool
    whole: bool
    metric: str
    delta: float | None
    width: float
    runs: int
    hours: float | None
    seeds: tuple[int, ...]
    generations: int
    max_generations: int
    probes: tuple[Probes, ...]
    evidence: tuple[Probes, ...]

    def with_probes(self, probes: Sequence[Probes]) -> "ThresholdSearch":
        """Return the searches with other probes, in ascending order."""
        return replace(self, probes=tuple(dict(sorted(of_search.items())) for of_search in probes))

    @property
    def ends(self) -> Probes:
        """The ends of the range, with which every search begins."""
        return dict.fromkeys((self.low, self.high), Runs(self.seeds, self.generations))

    def cell(self, search: int, value: Number) -> int:
        """Return the number of a probe's cell: cells of probes come first, those of one search together."""
        before = sum(len(probes) for probes in self.probes[:search])
        return before + list(self.probes[search]).index(value)

    def runs_by_cell(self, cells: Sequence[CellSettings]) -> dict[int, Runs]:
        """Return the runs of every cell: those of a probe, and for a control those of all of its cells."""
        runs = {
            self.cell(search, value): of_value
            for search, probes in enumerate(self.probes)
            for value, of_value in probes.items()
        }
        for number, cell in enumerate(cells[: len(runs)]):
            if cell.compared_with is not None and cell.compared_with != number:
                runs[cell.compared_with] = runs.get(cell.compared_with, runs[number]).union(runs[number])
        return runs

    @property
    def ceiling(self) -> int:
        """Most retrainings of any value: ``max_generations``, or more if values ran further before it was lowered."""
        reached = [runs.generations for probes in self.probes for runs in probes.values()]
        return max([self.max_generations, *reached])

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """All seeds of all probes, in order."""
        return tuple(sorted({seed for probes in self.probes for runs in probes.values() for seed in runs.seeds}))


def read_search(
    search: Search | None,
    grids: list[list[Axis]],
    seeds: tuple[int, ...],
    columns: Sequence[str],
    measure: Measure,
    generations: int,
    control: str,
    locations: Locations,
) -> ThresholdSearch | None:
    """Return the searches of a file with the ends of the range as their probes; None for a file without a threshold.

    Args:
        search: the section ``search``.
        grids: from ``read_space``.
        seeds: of the file.
        columns: columns of the file's metrics.
        measure: of the file.
        generations: ``loop.generations``.
        control: kind of the controls.
        locations: for messages.

    Raises:
        InputError: the search cannot work.
    """
    if search is None:
        return None
    if (search.random is None) == (search.threshold is None):
        raise locations.error("search", "expected one of {random: N} and {threshold: AXIS, range: [a, b]}")
    axis = search.threshold
    if axis is None:
        return None
    if are_crossed(seeds):
        raise locations.error(
            "seeds", "a search for a threshold adds seeds where they decide: set a number, without purposes"
        )
    _check_axis(axis, grids, locations)
    low, high = _checked_range(search, locations)
    _check_judged(search, seeds, columns, control, locations)
    _check_generations(search, measure, generations, locations)
    whole = axis != "lambda" and isinstance(low, int) and isinstance(high, int)
    count = sum(1 for _ in points(grids, None, locations))
    return ThresholdSearch(
        axis=axis,
        low=low,
        high=high,
        logarithmic=low > 0 if search.scale is None else search.scale == "log",
        whole=whole,
        metric=columns[0] if search.metric is None else search.metric,
        delta=search.criterion.tolerance if isinstance(search.criterion, Tolerance) else None,
        width=search.width,
        runs=search.runs,
        hours=search.hours,
        seeds=seeds,
        generations=generations,
        max_generations=search.generations or generations,
        probes=(dict.fromkeys((low, high), Runs(seeds, generations)),) * count,
        evidence=({},) * count,
    )


def probe_grids(search: ThresholdSearch, grids: list[list[Axis]], locations: Locations) -> list[list[Axis]]:
    """Return a grid for each search: the settings of its point, and the values of its probes."""
    return [
        [
            *(Axis(key, point.origins[key], (value,)) for key, value in point.settings.items()),
            Axis(search.axis, RANGE_KEY, tuple(probes)),
        ]
        for point, probes in zip(points(grids, None, locations), search.probes, strict=True)
    ]


def check_cells(search: ThresholdSearch, cells: Sequence[CellSettings], locations: Locations) -> None:
    """Raise InputError unless every probe has a cell of its own, of a single model, and the first round is affordable.

    Args:
        search: the searches with their probes, which include both ends of the range.
        cells: all cells of the sweep.
        locations: for messages.
    """
    if any(cell.coupling is not None for cell in cells):
        raise locations.error("search.threshold", "is about cells of a single model; set models.count to 1")
    count = sum(len(probes) for probes in search.probes)
    listed = cells[:count]
    if len(listed) == count and all(
        not cell.control and cell.axes[search.axis] == value
        for cell, value in zip(listed, (value for probes in search.probes for value in probes), strict=True)
    ):
        _check_runs(search, cells, locations)
        return
    raise locations.error(
        "search.threshold",
        f"some cells of space do not depend on {search.axis}, or are equal: leave regimes without {search.axis} and "
        "repeated values out of space",
    )


def _check_runs(search: ThresholdSearch, cells: Sequence[CellSettings], locations: Locations) -> None:
    """Raise InputError if the first round of a search, the ends of the range with their controls, exceeds ``runs``."""
    for index in range(len(search.probes)):
        ends = [search.cell(index, value) for value in (search.low, search.high)]
        controls = {cells[end].compared_with for end in ends}
        needed = len(search.seeds) * (len(ends) + len(controls))
        if search.runs < needed:
            raise locations.error(
                "search.runs",
                f"expected at least {needed}: both ends of the range and their controls, with {len(search.seeds)} "
                f"seeds each; got {search.runs}",
            )


def _check_axis(axis: str, grids: list[list[Axis]], locations: Locations) -> None:
    """Raise InputError for an axis without numbers or one of ``space``, and for domains in ``space``."""
    is_parameter = axis.partition(".")[0] in COMPONENTS and axis not in COMPONENTS
    if axis not in NUMBER_AXES and not is_parameter:
        problem = f"expected an axis of numbers, got {axis!r}{did_you_mean(axis, NUMBER_AXES)}"
        raise locations.error("search.threshold", problem)
    for other in (other for grid in grids for other in grid):
        if other.key == axis:
            raise locations.error(other.file_key, f"{axis} is searched for; take it out of space")
        if isinstance(other.values, Domain):
            raise locations.error(other.file_key, "a domain goes with no search for a threshold")


def _checked_range(search: Search, locations: Locations) -> tuple[Number, Number]:
    """Return the ends of the range; InputError unless they are in order, and above 0 on a log scale."""
    if search.range is None:
        raise locations.error("search", "range is missing: the lower and upper end of the search, as in [0.25, 16]")
    low, high = search.range
    if not low < high:
        raise locations.error(RANGE_KEY, f"expected [a, b] with a < b, got [{low:g}, {high:g}]")
    if search.scale == "log" and low <= 0:
        raise locations.error("search.scale", f"log needs a range above 0, and it begins at {low:g}")
    return low, high


def _check_judged(
    search: Search, seeds: Sequence[int], columns: Sequence[str], control: str, locations: Locations
) -> None:
    """Raise InputError for too few seeds, an unknown metric, and a sweep without controls."""
    if search.metric is not None and search.metric not in columns:
        near = did_you_mean(search.metric, columns)
        raise locations.error("search.metric", f"no listed metric has a column {search.metric!r}{near}")
    if len(seeds) < MIN_SEEDS:
        raise locations.error("seeds", f"a search begins with at least {MIN_SEEDS} seeds, got {len(seeds)}")
    if control == "none":
        raise locations.error("control", "a search judges the excess over the control: take `control: false` out")


def _check_generations(search: Search, measure: Measure, generations: int, locations: Locations) -> None:
    """Raise InputError for measured generations from which the criterion cannot be judged, or a useless ceiling."""
    if search.hours is not None and measure != "all":
        problem = "goes with measure: all: its hours are summed over the measured generations"
        raise locations.error("search.hours", problem)
    if search.generations is not None:
        if isinstance(search.criterion, Tolerance):
            problem = "goes with contraction: a tolerance judges the last generation, so set loop.generations instead"
            raise locations.error("search.generations", problem)
        if search.generations < generations or measure != "all":
            problem = f"expected at least loop.generations, {generations}, and measure: all; got {search.generations}"
            raise locations.error("search.generations", problem)
    if isinstance(search.criterion, Tolerance):
        return
    measured = generations_measured(measure, generations)
    if len(measured) < 4 or len({later - earlier for earlier, later in pairwise(measured)}) > 1:
        raise locations.error(
            "measure" if len(measured) > 1 else "loop.generations",
            "contraction is judged from at least four measured generations at equal distances; set measure: all",
        )
