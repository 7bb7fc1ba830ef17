"""Reading of ``claims``: the cells and generations to which each claim refers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.cell_selection import Selection, distinct, is_same, nearest_value, select_cells, sides_text
from raysc.sweepfile.claim_quantities import MODEL_INDEX, QuantityReader, check_models, read_margin
from raysc.sweepfile.claims import (
    BASELINES,
    Baseline,
    Case,
    Claim,
    ClaimEntry,
    ClaimGrid,
    Comparison,
    ExpectedVerdict,
    Margin,
    Quantity,
    Scale,
)
from raysc.sweepfile.messages import Locations, did_you_mean, quote
from raysc.sweepfile.schema import check


def read_claims(entries: Any, context: ClaimGrid, locations: Locations) -> tuple[Claim, ...]:
    """Return the claims of a sweep file.

    Args:
        entries: the value of ``claims``.
        context: cells, generations and metrics of the sweep.
        locations: for messages.

    Raises:
        InputError: a claim is malformed, or refers to a metric, axis, value or generation that the sweep does not have.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise locations.error("claims", f"expected a list of claims, got {quote(entries)}")
    return tuple(
        _ClaimReader(check(ClaimEntry, entry, f"claims.{i}", locations), f"claims.{i}", context, locations).claim()
        for i, entry in enumerate(entries)
    )


@dataclass(frozen=True)
class _ClaimReader:
    """Reads one claim.

    Attributes:
        entry: the claim, its types checked.
        key: its dotted key.
        context: cells, generations and metrics of the sweep.
        locations: for messages.
    """

    entry: ClaimEntry
    key: str
    context: ClaimGrid
    locations: Locations

    def claim(self) -> Claim:
        """Return the claim."""
        entry, minus = self.entry, self.entry.minus
        metric_scale = self.context.columns.get(entry.metric)
        if metric_scale is None:
            near = did_you_mean(entry.metric, self.context.columns)
            raise self.error("metric", f"no metric of this sweep has a column {entry.metric!r}{near}")
        context = self.context
        quantities = QuantityReader(context.generations, context.measured, self.error, context.search)
        value = quantities.read(entry.value, "value")
        scale = self.scale(value, metric_scale)
        minus_value = value
        if minus is not None and minus.value is not None:
            minus_value = quantities.read(minus.value, "minus.value")
        self.check_same_kind(value, minus_value)
        self.check_for_each()
        self.check_trend()
        check_models(entry, self.context.cells[0].axes, self.error)
        boundary = self.boundary(value)
        ratio = scale == "log" and value.kind not in ("slope", "rho") and self.axis is None
        by = self.by(ratio, value)
        expected, reason = self.expected()
        cases = self.cases(value, minus_value, scale, ratio)
        sides = sides_text(entry.of, entry.than)
        return Claim(
            says=entry.says,
            source=entry.source,
            metric=entry.metric,
            compares=sides if minus is None else f"{sides}, minus {sides_text(minus.of, minus.than)}",
            relation=entry.relation,
            by=by.number,
            noise=by.noise,
            ratio=ratio,
            scale=scale,
            trend=entry.trend,
            boundary=boundary,
            models=entry.models,
            cases=cases,
            expected=expected,
            reason=reason,
        )

    def scale(self, value: Quantity, metric_scale: Scale) -> Scale:
        """Return the scale of the comparison; a threshold has that of its axis."""
        search = self.context.search
        if value.kind != "threshold" or search is None:
            return self.entry.scale or metric_scale
        if self.entry.scale is not None:
            raise self.error("scale", "a threshold has the scale of its search; take this key out")
        if self.entry.metric != search.metric:
            raise self.error("metric", f"the search judges {search.metric}, not {self.entry.metric}")
        return "log" if search.logarithmic else "linear"

    @property
    def axis(self) -> str | None:
        """The axis along which a case has several cells: the trend's, or lambda for a boundary."""
        return self.entry.trend if self.entry.boundary is None else "lambda"

    def expected(self) -> tuple[ExpectedVerdict, str]:
        """Return the expected verdict and its reason."""
        expect = self.entry.expect
        if expect is None:
            return "holds", ""
        if (expect.fails is None) == (expect.undecided is None):
            raise self.error("expect", "expected one verdict with its reason, {fails: why} or {undecided: why}")
        return ("fails", expect.fails) if expect.fails is not None else ("undecided", expect.undecided or "")

    def error(self, key: str, problem: str) -> InputError:
        """Return the error for a key of the claim."""
        return self.locations.error(f"{self.key}.{key}", problem)

    def check_same_kind(self, value: Quantity, minus_value: Quantity) -> None:
        """Raise InputError unless both comparisons have the same kind of quantity."""
        same_length = value.kind != "at" or len(minus_value.generations) == len(value.generations)
        if minus_value.kind != value.kind or not same_length:
            raise self.error("minus.value", "expected the same kind of value as the claim's, at as many generations")

    def check_for_each(self) -> None:
        """Raise InputError for an axis in ``for_each`` that is unknown or listed twice."""
        for index, axis in enumerate(self.entry.for_each):
            self.check_axis(axis, f"for_each.{index}")
            if axis in self.entry.for_each[:index]:
                raise self.error(f"for_each.{index}", f"{axis} is listed twice")

    def check_trend(self) -> None:
        """Raise InputError for a trend over an unknown axis, over one in ``for_each``, or against theory."""
        entry = self.entry
        baselines = [entry.than] if entry.minus is None else [entry.than, entry.minus.than]
        if "theory" in baselines and (entry.trend is not None or entry.minus is not None):
            raise self.error("than", "theory goes with neither trend nor minus")
        if entry.trend is not None:
            self.check_axis(entry.trend, "trend")
            if entry.trend in entry.for_each:
                raise self.error("trend", f"{entry.trend} cannot be in for_each too")

    def boundary(self, value: Quantity) -> Margin | None:
        """Return the level that determines lambda*; None if the claim does not compare lambda*."""
        entry, minus = self.entry, self.entry.minus
        if entry.boundary is None:
            return None
        boundary = read_margin(entry.boundary, "boundary", self.error)
        if boundary.number <= 0:
            raise self.error("boundary", f"expected a number above 0, got {boundary.number:g}")
        if entry.trend is not None:
            raise self.error("boundary", "goes with no trend")
        if entry.than != "control" or (minus is not None and minus.than != "control"):
            raise self.error("than", "boundary is about the damage against the control: expected control")
        self.check_single(boundary, value, "boundary")
        return boundary

    def check_single(self, margin: Margin, value: Quantity, key: str) -> None:
        """Raise InputError if a margin or level does not go with the quantity."""
        is_single = value.kind in ("slope", "rho") or (value.kind == "at" and len(value.generations) == 1)
        if key == "boundary" and not is_single:
            raise self.error(key, "goes with a value at one generation, a slope or rho")
        if not margin.noise:
            return
        if not is_single or value.kind == "rho":
            raise self.error(f"{key}.noise", "goes with a value at one generation or a slope")
        if all(cell.compared_with is None for cell in self.context.cells):
            raise self.error(f"{key}.noise", "this sweep has no control: take `control: false` out, or add real_only")

    def check_axis(self, name: str, key: str) -> None:
        """Raise InputError for an unknown axis."""
        axes = self.context.cells[0].axes
        if name not in axes:
            raise self.error(key, f"{name!r} is no axis of this sweep{did_you_mean(name, axes)}")

    def by(self, ratio: bool, value: Quantity) -> Margin:
        """Return the bound of the comparison; the default is no difference, and 1 for rho."""
        entry, relation = self.entry, self.entry.relation
        compares_rho = value.kind == "rho" and entry.minus is None and entry.boundary is None
        if entry.by is None:
            if relation == "within":
                example = "factor, such as 1.1" if ratio else "difference"
                raise self.error("by", f"is missing: within needs a {example}")
            return Margin(1.0 if ratio or compares_rho else 0.0, noise=False)
        by = read_margin(entry.by, "by", self.error)
        if by.noise and self.axis is not None:
            raise self.error("by.noise", "goes with neither trend nor boundary")
        if by.noise and entry.than == "theory":
            raise self.error("by.noise", "goes with no theory")
        self.check_single(by, value, "by")
        factor = ratio and not by.noise
        if relation == "within" and by.number <= (1 if factor else 0):
            least = "a factor above 1" if factor else "a difference above 0"
            raise self.error("by", f"within needs {least}, got {by.number:g}")
        if factor and by.number <= 0:
            raise self.error("by", f"expected a factor above 0, since the scale is log; got {by.number:g}")
        return by

    def selection(self, entry: Mapping[str, Any], key: str) -> Selection:
        """Return a selection; InputError for an axis or a value that no cell has."""
        selection = {}
        for axis, value in entry.items():
            self.check_axis(axis, f"{key}.{axis}")
            values = tuple(value) if isinstance(value, list) else (value,)
            valid = distinct(cell.axes[axis] for cell in self.context.cells)
            for item in values:
                if not any(is_same(item, other) for other in valid):
                    raise self.error(f"{key}.{axis}", f"no cell has {quote(item)}{nearest_value(item, valid)}")
            if not values:
                raise self.error(f"{key}.{axis}", "an empty list selects nothing")
            selection[axis] = values
        return selection

    def than(self, entry: Any, value: Quantity, ratio: bool, key: str) -> Selection | Baseline | float:
        """Return the baseline of a comparison: a selection, a named baseline or a number."""
        if isinstance(entry, dict):
            return self.selection(entry, key)
        if isinstance(entry, int | float) and not isinstance(entry, bool):
            if value.kind == "rho":
                raise self.error(key, "rho is about the excess over the control or over other cells")
            if ratio and entry <= 0:
                raise self.error(key, f"expected a number above 0, since the scale is log; got {entry:g}")
            return float(entry)
        for baseline in BASELINES:
            if entry == baseline:
                self.check_baseline(baseline, value, key)
                return baseline
        near = did_you_mean(entry, BASELINES).partition("; valid")[0] if isinstance(entry, str) else ""
        raise self.error(
            key, f"expected axes and values, {', '.join(BASELINES)}, or a number; got {quote(entry)}{near}"
        )

    def check_baseline(self, baseline: Baseline, value: Quantity, key: str) -> None:
        """Raise InputError if the sweep or the quantity does not have the baseline."""
        if value.kind == "threshold":
            raise self.error(key, "a threshold is compared with a number or with another search")
        if value.kind == "rho" and baseline != "control":
            raise self.error(key, "rho is about the excess over the control or over other cells")
        if baseline != "control" and value.kind != "at":
            raise self.error(key, f"{baseline} goes with a value at a generation, not with a {value.kind}")
        if baseline == "generation 0" and 0 not in self.context.measured:
            raise self.error(key, "generation 0 is not measured")
        if baseline == "control" and all(cell.compared_with is None for cell in self.context.cells):
            raise self.error(key, "this sweep has no control: take `control: false` out, or add real_only")

    def cases(self, value: Quantity, minus_value: Quantity, scale: Scale, ratio: bool) -> tuple[Case, ...]:
        """Return one case for each combination of values of ``for_each`` among the cells of ``of``."""
        entry, minus = self.entry, self.entry.minus
        of, than = self.selection(entry.of, "of"), self.than(entry.than, value, ratio, "than")
        indices = self.cells_of(value, of)
        if not indices:
            raise self.error("of", "selects no cell: no cell has all of these values")
        groups = distinct(tuple(self.context.cells[index].axes[axis] for axis in entry.for_each) for index in indices)
        cases = []
        for group in groups:
            where = dict(zip(entry.for_each, group, strict=True))
            axis = self.axis_values(self.cells_of(value, of, where), scale)
            points = self.points(where, axis)
            first = self.comparison(value, of, than, points, "")
            second = None
            if minus is not None:
                minus_of = self.selection(minus.of, "minus.of")
                minus_than = self.than(minus.than, minus_value, ratio, "minus.than")
                second = self.comparison(minus_value, minus_of, minus_than, points, "minus.")
            cases.append(Case(where, first, second, tuple(float(v) for v in axis)))
        return tuple(cases)

    def axis_values(self, indices: Sequence[int], scale: Scale) -> list[Any]:
        """Return the values of the trend's axis, or the lambdas of a boundary, among some cells, ascending."""
        trend, key = self.axis, "trend" if self.entry.boundary is None else "boundary"
        if trend is None:
            return []
        values = distinct(self.context.cells[index].axes[trend] for index in indices)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.error(key, f"expected an axis of numbers; {trend} has {quote(value)}")
            if key == "boundary" and value <= 0:
                raise self.error(key, f"lambda has {value:g}; select lambdas above 0 in `of`")
            if scale == "log" and value <= 0:
                raise self.error(
                    "trend",
                    f"{trend} has {value:g}, which has no logarithm; set scale: linear or select others in `of`",
                )
        if len(values) < 2:
            raise self.error(key, f"a {key} needs two values of {trend}; `of` selects {len(values)}")
        return sorted(values)

    def points(self, where: Mapping[str, Any], axis: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the axis values of each point of a case: one point per value of the case's axis, or one point."""
        if self.axis is None:
            return [dict(where)]
        return [{**where, self.axis: value} for value in axis]

    def comparison(
        self,
        value: Quantity,
        of: Selection,
        than: Selection | Baseline | float,
        points: Sequence[Mapping[str, Any]],
        prefix: str,
    ) -> Comparison:
        """Return a comparison with exactly one cell on either side for each point; ``prefix``: "" or "minus."."""
        cells = tuple(self.cell(value, of, point, f"{prefix}of") for point in points)
        if isinstance(than, Mapping):
            return Comparison(value, cells, tuple(self.cell(value, than, point, f"{prefix}than") for point in points))
        return Comparison(value, cells, than)

    def cells_of(self, value: Quantity, selection: Selection, where: Mapping[str, Any] | None = None) -> list[int]:
        """Return the cells of a selection: of a search the lower end of its range, of all models of a cell model 0."""
        search = self.context.search
        if value.kind == "threshold" and search is not None:
            selection = {**selection, search.axis: (search.low,)}
        if self.entry.models is not None:
            selection = {**selection, MODEL_INDEX: (0,)}
        return select_cells(self.context.cells, selection, where)

    def cell(self, value: Quantity, selection: Selection, point: Mapping[str, Any], key: str) -> int:
        """Return the index of the cell that a selection has at a point; the selection's own values take precedence."""
        indices = self.cells_of(value, selection, point)
        if len(indices) == 1:
            return indices[0]
        values = ", ".join(f"{axis} {value}" for axis, value in point.items() if value is not None)
        point_text = f" for {values}" if values else ""
        if not indices:
            raise self.error(key, f"selects no cell{point_text}")
        axes = [self.context.cells[index].axes for index in indices]
        differ = [axis for axis in axes[0] if len(distinct(cell_axes[axis] for cell_axes in axes)) > 1]
        raise self.error(
            key,
            f"selects {len(indices)} cells{point_text}, which differ in {', '.join(differ)}; give each a value here, "
            "or list it in for_each",
        )
