"""The scaling law of a group of cells: the risk over the number of rows."""

from collections.abc import Mapping

import numpy as np

from raysc.results.claims.verdicts import MIN_SEEDS
from raysc.results.profile.curves import PairedCurves
from raysc.results.profile.estimates import Estimate, estimate

AXIS = "data.rows"
"""The axis of the number of real rows."""
MARGIN = 0.1
"""Difference of two exponents above which a scaling law counts as changed."""


def scaling_law(by_rows: Mapping[int, PairedCurves]) -> Estimate:
    """Judge the slope of log risk over log n at the last generation, less that of the baseline.

    A risk that falls like n^-1 with real rows and more slowly in the loop has a slope above the baseline's. The law has
    changed if the difference is above ``MARGIN``.

    Args:
        by_rows: number of real rows n -> the risk's curves of cells that differ in n only, with the same seeds.
    """
    if len(by_rows) < 2:
        return Estimate("not measured", note=f"give {AXIS} several values")
    counts = sorted(by_rows)
    curves = [by_rows[rows] for rows in counts]
    seeds = min(len(curve.values) for curve in curves)
    unit = f"slope above {curves[0].against_text}"
    if any(len(curve.values) != seeds for curve in curves) or seeds < MIN_SEEDS:
        return Estimate("undecided", unit=unit, seeds=seeds, note=f"{seeds} seeds have all numbers of rows")
    if any(curve.diverged[:, -1].any() for curve in curves):
        return Estimate("undecided", unit=unit, seeds=seeds, note="models diverged")
    values, baseline = (np.stack([getattr(curve, side)[:, -1] for curve in curves]) for side in ("values", "baseline"))
    if not (np.concatenate([values, baseline]) > 0).all():
        return Estimate("undecided", unit=unit, seeds=seeds, note="values of at most 0 have no logarithm")
    centred = np.log(counts) - np.log(counts).mean()
    slopes, baseline_slopes = (centred @ np.log(side) / np.square(centred).sum() for side in (values, baseline))
    note = f"{slopes.mean():.2f} against {baseline_slopes.mean():.2f}"
    return estimate(slopes - baseline_slopes, unit, bound=MARGIN, note=note)
