"""The threshold of each seed, which a claim about thresholds compares.

A search gives a pseudo-value for each of its seeds, whose mean is the threshold. Two searches share their seeds, so
their difference is that of paired seeds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from raysc.results.statistics.censored import CensoredValues
from raysc.results.thresholds.evidence import Search


class NoThresholdError(Exception):
    """A search has no answer yet, or none within its ceiling; the message says so."""


@dataclass(frozen=True)
class ThresholdValues:
    """Thresholds by cell and seed.

    Attributes:
        searches: the searches of the sweep; empty for a sweep without one.
        cells: number of the cell at the lower end of the range -> index of its search.
        seeds: seeds of the sweep, in the order of the values.
    """

    searches: Sequence[Search]
    cells: dict[int, int]
    seeds: tuple[int, ...]

    def of(self, cell: int) -> CensoredValues:
        """Return the threshold of each seed, float64 (seeds, 1), logarithms on a logarithmic axis.

        NaN for a seed that the search did not use. A loop that is stable over the whole range has a threshold above
        it, and one that is unstable has one below it.

        Raises:
            NoThresholdError: the search has no answer.
        """
        search = self.searches[self.cells[cell]]
        scale, answer = search.settings.scale, search.answer
        low, high = (np.full((len(self.seeds), 1), np.nan) for _ in range(2))
        ends = [end if scale.logarithmic else scale.value(end) for end in map(scale.position, (scale.low, scale.high))]
        if answer is None or answer.outcome == "undecided":
            raise NoThresholdError("the search goes on" if answer is None else "the search is undecided")
        if answer.root is None:
            stable = answer.outcome == "stable"
            low[:], high[:] = (ends[1], np.inf) if stable else (-np.inf, ends[0])
        else:
            index = [self.seeds.index(seed) for seed in answer.root.seeds]
            roots = answer.root.roots if scale.logarithmic else [scale.value(root) for root in answer.root.roots]
            low[index, 0] = high[index, 0] = roots
        return CensoredValues(low, high)

    def complete(self, cells: Iterable[int]) -> np.ndarray:
        """Return True for the seeds that have a threshold in all of some cells, bool (seeds,)."""
        return np.asarray(np.all([~np.isnan(self.of(cell).low[:, 0]) for cell in cells], axis=0))
