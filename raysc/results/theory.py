"""What a closed form expects of a cell: the one place that knows which form belongs to which data, model and regime."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from raysc.plan import Line


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


Form = Callable[[Line, np.ndarray], Expected | None]
"""(cell, generations as int64) -> what is expected, or None where the form does not cover the cell."""


def expected(line: Line, metric: str, generations: tuple[int, ...]) -> Expected | None:
    """What theory expects of a metric's column at some generations of a cell; None where no form is known."""
    form = FORMS.get((line.cell.data.name, line.cell.model.name, line.cell.regime.name, metric))
    return None if form is None else form(line, np.array(generations))


def _gaussian_kept(line: Line, generations: np.ndarray) -> np.ndarray | None:
    """The share of the true covariance that is expected to be left after t + 1 fits (Kazdan et al. 2024, Gaussians).

    replace: (1 - 1/n)^(t+1); accumulate: the product over i = 1..t+1 of 1 - 1/(n i^2). For maximum likelihood
    (ddof 0), lambda 1 and the same number of rows at every generation.
    """
    cell, n = line.cell, line.rules.rows
    plain = cell.lambda_ == 1 and cell.initial.rows in (None, n) and cell.sample.rows in (None, n)
    if not plain or cell.model.parameters.get("ddof", 0) != 0 or cell.regime.parameters:
        return None
    fits = generations + 1
    if cell.regime.name == "replace":
        return np.asarray((1 - 1 / n) ** fits)
    kept = np.cumprod(1 - 1 / (n * np.square(np.arange(1.0, fits.max() + 1))))
    return np.asarray(kept[fits - 1])


def _gaussian_trace(line: Line, generations: np.ndarray) -> Expected | None:
    """E tr Sigma_t / tr Sigma_0."""
    kept = _gaussian_kept(line, generations)
    return None if kept is None else Expected(kept)


def _gaussian_mean_error(line: Line, generations: np.ndarray) -> Expected | None:
    """E |mu_t - mu_0|^2: what the covariance has lost, since both add up to tr Sigma_0, which is the dimension here."""
    kept = _gaussian_kept(line, generations)
    return None if kept is None else Expected(line.data.event[0] * (1 - kept))


FORMS: Mapping[tuple[str, str, str, str], Form] = {
    ("gaussian", "gaussian", regime, metric): form
    for regime in ("replace", "accumulate")
    for metric, form in (("trace_ratio", _gaussian_trace), ("mean_error", _gaussian_mean_error))
}
"""(data set, model, regime, column) -> its form."""
