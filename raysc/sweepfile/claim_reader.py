"""Reads ``claims``: which cells and generations of the sweep each of them means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.cell_selection import Selection, distinct, nearest_value, same, select
from raysc.sweepfile.claims import (
    EXAMPLES,
    REFERENCES,
    Case,
    Claim,
    ClaimText,
    Comparison,
    Facts,
    Reference,
    Scale,
    Value,
    ValueText,
)
from raysc.sweepfile.messages import Places, did_you_mean, shown
from raysc.sweepfile.schema import check


def read_claims(given: Any, facts: Facts, places: Places) -> tuple[Claim, ...]:
    """The claims of a sweep file.

    Args:
        given: what stands under ``claims``.
        facts: of the sweep.
        places: for messages.

    Raises:
        InputError: a claim is not grammatical, or speaks of a metric, an axis, a value or a generation that the sweep
            does not have.
    """
    if given is None:
        return ()
    if not isinstance(given, list):
        raise places.error("claims", f"expected a list of claims, got {shown(given)}")
    return tuple(
        _Reader(check(ClaimText, value, f"claims.{index}", places), f"claims.{index}", facts, places).claim()
        for index, value in enumerate(given)
    )


@dataclass(frozen=True)
class _Reader:
    """Reads one claim.

    Attributes:
        text: the claim, its types checked.
        key: its dotted key.
        facts: of the sweep.
        places: for messages.
    """

    text: ClaimText
    key: str
    facts: Facts
    places: Places

    def claim(self) -> Claim:
        text, columns = self.text, self.facts.columns
        if text.metric not in columns:
            raise self.error(
                "metric", f"no metric of this sweep has a column {text.metric!r}{did_you_mean(text.metric, columns)}"
            )
        scale = text.scale or columns[text.metric]
        value = self.value(text.value, "value")
        second = (
            value if text.minus is None or text.minus.value is None else self.value(text.minus.value, "minus.value")
        )
        if second.kind != value.kind or (value.kind == "at" and len(second.generations) != len(value.generations)):
            raise self.error("minus.value", "expected the same kind of value as the claim's, at as many generations")
        for index, axis in enumerate(text.for_each):
            self.axis(axis, f"for_each.{index}")
            if axis in text.for_each[:index]:
                raise self.error(f"for_each.{index}", f"{axis} is listed twice")
        told = [text.than] if text.minus is None else [text.than, text.minus.than]
        if "theory" in told and (text.trend is not None or text.minus is not None):
            raise self.error("than", "theory goes with neither trend nor minus")
        if text.trend is not None:
            self.axis(text.trend, "trend")
            if text.trend in text.for_each:
                raise self.error("trend", f"{text.trend} cannot be in for_each too")
        ratio = scale == "log" and value.kind != "slope" and text.trend is None
        cases = self.cases(value, second, scale, ratio)
        sides, minus = _sides(text.of, text.than), text.minus
        return Claim(
            says=text.says,
            source=text.source,
            metric=text.metric,
            compares=sides if minus is None else f"{sides}, minus {_sides(minus.of, minus.than)}",
            relation=text.relation,
            by=self.by(ratio),
            ratio=ratio,
            scale=scale,
            trend=text.trend,
            cases=cases,
            fails=None if text.expect is None else text.expect.fails,
        )

    def error(self, key: str, problem: str) -> InputError:
        return self.places.error(f"{self.key}.{key}", problem)

    def by(self, ratio: bool) -> float:
        """What the comparison is held against; by default the two are told apart at all."""
        by, relation = self.text.by, self.text.relation
        if by is None:
            if relation == "within":
                raise self.error("by", f"is missing: within what {'factor, such as 1.1' if ratio else 'difference'}?")
            return 1.0 if ratio else 0.0
        if relation == "within" and by <= (1 if ratio else 0):
            least = "a factor above 1" if ratio else "a difference above 0"
            raise self.error("by", f"within needs {least}, got {by:g}")
        if ratio and by <= 0:
            raise self.error("by", f"expected a factor above 0, since the scale is log; got {by:g}")
        return by

    def axis(self, name: str, key: str) -> None:
        axes = self.facts.cells[0].axes
        if name not in axes:
            raise self.error(key, f"{name!r} is no axis of this sweep{did_you_mean(name, axes)}")

    def value(self, text: ValueText, key: str) -> Value:
        given = [name for name in ("at", "slope", "crossing") if getattr(text, name) is not None]
        if len(given) != 1:
            raise self.error(key, f"expected one of at, slope and crossing, as in {EXAMPLES}")
        measured = self.facts.measured
        if text.at is not None:
            listed = text.at if isinstance(text.at, list) else [text.at]
            keys = [f"{key}.at.{index}" for index in range(len(listed))] if isinstance(text.at, list) else [f"{key}.at"]
            if not listed:
                raise self.error(f"{key}.at", "expected a generation, last, or a list of them; got []")
            found = [self.generation(t, where) for t, where in zip(listed, keys, strict=True)]
            for t, where in zip(found, keys, strict=True):
                if t not in measured:
                    near = min(measured, key=lambda other: abs(other - t))
                    raise self.error(where, f"generation {t} is not measured; the nearest that is: {near}")
            return Value("at", tuple(sorted(set(found))))
        if text.slope is not None:
            if not isinstance(text.slope, list) or len(text.slope) != 2:
                raise self.error(f"{key}.slope", f"expected two generations, as in [1, last]; got {shown(text.slope)}")
            first, last = (self.generation(t, f"{key}.slope.{index}") for index, t in enumerate(text.slope))
            between = tuple(t for t in measured if first <= t <= last)
            if len(between) < 2:
                raise self.error(
                    f"{key}.slope", f"a slope needs two measured generations; from {first} to {last} are {len(between)}"
                )
            return Value("slope", between)
        level = text.crossing
        if level is None or (level.above is None) == (level.below is None):
            raise self.error(f"{key}.crossing", "expected a level, as in {below: 0.01} or {above: 10}")
        if level.below is not None:
            return Value("crossing", measured, level.below, "below")
        assert level.above is not None
        return Value("crossing", measured, level.above, "above")

    def generation(self, given: Any, key: str) -> int:
        last = self.facts.generations
        if given == "last":
            return last
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= last:
            raise self.error(key, f"expected last or a generation from 0 to {last}, got {shown(given)}")
        return given

    def selection(self, given: Mapping[str, Any], key: str) -> Selection:
        """Axes and values that some cell has."""
        selected = {}
        for axis, value in given.items():
            self.axis(axis, f"{key}.{axis}")
            values = tuple(value) if isinstance(value, list) else (value,)
            there = distinct(cell.axes[axis] for cell in self.facts.cells)
            for one in values:
                if not any(same(one, other) for other in there):
                    raise self.error(f"{key}.{axis}", f"no cell has {shown(one)}{nearest_value(one, there)}")
            if not values:
                raise self.error(f"{key}.{axis}", "an empty list selects nothing")
            selected[axis] = values
        return selected

    def than(self, given: Any, value: Value, ratio: bool, key: str) -> Selection | Reference | float:
        if isinstance(given, dict):
            return self.selection(given, key)
        if isinstance(given, int | float) and not isinstance(given, bool):
            if ratio and given <= 0:
                raise self.error(key, f"expected a number above 0, since the scale is log; got {given:g}")
            return float(given)
        for word in REFERENCES:
            if given == word:
                if word != "control" and value.kind != "at":
                    raise self.error(key, f"{word} goes with a value at a generation, not with a {value.kind}")
                if word == "generation 0" and 0 not in self.facts.measured:
                    raise self.error(key, "generation 0 is not measured")
                if word == "control" and all(cell.compared_with is None for cell in self.facts.cells):
                    raise self.error(key, "this sweep has no control: take `control: false` out, or add real_only")
                return word
        near = did_you_mean(given, REFERENCES).partition("; valid")[0] if isinstance(given, str) else ""
        raise self.error(
            key, f"expected axes and values, {', '.join(REFERENCES)}, or a number; got {shown(given)}{near}"
        )

    def cases(self, value: Value, second: Value, scale: Scale, ratio: bool) -> tuple[Case, ...]:
        text, minus = self.text, self.text.minus
        of, than = self.selection(text.of, "of"), self.than(text.than, value, ratio, "than")
        cells = select(self.facts.cells, of)
        if not cells:
            raise self.error("of", "selects no cell: no cell has all of these values")
        groups = distinct(tuple(self.facts.cells[cell].axes[axis] for axis in text.for_each) for cell in cells)
        found = []
        for group in groups:
            where = dict(zip(text.for_each, group, strict=True))
            axis = self.axis_values(select(self.facts.cells, of, where), scale)
            told = self.comparison(value, of, than, where, axis, "of", "than")
            taken_off = None
            if minus is not None:
                other = self.selection(minus.of, "minus.of")
                against = self.than(minus.than, second, ratio, "minus.than")
                taken_off = self.comparison(second, other, against, where, axis, "minus.of", "minus.than")
            found.append(Case(where, told, taken_off, tuple(float(v) for v in axis)))
        return tuple(found)

    def axis_values(self, cells: Sequence[int], scale: Scale) -> list[Any]:
        """Values of the trend's axis among some cells, in growing order; none without a trend."""
        trend = self.text.trend
        if trend is None:
            return []
        values = distinct(self.facts.cells[cell].axes[trend] for cell in cells)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.error("trend", f"expected an axis of numbers; {trend} has {shown(value)}")
            if scale == "log" and value <= 0:
                raise self.error(
                    "trend",
                    f"{trend} has {value:g}, which has no logarithm; set scale: linear or select others in `of`",
                )
        if len(values) < 2:
            raise self.error("trend", f"a trend needs two values of {trend}; `of` selects {len(values)}")
        return sorted(values)

    def comparison(
        self,
        value: Value,
        of: Selection,
        than: Selection | Reference | float,
        where: Mapping[str, Any],
        axis: Sequence[Any],
        of_key: str,
        than_key: str,
    ) -> Comparison:
        """The cells of one case: exactly one on either side, for each value of the trend's axis."""
        points = [{self.text.trend: v} for v in axis] if self.text.trend is not None else [{}]
        wheres = [{**where, **{str(name): v for name, v in point.items()}} for point in points]
        cells = tuple(self.one(of, where, of_key) for where in wheres)
        if isinstance(than, Mapping):
            return Comparison(value, cells, tuple(self.one(than, where, than_key) for where in wheres))
        return Comparison(value, cells, than)

    def one(self, selection: Selection, where: Mapping[str, Any], key: str) -> int:
        """The cell that a selection means in a case; where it sets an axis itself, the case's value does not count."""
        cells = select(self.facts.cells, selection, where)
        if len(cells) == 1:
            return cells[0]
        at = ", ".join(f"{axis} {value}" for axis, value in where.items() if value is not None)
        there = f" for {at}" if at else ""
        if not cells:
            raise self.error(key, f"selects no cell{there}")
        axes = [self.facts.cells[cell].axes for cell in cells]
        differ = [axis for axis in axes[0] if len(distinct(one[axis] for one in axes)) > 1]
        raise self.error(
            key,
            f"selects {len(cells)} cells{there}, which differ in {', '.join(differ)}; give each a value here, or list "
            "it in for_each",
        )


def _sides(of: Mapping[str, Any], than: Any) -> str:
    return f"{_named(of) or 'all'}, than {_named(than) if isinstance(than, Mapping) else than}"


def _named(selection: Mapping[str, Any]) -> str:
    return " ".join(f"{axis} {value if isinstance(value, str) else shown(value)}" for axis, value in selection.items())
