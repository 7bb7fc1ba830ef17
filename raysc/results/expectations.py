"""What a closed form expects of a cell: the one place that knows which form belongs to which data, model and regime."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from raysc.planning.resolved import Line
from raysc.regimes.recipe import exact, per_real_row
from raysc.theory import discrete, gaussian, kde, moments, regression


@dataclass(frozen=True)
class Expected:
    """What a closed form says of a metric over seeds.

    Attributes:
        values: float64 (generations,).
        of: "value": the mean of the metric; "logarithm": the mean of its natural logarithm, which for a skewed metric
            is another thing.
    """

    values: np.ndarray
    of: Literal["value", "logarithm"] = "value"


@dataclass(frozen=True)
class Setting:
    """What forms ask of a cell.

    Attributes:
        line: the cell.
        n: real rows.
        m: synthetic rows per generation.
        n_0: real rows of generation 0.
    """

    line: Line
    n: int
    m: int
    n_0: int

    @property
    def data(self) -> Any:
        """The data set, with its parameters; which one it is has been looked at."""
        return self.line.data

    @property
    def ddof(self) -> int:
        """Of a Gaussian."""
        return int(self.line.cell.model.parameters.get("ddof", 0))

    @property
    def equal(self) -> bool:
        """Every generation has as many rows of its own."""
        return self.n == self.m == self.n_0


Form = Callable[[Setting, np.ndarray], Expected | None]
"""(cell, generations as int64) -> what is expected, or None where the form does not cover the cell."""


def expected(line: Line, metric: str, generations: tuple[int, ...]) -> Expected | None:
    """What theory expects of a metric's column at some generations of a cell; None where no exact form is known.

    ``sample.rows`` makes no difference: however many rows a generation draws, those that are trained on are as good.
    """
    cell, n = line.cell, line.rules.rows
    form = FORMS.get((cell.model.name, cell.regime.name, metric))
    if form is None or cell.data.name not in DATA[cell.model.name] or cell.regime.parameters:
        return None
    setting = Setting(line, n, per_real_row(exact(cell.lambda_), n), cell.initial.rows or n)
    return form(setting, np.array(generations))


def _kept(s: Setting, t: np.ndarray) -> np.ndarray | None:
    """The expected share of the variance that is left, for fits that keep mean and covariance of their rows."""
    match s.line.cell.regime.name:
        case "replace" if s.m > 0:
            return moments.replace(t, s.n, s.m, s.n_0)
        case "accumulate" if s.n_0 == s.n:
            return moments.accumulate(t, s.n, s.m)
        case "accumulate_subsample" if s.equal:
            return moments.accumulate_subsample(t, s.n)
        case "mix" | "real_only":
            return moments.mix(t, s.n, s.m, s.n_0)
    return None


def _gaussian_kept(s: Setting, t: np.ndarray) -> np.ndarray | None:
    """The same of a Gaussian; with the unbiased covariance known under ``replace`` alone, where it is 1."""
    if s.ddof == 0:
        return _kept(s, t)
    return np.ones(len(t)) if s.line.cell.regime.name == "replace" and min(s.m, s.n_0) > 1 else None


def _rare(s: Setting, t: np.ndarray) -> bool:
    """Whether means are made of runs so rare that no affordable number of seeds shows them.

    Under ``replace`` the variance is a product of factors, one per fit, and after m of them far from its mean.
    """
    return s.line.cell.regime.name == "replace" and max(t) + 1 > min(s.m, s.n_0)


def _trace_ratio(s: Setting, t: np.ndarray) -> Expected | None:
    if _rare(s, t):
        return _log_det(s, t, "logarithm") if s.data.event == (1,) else None
    kept = _gaussian_kept(s, t)
    return None if kept is None else Expected(kept)


def _mean_error(s: Setting, t: np.ndarray) -> Expected | None:
    kept, trace = _gaussian_kept(s, t), np.trace(s.data.moments()[1])
    if kept is None:
        return None
    if s.ddof == 0:
        return Expected(trace * moments.mean_error(kept))
    return None if _rare(s, t) else Expected(trace * gaussian.replace_unbiased_mean_error(t, s.n, s.m, s.n_0))


def _gaussian_second_moment(s: Setting, t: np.ndarray) -> Expected | None:
    """That of the truth, for ever."""
    if s.ddof != 0 or _kept(s, t) is None:
        return None
    return Expected(np.full(len(t), _variance(s)))


def _std_ratio(s: Setting, t: np.ndarray) -> Expected | None:
    """In one dimension, unbiased."""
    if s.ddof != 1 or s.line.cell.data.name != "gaussian" or s.data.event != (1,) or min(s.m, s.n_0) < 2:
        return None
    if _rare(s, t):
        return Expected(gaussian.replace_log_det(t, s.n, 1, s.m, s.n_0, ddof=1) / 2, "logarithm")
    return Expected(gaussian.replace_deviation(t, s.n, s.m, s.n_0))


def _log_det(s: Setting, t: np.ndarray, of: Literal["value", "logarithm"]) -> Expected | None:
    """Of the logarithm always: soon no number of seeds shows the mean of the determinant itself."""
    (dim,) = s.data.event
    if s.line.cell.data.name != "gaussian" or min(s.m, s.n_0) <= dim:
        return None
    return Expected(gaussian.replace_log_det(t, s.n, dim, s.m, s.n_0, s.ddof), of)


def _kde_second_moment(s: Setting, t: np.ndarray) -> Expected | None:
    h = s.line.cell.model.parameters["bandwidth"]
    if isinstance(h, str):
        return None
    if s.line.cell.regime.name == "replace":
        return Expected(kde.replace(t, _variance(s), h))
    return Expected(kde.accumulate(t, _variance(s), h, s.n, s.m))


def _variance(s: Setting) -> float:
    """Of the truth, per dimension."""
    return float(np.trace(s.data.moments()[1]) / s.data.event[0])


def _test_error(s: Setting, t: np.ndarray) -> Expected | None:
    if not s.equal or s.n < s.data.dim + 2:
        return None
    form = regression.replace if s.line.cell.regime.name == "replace" else regression.accumulate
    return Expected(form(t, s.n, s.data.dim, s.data.noise))


def _heterozygosity(s: Setting, t: np.ndarray) -> Expected | None:
    kept = _kept(s, t)
    return None if kept is None else Expected(discrete.heterozygosity(s.data.outcomes) * kept)


KEEPING = ("replace", "accumulate", "accumulate_subsample", "mix", "real_only")
"""Regimes of ``_kept``."""

DATA: Mapping[str, tuple[str, ...]] = {
    "gaussian": ("gaussian", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians"),
    "kde": ("gaussian", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians"),
    "linear_regression": ("linear",),
    "discrete": ("categories",),
}
"""Model -> the data whose rows are drawn as its forms suppose: independently, each seed its own."""

FORMS: Mapping[tuple[str, str, str], Form] = {
    **{("gaussian", regime, "trace_ratio"): _trace_ratio for regime in KEEPING},
    **{("gaussian", regime, "mean_error"): _mean_error for regime in KEEPING},
    **{("gaussian", regime, "second_moment"): _gaussian_second_moment for regime in KEEPING},
    ("gaussian", "replace", "std_ratio"): _std_ratio,
    ("gaussian", "replace", "log_det_ratio"): lambda s, t: _log_det(s, t, "value"),
    ("gaussian", "replace", "det_ratio"): lambda s, t: _log_det(s, t, "logarithm"),
    **{("kde", regime, "second_moment"): _kde_second_moment for regime in KEEPING[:3]},
    **{("linear_regression", regime, "test_error"): _test_error for regime in KEEPING[:2]},
    **{("discrete", regime, "heterozygosity"): _heterozygosity for regime in KEEPING},
}
"""(model, regime, column) -> its form."""
