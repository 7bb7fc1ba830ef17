"""The numbers that a case of a claim compares, one for each seed, or for each seed and listed generation.

Two cells of one seed are compared by their difference, on a log scale by the difference of their logarithms: they
share their random numbers, so the difference has less noise.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.claims.metric_values import Coverage, MetricValues
from raysc.results.claims.threshold_values import NoThresholdError, ThresholdValues
from raysc.results.claims.verdicts import MIN_SEEDS
from raysc.results.expectations import ExpectedValues, expected_values
from raysc.results.statistics.censored import CensoredValues, censor, slope
from raysc.results.statistics.contraction import NoContractionError, contraction, first_crossing
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL
from raysc.results.table.number_format import value_text
from raysc.results.table.table import varying_axes
from raysc.seeds import share_seeds
from raysc.sweepfile.claims import Case, Claim, Comparison, Quantity


class NotComparable(Exception):
    """A case cannot be judged, whatever the values of its seeds; the message is the reason."""


@dataclass(frozen=True)
class ClaimContext:
    """The data from which the claims about one metric are judged.

    Attributes:
        resolved: the sweep.
        values: values of the metric.
        controls: cell -> its control.
        thresholds: thresholds by cell and seed.
    """

    resolved: ResolvedSweep
    values: MetricValues
    controls: Mapping[int, int]
    thresholds: ThresholdValues

    def of(self, claim: Claim) -> "ClaimContext":
        """Return the context of a claim: with one value for all models of a cell, if it is about these."""
        if claim.models is None:
            return self
        models = {cell.number: tuple(model.number for model in cell.models) for cell in self.resolved.cells}
        return replace(self, values=replace(self.values, models=models, statistic=claim.models))

    def control(self, cell: int) -> int:
        """Return the control of a cell.

        Raises:
            NotComparable: the cell has none.
        """
        if cell not in self.controls:
            raise NotComparable(f"{self.cell_text(cell)} has no control")
        return self.controls[cell]

    def cell_text(self, cell: int) -> str:
        """Return a cell with the axes that vary: ``cell 3 (replace, data.rows 10)``."""
        cells = self.resolved.sweep.cells
        axes = cells[cell].axes
        settings = [(name, axes[name]) for name in varying_axes(cells) if axes[name] is not None]
        texts = [str(value) if name == "regime" else f"{name} {value_text(value)}" for name, value in settings]
        return f"cell {cell} ({', '.join(texts)})"


def required_values(case: Case, context: ClaimContext) -> list[tuple[int, tuple[int, ...]]]:
    """Return the cells whose values a case needs, each with its generations."""
    required = []
    for comparison in [case.first, *([case.minus] if case.minus is not None else [])]:
        generations, than = comparison.value.generations, comparison.than
        required += [(cell, generations) for cell in comparison.of]
        if than == "generation 0":
            required += [(cell, (0,)) for cell in comparison.of]
        elif than == "control":
            required += [(context.control(cell), generations) for cell in comparison.of]
        elif isinstance(than, tuple):
            required += [(cell, generations) for cell in than]
    return required


def coverage_of(claim: Claim, case: Case, context: ClaimContext, logarithms: bool) -> Coverage:
    """Return the seeds that have all values of a case; ``logarithms``: logarithms of the values are compared."""
    required = required_values(case, context)
    if claim.cases[0].first.value.kind == "threshold":
        return Coverage(context.thresholds.complete({cell for cell, _ in required}), {}, {}, {}, {})
    return context.values.coverage(required, logarithms)


def compare(
    claim: Claim, case: Case, comparison: Comparison, context: ClaimContext, level: float = math.nan
) -> CensoredValues:
    """Compare two sides that are not theory.

    Args:
        claim: the claim.
        case: one of its cases.
        comparison: one of the case's comparisons.
        context: the data.
        level: the level of the damage that determines lambda*, for a claim with a boundary.

    Returns:
        float64 (seeds, generations or 1), positive where the side ``of`` is greater; of logarithms where the claim is
        about ratios; lambda* of each seed for a claim with a boundary.

    Raises:
        NotComparable: the values have no logarithm, a cell has no control, rho is not known, or rho or lambda* is asked
            of replicates that share seeds.
    """
    if share_seeds(context.values.seeds) and (claim.boundary is not None or comparison.value.kind == "rho"):
        raise NotComparable("rho and lambda* need independent replicates; set seeds to a number")
    if claim.boundary is not None:
        return _boundary(claim, case, comparison, context, level)
    terms = []
    for index in range(len(comparison.of)):
        values = _difference(claim, comparison, index, context)
        term = _contraction(values) if comparison.value.kind == "rho" else values
        if term is None:
            raise NotComparable("the excess does not change clearly, so rho is not known")
        terms.append(term)
    axis = [math.log(position) for position in case.axis] if claim.scale == "log" else case.axis
    difference = slope(terms, axis) if axis else terms[0]
    if isinstance(comparison.than, float):
        number = np.array(math.log(comparison.than) if claim.ratio else comparison.than)
        difference -= CensoredValues(number, number)
    return difference


def control_noise(claim: Claim, case: Case, context: ClaimContext) -> float:
    """Return the noise of the control: the standard deviation of the difference of two controls of different seeds.

    It is sqrt(2) times the standard deviation over seeds of the control's value, on a log scale of its logarithm. With
    several controls in a case it is the root of the mean square of theirs.

    Raises:
        NotComparable: a cell has no control, a control has fewer than three finite values, or replicates share seeds.
    """
    if share_seeds(context.values.seeds):
        raise NotComparable("the noise of the control needs independent replicates; set seeds to a number")
    controls = {
        (context.control(cell), comparison.value)
        for comparison in [case.first, *([case.minus] if case.minus is not None else [])]
        for cell in comparison.of
    }
    variances = []
    for control, quantity in controls:
        values = _seed_values(claim, quantity, control, context)
        finite = values.low[np.isfinite(values.low) & (values.low == values.high)]
        if len(finite) < MIN_SEEDS:
            raise NotComparable(f"the noise of {context.cell_text(control)} needs {MIN_SEEDS} seeds with values")
        variances.append(2 * finite.var(ddof=1))
    return math.sqrt(sum(variances) / len(variances))


def _difference(claim: Claim, comparison: Comparison, index: int, context: ClaimContext) -> CensoredValues:
    """Return the values of a cell of ``of`` relative to the other side; relative to a number they are unchanged."""
    quantity, than, cell = comparison.value, comparison.than, comparison.of[index]
    values = _seed_values(claim, quantity, cell, context)
    if isinstance(than, tuple):
        values -= _seed_values(claim, quantity, than[index], context)
    elif than == "control":
        values -= _seed_values(claim, quantity, context.control(cell), context)
    elif than == "generation 0":
        values -= _seed_values(claim, Quantity("at", (0,)), cell, context)
    return values


def _contraction(excess: CensoredValues) -> CensoredValues | None:
    """Return rho of each seed; None if it is not known. Seeds without a value have none."""
    present = ~np.isnan(excess.low).any(axis=1)
    values = np.full((len(present), 1), np.nan)
    try:
        finite = np.where(excess.low == excess.high, excess.low, np.inf)[present]
        values[present] = contraction(finite, CONFIDENCE_LEVEL)
    except NoContractionError:
        return None
    return CensoredValues(values, values)


def _boundary(claim: Claim, case: Case, comparison: Comparison, context: ClaimContext, level: float) -> CensoredValues:
    """Return lambda* of each seed, float64 (seeds, 1). Lambdas at which rho is not known are left out."""
    rho = comparison.value.kind == "rho"
    curve, lambdas = [], []
    for index, lambda_ in enumerate(case.axis):
        damage = _difference(claim, comparison, index, context)
        if not rho and context.values.column.better == "higher":
            damage = CensoredValues(-damage.high, -damage.low)
        known = _contraction(damage) if rho else damage
        if known is not None:
            curve.append(known)
            lambdas.append(lambda_)
    if not curve:
        raise NotComparable("the excess does not change clearly at any lambda, so rho is not known")
    return first_crossing(curve, lambdas, level)


def compare_with_theory(claim: Claim, comparison: Comparison, context: ClaimContext) -> tuple[CensoredValues, bool]:
    """Compare a cell with the values that theory expects.

    A theory of means is compared with the mean of the ratios: the mean of their logarithms would be another quantity.

    Returns:
        float64 (seeds, generations), and True if they are logarithms of ratios.

    Raises:
        NotComparable: no closed form covers the cell, the scale or the generations.
    """
    (cell,), generations = comparison.of, comparison.value.generations
    values = context.values.at(cell, generations)
    if (context.values.ended(cell) < generations[-1]).any():
        raise NotComparable(
            f"loop.until ended seeds of {context.cell_text(cell)} before generation {generations[-1]}, which the "
            "closed form does not cover"
        )
    form = _expected(claim, context.resolved.cells[cell], generations)
    if form is None:
        raise NotComparable(f"no closed form of {claim.metric} is known for {context.cell_text(cell)}")
    if claim.scale == "log" and form.scale == "log":
        return censor(_logarithms(claim, values) - form.values), claim.ratio
    if form.scale == "log":
        raise NotComparable(f"the closed form of {claim.metric} is of its logarithm; set scale: log")
    if claim.scale == "log":
        if not (form.values > 0).all():
            raise NotComparable(f"theory expects {claim.metric} to be 0, which allows no ratio; set scale: linear")
        return censor(values / form.values), False
    return censor(values - form.values), False


def _expected(claim: Claim, cell: ResolvedCell, generations: tuple[int, ...]) -> ExpectedValues | None:
    """Return the expected values of a cell, or their mean over its models; None if they are not known.

    Raises:
        NotComparable: they are known of the logarithms of several models.
    """
    forms = [expected_values(model, claim.metric, generations) for model in (cell.models if claim.models else (cell,))]
    known = [form for form in forms if form is not None]
    if len(known) < len(forms) or len(known) == 1:
        return known[0] if len(known) == len(forms) else None
    if any(form.scale == "log" for form in known):
        raise NotComparable(
            f"the closed form of {claim.metric} is of its logarithm, and means of logarithms give no mean over models"
        )
    return ExpectedValues(np.mean([form.values for form in known], axis=0))


def _seed_values(claim: Claim, quantity: Quantity, cell: int, context: ClaimContext) -> CensoredValues:
    """Return a quantity of each seed of a cell, or its logarithm on a log scale, float64 (seeds, generations or 1).

    For rho these are the values at its generations, whose excess gives rho.
    """
    if quantity.kind == "threshold":
        try:
            return context.thresholds.of(cell)
        except NoThresholdError as reason:
            raise NotComparable(f"{context.cell_text(cell)}: {reason}") from None
    values = context.values.at(cell, quantity.generations)
    if quantity.kind == "crossing":
        fits = fits_until_crossing(values, quantity, context.values.ended(cell))
        return CensoredValues(np.log(fits.low), np.log(fits.high)) if claim.scale == "log" else fits
    _check_ends(cell, quantity, context)
    levels = censor(_logarithms(claim, values) if claim.scale == "log" else values)
    if quantity.kind in ("at", "rho"):
        return levels
    by_generation = [CensoredValues(levels.low[:, [t]], levels.high[:, [t]]) for t in range(levels.low.shape[1])]
    return slope(by_generation, quantity.generations)


def _check_ends(cell: int, quantity: Quantity, context: ClaimContext) -> None:
    """Raise NotComparable if seeds ended early, and their later generations are absent: the others are no fair sample.

    The number of fits until a crossing can be claimed of them all the same.
    """
    until, last = context.resolved.sweep.until, quantity.generations[-1]
    if until is None or until.later == "repeat":
        return
    count = int((context.values.ended(cell) < last).sum())
    if count:
        raise NotComparable(
            f"loop.until ended {count} {'seed' if count == 1 else 'seeds'} of {context.cell_text(cell)} before "
            f"generation {last}, and their later generations are absent"
        )


def fits_until_crossing(values: np.ndarray, quantity: Quantity, ended: np.ndarray) -> CensoredValues:
    """Count the models that were fitted until a metric crossed a level, float64 (seeds, 1).

    A seed that never crossed it has the count of the generation after the last one as lower limit, and no upper limit;
    if its generations after an early end are absent, that of the generation after the end.

    Args:
        values: float64 (seeds, generations); infinite if the model diverged, NaN if absent after an early end.
        quantity: the crossing, with its generations, level and side.
        ended: generation at which ``loop.until`` ended the seed, float64 (seeds,), NaN for the others. A crossing at
            the next measured generation counts at this one, which is exact if ``until`` has the same level.
    """
    crossed = values <= quantity.level if quantity.side == "below" else values >= quantity.level
    fits = np.array([*(t + 1 for t in quantity.generations), quantity.generations[-1] + 2], float)
    never = len(quantity.generations)
    first = np.where(crossed.any(axis=1), crossed.argmax(axis=1), never)
    uncrossed = np.where(np.isnan(values).any(axis=1), np.fmin(ended + 2, fits[-1]), fits[-1])
    count = np.where(first < never, np.fmin(fits[first], ended + 1), uncrossed)
    return CensoredValues(count[:, None], np.where(first < never, count, np.inf)[:, None])


def _logarithms(claim: Claim, values: np.ndarray) -> np.ndarray:
    """Return logarithms; minus infinity stays.

    Raises:
        NotComparable: a finite value is below 0.
    """
    if (values[np.isfinite(values)] < 0).any():
        raise NotComparable(f"{claim.metric} has values below 0, which have no logarithm; set scale: linear")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values == -np.inf, -np.inf, np.log(np.abs(values)))
