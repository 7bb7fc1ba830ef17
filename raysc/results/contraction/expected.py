"""Rates of contraction that theory expects of a cell."""

import numpy as np

from raysc.errors import InputError
from raysc.planning.resolved import ResolvedCell
from raysc.pool.exchange import rows_read
from raysc.regimes.recipe import synthetic
from raysc.settings import UNCURATED, Sample
from raysc.theory.graphs import contraction_rate
from raysc.theory.mixing import theorem_1
from raysc.theory.student_t import LocationConstants, location_constants

MEAN_FAMILIES = ("gaussian", "exponential")
"""Families whose fit is a mean over the training rows, so that the Jacobian is the share of the samples."""

SAMPLER_SETTINGS = {"rows", "steps", "sampler", "rtol", "atol", "spacing", "epsilon", "precision"}
"""Fields of ``Sample`` that do not change the distribution of the samples on purpose."""


def newest_share(cell: ResolvedCell, t: int) -> float | None:
    """Return the share of the training set of generation t that is samples of t - 1: lambda / (1 + lambda) for a mix.

    None where it says nothing of the contraction: rows of older models, weights, selections, curations or subsamples.
    """
    if cell.settings.curation.name != UNCURATED:
        return None
    try:
        recipe = cell.rules.recipe(t)
    except InputError:
        return None
    samples = [take for take in recipe.takes if take.source.kind == "synthetic"]
    if recipe.subsample is not None or not recipe.rows or not all(take.is_plain for take in recipe.takes):
        return None
    if any(take.source != synthetic(t - 1) for take in samples):
        return None
    return sum(take.count for take in samples) / recipe.rows


def step_share(cell: ResolvedCell, t: int) -> float | None:
    """Return the share of the newest samples at a generation, for the effective step.

    None for coupled models, which have several, and for biased samples, which change the rate by themselves.
    """
    return newest_share(cell, t) if cell.settings.coupling is None and is_unbiased(cell) else None


def expected_rate(cell: ResolvedCell, last: int) -> float | None:
    """Return the rate of all fitted parameters of a cell up to generation ``last``; None where it is not known.

    lambda / (1 + lambda) for families of means, times c if their samples have c > 1 times the covariance; the J of
    theorem 1 for a Student location family on normal rows; rho(diag(beta) W) for coupled models.
    """
    shares = [_constant_share(model, last) for model in cell.models]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return None
    if (student := _student(cell)) is not None and is_unbiased(cell):
        return student.contraction(known[0] / (1 - known[0])) if known[0] < 1 else None
    if not all(_is_mean(model) for model in cell.models):
        return None
    if cell.settings.coupling is None:
        return known[0] * max(1.0, _covariance_scale(cell))
    coupling, n = cell.settings.coupling, cell.rules.sample_rows
    if not all(map(is_unbiased, cell.models)):
        return None
    counts = [rows_read(coupling, index, n) / n for index in range(coupling.count)]
    return contraction_rate(known, tuple(tuple(row.tolist()) for row in counts))


def kappa(cell: ResolvedCell) -> float | None:
    """Return kappa of theorem 1, an upper limit of the rate, for a mix whose constants are known and small enough.

    The constants are eps = 0 for a Gaussian on normal rows, and those of ``location_constants`` for a Student location
    family in one dimension.
    """
    settings, lambda_ = cell.settings, cell.settings.lambda_
    if settings.coupling is not None or settings.regime.name != "mix" or lambda_ is None or not is_unbiased(cell):
        return None
    if settings.curation.name != UNCURATED:
        return None
    if (student := _student(cell)) is not None and cell.data.event == (1,):
        bound = theorem_1(lambda_, student.data_curvature, student.lipschitz, student.misfit)
    elif settings.model.name == "gaussian" and settings.data.name == "gaussian":
        bound = theorem_1(lambda_, 1.0)
    else:
        return None
    return float(bound) if np.isfinite(bound) else None


def _constant_share(cell: ResolvedCell, last: int) -> float | None:
    """Return the share of the newest samples if it is the same at the first generations and at the last one."""
    shares = {newest_share(cell, t) for t in (1, min(2, last), last)}
    return shares.pop() if len(shares) == 1 else None


def _student(cell: ResolvedCell) -> LocationConstants | None:
    """Return the constants of a Student location family on normal rows; None for other cells."""
    model = cell.settings.model
    if (model.name, cell.settings.data.name) != ("student_t", "gaussian") or cell.settings.coupling is not None:
        return None
    return location_constants(model.parameters.get("df", 3.0), model.parameters.get("scale", 1.0))


def _is_mean(cell: ResolvedCell) -> bool:
    return cell.settings.model.name in MEAN_FAMILIES and cell.settings.model.parameters.get("ddof", 0) == 0


def is_unbiased(cell: ResolvedCell) -> bool:
    """Return True if samples have the distribution of the fitted model, at all generations.

    The sampler of a trained family and its precision are part of the model.
    """
    defaults = Sample().model_dump(exclude=SAMPLER_SETTINGS)
    samples = cell.settings.sample, cell.settings.loop_sample
    return all(sample.model_dump(exclude=SAMPLER_SETTINGS) == defaults for sample in samples)


def _covariance_scale(cell: ResolvedCell) -> float:
    """Return c, the covariance of the samples over the fitted one, in the loop."""
    sample = cell.settings.loop_sample
    return float(sample.covariance_scale * sample.temperature**2)
