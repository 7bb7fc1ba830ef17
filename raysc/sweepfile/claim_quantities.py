"""Reading of the numbers of claims: what they compare (a value, a slope, a crossing or rho), and their margins."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.claims import EXAMPLES, ClaimEntry, CrossingEntry, Margin, Quantity, ValueEntry
from raysc.sweepfile.messages import quote
from raysc.sweepfile.threshold_search import ThresholdSearch

MODEL_INDEX = "models.index"
"""Axis of the models of a cell."""


@dataclass(frozen=True)
class QuantityReader:
    """Reads the quantities of one claim.

    Attributes:
        generations: T.
        measured: measured generations, in order.
        make_error: (key within the claim, problem) -> the error to raise.
        search: the searches of the sweep, if it has any.
    """

    generations: int
    measured: tuple[int, ...]
    make_error: Callable[[str, str], InputError]
    search: ThresholdSearch | None = None

    def read(self, entry: ValueEntry, key: str) -> Quantity:
        """Return the compared quantity."""
        names = [name for name in ValueEntry.model_fields if getattr(entry, name) is not None]
        if len(names) != 1:
            raise self.make_error(key, f"expected one of at, slope, crossing, rho and threshold, as in {EXAMPLES}")
        if entry.threshold is not None:
            return self._threshold(entry.threshold, f"{key}.threshold")
        if entry.at is not None:
            return self._value_at(entry.at, f"{key}.at")
        if entry.slope is not None:
            return Quantity("slope", self._between(entry.slope, f"{key}.slope", 2, "a slope"))
        if entry.rho is not None:
            return self._rho(entry.rho, f"{key}.rho")
        assert entry.crossing is not None
        return self._crossing(entry.crossing, f"{key}.crossing")

    def _value_at(self, value: Any, key: str) -> Quantity:
        """Return the value at one generation or at each of a list."""
        items = [(t, f"{key}.{index}") for index, t in enumerate(value)] if isinstance(value, list) else [(value, key)]
        if not items:
            raise self.make_error(key, "expected a generation, last, or a list of them; got []")
        generations = [self._generation(t, item_key) for t, item_key in items]
        for t, (_, item_key) in zip(generations, items, strict=True):
            if t not in self.measured:
                near = min(self.measured, key=lambda other: abs(other - t))
                raise self.make_error(item_key, f"generation {t} is not measured; the nearest measured one is {near}")
        return Quantity("at", tuple(sorted(set(generations))))

    def _rho(self, value: Any, key: str) -> Quantity:
        """Return rho over the measured generations between two generations."""
        generations = self._between(value, key, 3, "rho")
        if len({later - earlier for earlier, later in pairwise(generations)}) > 1:
            raise self.make_error(key, f"rho needs measured generations at equal distances; got {list(generations)}")
        return Quantity("rho", generations)

    def _threshold(self, axis: str, key: str) -> Quantity:
        """Return the threshold of the sweep's search."""
        if self.search is None or self.search.axis != axis:
            searched = "has no search" if self.search is None else f"searches for {self.search.axis}"
            raise self.make_error(key, f"the sweep {searched}; add `search: {{threshold: {axis}, range: [a, b]}}`")
        return Quantity("threshold", self.measured)

    def _between(self, value: Any, key: str, count: int, name: str) -> tuple[int, ...]:
        """Return the measured generations between two generations, at least ``count`` of them."""
        if not isinstance(value, list) or len(value) != 2:
            raise self.make_error(key, f"expected two generations, as in [1, last]; got {quote(value)}")
        first, last = (self._generation(t, f"{key}.{index}") for index, t in enumerate(value))
        generations = tuple(t for t in self.measured if first <= t <= last)
        if len(generations) < count:
            words = {2: "two", 3: "three"}[count]
            raise self.make_error(
                key,
                f"{name} needs {words} measured generations; there are {len(generations)} from {first} to {last}",
            )
        return generations

    def _crossing(self, entry: CrossingEntry, key: str) -> Quantity:
        """Return the number of fitted models until a level is crossed."""
        if (entry.above is None) == (entry.below is None):
            raise self.make_error(key, "expected a level, as in {below: 0.01} or {above: 10}")
        if entry.below is not None:
            return Quantity("crossing", self.measured, entry.below, "below")
        assert entry.above is not None
        return Quantity("crossing", self.measured, entry.above, "above")

    def _generation(self, value: Any, key: str) -> int:
        """Return a generation, 0 to T; ``last`` is T."""
        last = self.generations
        if value == "last":
            return last
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= last:
            raise self.make_error(key, f"expected last or a generation from 0 to {last}, got {quote(value)}")
        return value


def read_margin(entry: Any, key: str, make_error: Callable[[str, str], InputError]) -> Margin:
    """Return a number, or the number of ``{noise: number}``.

    Args:
        entry: the entry.
        key: its key within the claim.
        make_error: (key within the claim, problem) -> the error to raise.
    """
    noise = isinstance(entry, dict)
    if noise and set(entry) != {"noise"}:
        raise make_error(key, f"expected a number or {{noise: 2}}, got {quote(entry)}")
    number = entry["noise"] if noise else entry
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise make_error(f"{key}.noise" if noise else key, f"expected a number, got {quote(number)}")
    return Margin(float(number), noise)


def check_models(entry: ClaimEntry, axes: Container[str], make_error: Callable[[str, str], InputError]) -> None:
    """Refuse ``models`` without coupled models, or beside a selection of single models.

    Args:
        entry: the claim.
        axes: names of the axes of the sweep.
        make_error: (key within the claim, problem) -> the error to raise.
    """
    if entry.models is None:
        return
    if MODEL_INDEX not in axes:
        raise make_error("models", "the cells of this sweep have a single model; set models.count, or take it out")
    selections = [entry.of, entry.than, *([] if entry.minus is None else [entry.minus.of, entry.minus.than])]
    selected = [axis for side in selections if isinstance(side, dict) for axis in side]
    if MODEL_INDEX in (*selected, *entry.for_each, entry.trend):
        raise make_error("models", f"is about all models of a cell; take {MODEL_INDEX} out of the claim, or this key")
    if "theory" in selections and entry.models != "mean":
        raise make_error("models", "theory knows means; take mean, or another side than theory")
