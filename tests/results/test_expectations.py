"""The form of each cell; tests/theory/test_loop.py compares the forms with loops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest

from raysc.datasets.dataset import DataSet
from raysc.metrics.core.metric import Scale
from raysc.planning.resolved import ResolvedCell, resolve
from raysc.results.expectations import FORM_DATA, FORMS, ExpectedValues, expected_values
from raysc.sweepfile import Component
from raysc.theory import gaussian, kde, mixing, moments, regression
from tests.conftest import MakeSweep

T = (0, 1, 5)
MakeCell = Callable[..., ResolvedCell]
MOMENTS = ("trace_ratio", "mean_error", "second_moment")


@pytest.fixture(scope="module")
def make_cell(make_sweep: MakeSweep) -> MakeCell:
    """A function that makes a cell from its axes and its model."""

    def make(cell: str, model: str = "gaussian") -> ResolvedCell:
        sweep = make_sweep(
            f"name: one\ndata: {{name: gaussian, dim: 2, rows: 10}}\nmodel: {model}\nloop: {{generations: 9}}\n"
            f"space: {{{cell}}}\nseeds: 3\nmetrics: [mean_error]\ncontrol: false\n"
        )
        (resolved_cell,) = resolve(sweep).cells
        return resolved_cell

    return make


def existing_form(cell: ResolvedCell, column: str) -> ExpectedValues:
    form = expected_values(cell, column, T)
    assert form is not None
    return form


UNBIASED = "{name: gaussian, ddof: 1}"
KDE = "{name: kde, bandwidth: 0.5}"


@pytest.mark.parametrize(
    ("cell", "model", "column", "values", "scale"),
    [
        ("regime: replace", "gaussian", "trace_ratio", moments.replace(T, 10), "linear"),
        ("regime: replace", "gaussian", "mean_error", 2 * (1 - moments.replace(T, 10)), "linear"),
        ("regime: replace", "gaussian", "second_moment", [1, 1, 1], "linear"),
        ("regime: replace", "gaussian", "log_det_ratio", gaussian.replace_log_det(T, 10, 2), "linear"),
        ("regime: replace", "gaussian", "det_ratio", gaussian.replace_log_det(T, 10, 2), "log"),
        ("regime: replace, lambda: 1.25, initial.rows: 8", "gaussian", "trace_ratio",
         moments.replace(T, 10, 12, 8), "linear"),
        ("regime: replace, data.dim: 1, data.rows: 5", "gaussian", "trace_ratio",
         gaussian.replace_log_det(T, 5), "log"),
        ("regime: replace, sample.rows: 3", "gaussian", "trace_ratio", moments.replace(T, 10), "linear"),
        ("regime: replace", UNBIASED, "trace_ratio", [1, 1, 1], "linear"),
        ("regime: replace", UNBIASED, "mean_error", [0.2, 0.4, 1.2], "linear"),
        ("regime: replace, data.dim: 1", UNBIASED, "std_ratio", gaussian.c4(10) ** np.array([1, 2, 6]), "linear"),
        ("regime: replace, data.dim: 1, data.rows: 5", UNBIASED, "std_ratio",
         gaussian.replace_log_det(T, 5, ddof=1) / 2, "log"),
        ("regime: accumulate, lambda: 0.5", "gaussian", "trace_ratio", moments.accumulate(T, 10, 5), "linear"),
        ("regime: accumulate_subsample", "gaussian", "trace_ratio", moments.accumulate_subsample(T, 10), "linear"),
        ("regime: mix, lambda: 0.5, initial.rows: 4", "gaussian", "trace_ratio", moments.mix(T, 10, 5, 4), "linear"),
        ("regime: mix, lambda: 0.5", "gaussian", "mean_error",
         2 * (0.1 + mixing.error_around_the_real_mean(T, 10, 5)), "linear"),
        ("regime: mix, lambda: 0.5, sample.covariance_scale: 2", "gaussian", "trace_ratio",
         mixing.biased_variance_share(T, 10, 5, 2), "linear"),
        ("regime: mix, lambda: 0.5, sample.temperature: 2, initial.rows: 4", "gaussian", "trace_ratio",
         mixing.biased_variance_share(T, 10, 5, 4, 4), "linear"),
        ("regime: real_only", "gaussian", "mean_error", [0.2, 0.2, 0.2], "linear"),
        ("regime: real_only, initial.rows: 5", "gaussian", "mean_error", [0.4, 0.2, 0.2], "linear"),
        ("regime: replace, lambda: 0.7", KDE, "second_moment", kde.replace(T, 1.0, 0.5), "linear"),
        ("regime: accumulate, lambda: 0.5", KDE, "second_moment", kde.accumulate(T, 1.0, 0.5, 10, 5), "linear"),
        ("regime: accumulate_subsample", KDE, "second_moment", kde.accumulate(T, 1.0, 0.5), "linear"),
        ("regime: accumulate, data: [{name: circles, noise: 0}]", KDE, "second_moment",
         kde.accumulate(T, 0.41, 0.5), "linear"),
    ],
)  # fmt: skip
def test_form_of_a_cell(
    make_cell: MakeCell, cell: str, model: str, column: str, values: Sequence[float], scale: Scale
) -> None:
    form = existing_form(make_cell(cell, model), column)
    np.testing.assert_allclose(form.values, values)
    assert form.scale == scale


@pytest.mark.parametrize(
    ("cell", "model", "columns"),
    [
        # Another loop than that of the form.
        ("regime: [{name: replace, grow: true}]", "gaussian", MOMENTS),
        ("regime: accumulate, initial.rows: 5", "gaussian", MOMENTS),
        ("regime: accumulate_subsample, initial.rows: 5", "gaussian", MOMENTS),
        ("regime: accumulate_subsample, lambda: 2", "gaussian", MOMENTS),
        ("regime: [{name: accumulate_subsample, rows: 12}]", "gaussian", MOMENTS),
        ("regime: accumulate", "gaussian", ("log_det_ratio", "det_ratio", "std_ratio")),
        ("regime: mix, lambda: 1", "gaussian", ("log_det_ratio", "det_ratio", "std_ratio")),
        # Biased samples.
        ("regime: replace, sample.temperature: 2", "gaussian", MOMENTS),
        ("regime: accumulate, loop.sample.covariance_scale: 2", "gaussian", MOMENTS),
        ("regime: mix, lambda: 1, loop.sample.covariance_scale: 2", "gaussian", MOMENTS),
        ("regime: mix, lambda: 1, sample.temperature: 2", UNBIASED, MOMENTS),
        ("regime: replace, sample.temperature: 2", KDE, MOMENTS),
        # Another estimator.
        ("regime: accumulate", UNBIASED, MOMENTS),
        ("regime: accumulate_subsample", UNBIASED, MOMENTS),
        ("regime: mix, lambda: 1", UNBIASED, MOMENTS),
        ("regime: replace", UNBIASED, ("second_moment",)),
        ("regime: replace, data.dim: 1", "gaussian", ("std_ratio",)),
        ("regime: replace", UNBIASED, ("std_ratio",)),
        ("regime: replace", "{name: kde, bandwidth: scott}", MOMENTS),
        ("regime: replace", KDE, ("trace_ratio", "mean_error", "log_det_ratio", "nll")),
        ("regime: mix, lambda: 1", KDE, MOMENTS),
        # Too few rows, or too many fits of them.
        ("regime: replace, data.rows: 2", "gaussian", ("log_det_ratio", "det_ratio")),
        ("regime: replace, initial.rows: 2", "gaussian", ("log_det_ratio", "det_ratio")),
        ("regime: replace, lambda: 0.2", "gaussian", ("log_det_ratio", "det_ratio")),
        ("regime: replace, data.rows: 5", "gaussian", ("trace_ratio",)),
        ("regime: replace, data.rows: 5", UNBIASED, ("trace_ratio", "mean_error")),
        # Rows without a normal distribution.
        ("regime: replace, data: [{name: moons, rows: 50}]", "gaussian", ("log_det_ratio", "det_ratio")),
        ("regime: replace", "gaussian", ("nll", "entropy")),
    ],
)
def test_a_cell_outside_of_the_assumptions_has_no_form(
    make_cell: MakeCell, cell: str, model: str, columns: tuple[str, ...]
) -> None:
    for column in columns:
        assert expected_values(make_cell(cell, model), column, T) is None, column


@dataclass(frozen=True)
class StubData:
    """A data set with nothing but the parameters that forms read."""

    dim: int = 3
    noise: float = 0.5
    isotropic: bool = True

    def probabilities(self) -> np.ndarray:
        return np.full(4, 0.25)


def with_stub_data(cell: ResolvedCell, data: str, model: str, rows: int) -> ResolvedCell:
    settings = cell.settings.model_copy(update={"data": Component(name=data), "model": Component(name=model)})
    rules = replace(cell.rules, settings=settings, rows=rows)
    return replace(cell, settings=settings, data=cast(DataSet, StubData()), rules=rules)


def present(values: np.ndarray | None) -> np.ndarray:
    assert values is not None
    return values


def test_regressions_have_forms_if_every_generation_adds_the_same_number_of_rows(make_cell: MakeCell) -> None:
    def error(cell: str, rows: int = 10, data: str = "linear") -> np.ndarray | None:
        form = expected_values(with_stub_data(make_cell(cell), data, "linear_regression", rows), "test_error", T)
        return None if form is None else form.values

    np.testing.assert_allclose(present(error("regime: replace")), regression.replace(T, 10, 3, 0.5))
    np.testing.assert_allclose(present(error("regime: accumulate")), regression.accumulate(T, 10, 3, 0.5))
    assert error("regime: accumulate_subsample") is None
    assert error("regime: replace, lambda: 0.5") is None
    assert error("regime: accumulate, initial.rows: 5") is None
    assert error("regime: replace", rows=5) is not None
    assert error("regime: replace", rows=4) is None
    assert error("regime: replace", data="gaussian") is None


def test_discrete_distributions_lose_heterozygosity_as_gaussians_lose_variance(make_cell: MakeCell) -> None:
    for cell in ("regime: replace", "regime: accumulate", "regime: accumulate_subsample", "regime: mix, lambda: 2"):
        gaussian_cell = make_cell(cell)
        form = existing_form(with_stub_data(gaussian_cell, "categories", "discrete", 10), "heterozygosity")
        np.testing.assert_allclose(form.values, 0.75 * existing_form(gaussian_cell, "trace_ratio").values)


def test_every_model_with_forms_has_a_list_of_data_sets() -> None:
    assert {model for model, _, _ in FORMS} == set(FORM_DATA)


def test_data_sets_and_models_of_users_have_no_form(make_cell: MakeCell) -> None:
    cell = make_cell("regime: replace")
    assert expected_values(with_stub_data(cell, "my_data:Mine", "gaussian", 10), "trace_ratio", T) is None
    assert expected_values(with_stub_data(cell, "gaussian", "my_models:Mine", 10), "trace_ratio", T) is None
