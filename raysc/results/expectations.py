"""Values that theory expects of a cell: the table from model, regime and metric to its closed form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from raysc.metrics.core.metric import Scale
from raysc.planning.resolved import ResolvedCell
from raysc.pool.exchange import rows_read
from raysc.regimes.recipe import exact, per_real_row
from raysc.settings import UNCURATED, CellSettings, Sample
from raysc.theory import discrete, gaussian, kde, mixing, moments, regression
from raysc.theory.coupled import CoupledGaussians, Moments


@dataclass(frozen=True)
class ExpectedValues:
    """Expected values of a metric over seeds.

    Attributes:
        values: float64 (generations,).
        scale: "linear": the mean of the metric; "log": the mean of its natural logarithm, which for a skewed metric
            differs from the logarithm of its mean.
    """

    values: np.ndarray
    scale: Scale = "linear"


@dataclass(frozen=True)
class FormInputs:
    """Inputs of a closed form.

    Attributes:
        cell: the cell.
        n: number of real rows.
        m: number of synthetic rows per generation.
        n_0: number of real rows of generation 0.
    """

    cell: ResolvedCell
    n: int
    m: int
    n_0: int

    @property
    def data(self) -> Any:
        """The data set. ``FORM_DATA`` determines its class, and so the parameters that it has."""
        return self.cell.data

    @property
    def ddof(self) -> int:
        """Delta degrees of freedom of a Gaussian's covariance."""
        return int(self.cell.settings.model.parameters.get("ddof", 0))

    @property
    def equal_rows(self) -> bool:
        """True if every generation adds the same number of rows."""
        return self.n == self.m == self.n_0


Form = Callable[[FormInputs, np.ndarray], ExpectedValues | None]
"""Function from inputs and generations (int64) to expected values; None if the form does not cover the cell."""


def expected_values(cell: ResolvedCell, metric: str, generations: tuple[int, ...]) -> ExpectedValues | None:
    """Return the expected values of a metric's column at some generations of a cell; None without an exact form.

    ``sample.rows`` has no effect: the rows that are trained on have the same distribution, however many are drawn.
    """
    settings, n = cell.settings, cell.rules.rows
    if settings.coupling is not None:
        return _coupled(cell, metric, generations)
    forms = BIASED_FORMS if _biased(settings) else FORMS
    form = forms.get((settings.model.name, settings.regime.name, metric))
    if form is None or settings.data.name not in FORM_DATA[settings.model.name] or settings.regime.parameters:
        return None
    if settings.curation.name != UNCURATED:
        return None
    if settings.data.parameters.get("angles") == "even":
        return None  # evenly spaced rows are not independent
    inputs = FormInputs(cell, n, per_real_row(exact(settings.lambda_), n), settings.initial.rows or n)
    return form(inputs, np.array(generations))


def _coupled(cell: ResolvedCell, metric: str, generations: tuple[int, ...]) -> ExpectedValues | None:
    """Return the expected values of a coupled Gaussian model of equal numbers of real and synthetic rows, or none."""
    models, coupling = cell.coupled, cell.settings.coupling
    n, (dim, *_) = cell.rules.rows, cell.data.event
    if coupling is None or not all(_has_coupled_form(model, n) for model in models):
        return None
    truth = [float(model.settings.data.parameters.get("mean", 0.0)) for model in models]
    counts = [rows_read(coupling, index, n) / n for index in range(coupling.count)]
    gaussians = CoupledGaussians(
        n,
        truth,
        keeps=[model.settings.regime.name != "replace" for model in models],
        reads_rows=[model.settings.regime.name != "real_only" for model in models],
        reads=tuple(tuple(row.tolist()) for row in counts),
        pooled=coupling.graph == "pooled",
        common=coupling.real == "common",
    )
    by_generation = gaussians.moments(max(generations))
    forms: dict[str, Callable[[Moments], float]] = {
        "mean_error": lambda of_t: float(dim * of_t.mean_error(truth)[coupling.index]),
        "trace_ratio": lambda of_t: float(of_t.variance[coupling.index]),
        "model_diversity": lambda of_t: dim * of_t.diversity(n),
    }
    return ExpectedValues(np.array([forms[metric](by_generation[t]) for t in generations])) if metric in forms else None


def _has_coupled_form(model: ResolvedCell, n: int) -> bool:
    """Return True if a model of several is one that ``CoupledGaussians`` describes."""
    settings = model.settings
    components = settings.data.name, settings.model.name, settings.regime.name
    if components not in (("gaussian", "gaussian", name) for name in ("mix", "replace", "real_only")):
        return False
    plain = not (settings.model.parameters or settings.regime.parameters or _biased(settings))
    takes_n = settings.regime.name == "real_only" or per_real_row(exact(settings.lambda_), n) == n
    rows = {model.rules.rows, model.rules.sample_rows, settings.initial.rows or n}
    return plain and takes_n and settings.curation.name == UNCURATED and rows == {n}


def _biased(settings: CellSettings) -> bool:
    """Return True if samples do not have the distribution that was fitted, at some generation."""
    defaults = Sample().model_dump(exclude={"rows"})
    return any(sample.model_dump(exclude={"rows"}) != defaults for sample in (settings.sample, settings.loop_sample))


def _biased_trace_ratio(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    """Return the share of the variance where samples have c times the covariance, at all generations alike."""
    sample = s.cell.settings.sample
    if s.ddof != 0 or sample != s.cell.settings.loop_sample:
        return None
    scale = sample.covariance_scale * sample.temperature**2
    return ExpectedValues(mixing.biased_variance_share(t, s.n, s.m, scale, s.n_0))


def _variance_share(s: FormInputs, t: np.ndarray) -> np.ndarray | None:
    """Return the expected share of the variance that remains, for fits with the mean and covariance of their rows."""
    match s.cell.settings.regime.name:
        case "replace" if s.m > 0:
            return moments.replace(t, s.n, s.m, s.n_0)
        case "accumulate" if s.n_0 == s.n:
            return moments.accumulate(t, s.n, s.m)
        case "accumulate_subsample" if s.equal_rows:
            return moments.accumulate_subsample(t, s.n)
        case "mix" | "real_only":
            return moments.mix(t, s.n, s.m, s.n_0)
    return None


def _gaussian_variance_share(s: FormInputs, t: np.ndarray) -> np.ndarray | None:
    """Return the same share for a Gaussian; with the unbiased covariance it is known only for ``replace``: 1."""
    if s.ddof == 0:
        return _variance_share(s, t)
    return np.ones(len(t)) if s.cell.settings.regime.name == "replace" and min(s.m, s.n_0) > 1 else None


def _dominated_by_rare_runs(s: FormInputs, t: np.ndarray) -> bool:
    """Return True if rare runs dominate the mean, so that no affordable number of seeds estimates it.

    With ``replace`` the variance is a product of one factor per fit. After m fits it is nearly always far from its
    mean.
    """
    return s.cell.settings.regime.name == "replace" and max(t) + 1 > min(s.m, s.n_0)


def _trace_ratio(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    if _dominated_by_rare_runs(s, t):
        return _log_det(s, t, "log") if s.data.event == (1,) else None
    share = _gaussian_variance_share(s, t)
    return None if share is None else ExpectedValues(share)


def _mean_error(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    share, trace = _gaussian_variance_share(s, t), np.trace(s.data.moments()[1])
    if share is None:
        return None
    if s.ddof == 0:
        return ExpectedValues(trace * moments.mean_error(share))
    if _dominated_by_rare_runs(s, t):
        return None
    return ExpectedValues(trace * gaussian.replace_unbiased_mean_error(t, s.n, s.m, s.n_0))


def _gaussian_second_moment(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    """Return the second moment of the data, which is constant."""
    if s.ddof != 0 or _variance_share(s, t) is None:
        return None
    return ExpectedValues(np.full(len(t), _variance(s)))


def _std_ratio(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    """Return the ratio of standard deviations, in one dimension, with the unbiased covariance."""
    if s.ddof != 1 or s.cell.settings.data.name != "gaussian" or s.data.event != (1,) or min(s.m, s.n_0) < 2:
        return None
    if _dominated_by_rare_runs(s, t):
        return ExpectedValues(gaussian.replace_log_det(t, s.n, 1, s.m, s.n_0, ddof=1) / 2, "log")
    return ExpectedValues(gaussian.replace_deviation(t, s.n, s.m, s.n_0))


def _log_det(s: FormInputs, t: np.ndarray, scale: Scale) -> ExpectedValues | None:
    """Return the log determinant. The mean of the determinant itself needs too many seeds after a few generations."""
    (dim,) = s.data.event
    if s.cell.settings.data.name != "gaussian" or min(s.m, s.n_0) <= dim:
        return None
    return ExpectedValues(gaussian.replace_log_det(t, s.n, dim, s.m, s.n_0, s.ddof), scale)


def _kde_second_moment(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    h = s.cell.settings.model.parameters["bandwidth"]
    if isinstance(h, str):
        return None
    if s.cell.settings.regime.name == "replace":
        return ExpectedValues(kde.replace(t, _variance(s), h))
    return ExpectedValues(kde.accumulate(t, _variance(s), h, s.n, s.m))


def _variance(s: FormInputs) -> float:
    """Return the variance of the data per dimension."""
    return float(np.trace(s.data.moments()[1]) / s.data.event[0])


def _test_error(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    ridge = s.cell.settings.model.parameters.get("ridge", 0)
    if not s.equal_rows or s.n < s.data.dim + 2 or ridge or not s.data.isotropic:
        return None
    form = regression.replace if s.cell.settings.regime.name == "replace" else regression.accumulate
    return ExpectedValues(form(t, s.n, s.data.dim, s.data.noise))


def _heterozygosity(s: FormInputs, t: np.ndarray) -> ExpectedValues | None:
    share = _variance_share(s, t)
    return None if share is None else ExpectedValues(discrete.heterozygosity(s.data.probabilities()) * share)


MOMENT_REGIMES = ("replace", "accumulate", "accumulate_subsample", "mix", "real_only")
"""Regimes with a form of the remaining variance."""

FORM_DATA: Mapping[str, tuple[str, ...]] = {
    "gaussian": ("gaussian", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians"),
    "kde": ("gaussian", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians"),
    "linear_regression": ("linear",),
    "discrete": ("categories",),
}
"""Model -> data sets for which its forms hold: the rows are drawn independently, and anew for each seed."""

FORMS: Mapping[tuple[str, str, str], Form] = {
    **{("gaussian", regime, "trace_ratio"): _trace_ratio for regime in MOMENT_REGIMES},
    **{("gaussian", regime, "mean_error"): _mean_error for regime in MOMENT_REGIMES},
    **{("gaussian", regime, "second_moment"): _gaussian_second_moment for regime in MOMENT_REGIMES},
    ("gaussian", "replace", "std_ratio"): _std_ratio,
    ("gaussian", "replace", "log_det_ratio"): lambda s, t: _log_det(s, t, "linear"),
    ("gaussian", "replace", "det_ratio"): lambda s, t: _log_det(s, t, "log"),
    **{("kde", regime, "second_moment"): _kde_second_moment for regime in MOMENT_REGIMES[:3]},
    **{("linear_regression", regime, "test_error"): _test_error for regime in MOMENT_REGIMES[:2]},
    **{("discrete", regime, "heterozygosity"): _heterozygosity for regime in MOMENT_REGIMES},
}
"""(model, regime, column) -> closed form."""

BIASED_FORMS: Mapping[tuple[str, str, str], Form] = {("gaussian", "mix", "trace_ratio"): _biased_trace_ratio}
"""The same for cells with a temperature or covariance scale."""
