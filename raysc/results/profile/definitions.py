"""The eight definitions of model collapse that Schaeffer et al. 2025 collected, and how each is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log

import numpy as np

from raysc.metrics.core.metric import Aspect
from raysc.results.claims.verdicts import MIN_SEEDS
from raysc.results.profile.curves import PairedCurves
from raysc.results.profile.estimates import Estimate, estimate
from raysc.results.profile.growth import MIN_GENERATIONS, growth
from raysc.results.profile.scaling import MARGIN, scaling_law

DEFAULT_FACTOR = 2.0


@dataclass(frozen=True)
class Evidence:
    """The numbers from which a definition is judged for one cell.

    Attributes:
        curves: the cell's curves of the metric that serves the definition.
        by_rows: number of rows -> curves of the cells that differ from this one in their number of rows only.
        factor: the factor of a catastrophic rise.
    """

    curves: PairedCurves
    by_rows: Mapping[int, PairedCurves]
    factor: float


@dataclass(frozen=True)
class Definition:
    """A definition of collapse.

    Attributes:
        name: its name.
        statement: the sentence that is judged, with {factor} and {baseline}.
        aspect: the property that its metric measures.
        judge: judges it.
    """

    name: str
    statement: str
    aspect: Aspect
    judge: Callable[[Evidence], Estimate]


def catastrophic_rise(evidence: Evidence) -> Estimate:
    """Judge the risk's ratio to the baseline at the end; a difference in nats is the logarithm of a ratio."""
    curves, bound = evidence.curves, log(evidence.factor)
    if curves.column.unit.startswith("nats"):
        return estimate(curves.differences()[:, -1], _difference_unit(curves, "above"), bound=bound)
    if not curves.has_logarithms:
        return _without_ratio(curves)
    return estimate(curves.log_ratios()[:, -1], _ratio_unit(curves), np.exp, bound)


def any_rise(evidence: Evidence) -> Estimate:
    """Judge the damage to the risk at the end."""
    return _damage(evidence.curves)


def divergence(evidence: Evidence) -> Estimate:
    """Judge the growth of the risk's difference from the baseline; the number is its slope over the last half."""
    curves = evidence.curves
    return _growth(curves.differences(), curves, f"per generation above {curves.against_text}")


def collapsing_variance(evidence: Evidence) -> Estimate:
    """Judge the fall of log variance: the variance goes to 0 if it falls without bound."""
    curves = evidence.curves
    if not curves.has_logarithms:
        return _without_ratio(curves)
    fall = _growth(curves.log_losses(), curves, "")
    note = "still falls" if fall.finding == "holds" else fall.note
    return replace(_damage(curves), finding=fall.finding, note=note.replace("recedes", "recovers"))


def changed_scaling_law(evidence: Evidence) -> Estimate:
    """Judge the slope of log risk over log rows against the baseline's."""
    return scaling_law(evidence.by_rows)


def damage_at_end(evidence: Evidence) -> Estimate:
    """Judge the damage to a metric of modes, tails or invention at the end."""
    return _damage(evidence.curves)


DEFINITIONS = (
    Definition("catastrophic rise", "the risk is above {factor} times {baseline}", "risk", catastrophic_rise),
    Definition("any rise", "the risk is above {baseline}", "risk", any_rise),
    Definition("divergence", "the risk rises without bound", "risk", divergence),
    Definition("variance", "the variance falls towards 0", "variance", collapsing_variance),
    Definition(
        "scaling law",
        f"the slope of log risk over log rows is flatter than {{baseline}} by {MARGIN}",
        "risk",
        changed_scaling_law,
    ),
    Definition("modes", "modes of the data are lost", "modes", damage_at_end),
    Definition("tails", "tails of the data are lost", "tails", damage_at_end),
    Definition("invented data", "rows appear where the data have none", "invention", damage_at_end),
)
"""In the order of the paper."""


def _damage(curves: PairedCurves) -> Estimate:
    """Judge by how much the metric is worse than its baseline at the end: a ratio or a difference, by its scale.

    A metric with a target is worse where it is smaller: a variance or a tail mass that exceeds the truth's is no
    collapse.
    """
    lower = curves.column.better == "lower"
    if curves.column.scale == "linear":
        worse = curves.differences() if lower else curves.losses()
        unit, possible = _difference_unit(curves, "above" if lower else "below"), curves.column.difference_bounds
        return estimate(worse[:, -1], unit, possible=possible)
    if not curves.has_logarithms:
        return _without_ratio(curves)
    if lower:
        return estimate(curves.log_ratios()[:, -1], _ratio_unit(curves), np.exp)
    return estimate(curves.log_losses()[:, -1], _ratio_unit(curves), lambda losses: np.exp(-losses))


def _growth(curve: np.ndarray, curves: PairedCurves, unit: str) -> Estimate:
    """Judge the growth of a curve, float64 (seeds, generations); the number is its slope over the last half."""
    if len(curve) < MIN_SEEDS:
        return estimate(curve[:, -1], unit)
    grown = growth(curve, curves.generations)
    if grown is None:
        note = f"fewer than {MIN_GENERATIONS} measured generations from 1 on"
        return Estimate("undecided", unit=unit, seeds=len(curve), note=note)
    return replace(estimate(grown.slopes, unit), finding=grown.verdict, note=grown.shape)


def _ratio_unit(curves: PairedCurves) -> str:
    return f"times {curves.against_text}"


def _difference_unit(curves: PairedCurves, side: str) -> str:
    unit = f"{curves.column.unit} " if curves.column.unit else ""
    return f"{unit}{side} {curves.against_text}"


def _without_ratio(curves: PairedCurves) -> Estimate:
    note = f"{curves.column.name} has values below 0, which have no ratio"
    return Estimate("undecided", seeds=len(curves.values), note=note)
