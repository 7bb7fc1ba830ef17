"""Which form belongs to which cell; that forms are true is shown in tests/theory/test_loop.py."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import Line
from raysc.results.expectations import DATA, FORMS, expected
from raysc.store.objects import Objects
from raysc.sweepfile import Component
from raysc.theory import gaussian, kde, mixing, moments, regression

T = (0, 1, 5)
MOMENTS = ("trace_ratio", "mean_error", "second_moment")


@pytest.fixture(scope="module")
def line(make_sweep, tmp_path_factory):
    """A cell from what its sweep file says of regime, data and model."""

    def make(cell: str, model: str = "gaussian") -> Line:
        sweep = make_sweep(
            f"name: one\ndata: {{name: gaussian, dim: 2, rows: 10}}\nmodel: {model}\nloop: {{generations: 9}}\n"
            f"space: {{{cell}}}\nseeds: 3\nmetrics: [mean_error]\ncontrol: false\n"
        )
        (found,) = make_plan(sweep, Objects.at(str(tmp_path_factory.mktemp("store")))).lines
        return found

    return make


UNBIASED = "{name: gaussian, ddof: 1}"
KDE = "{name: kde, bandwidth: 0.5}"


@pytest.mark.parametrize(
    ("cell", "model", "column", "values", "of"),
    [
        ("regime: replace", "gaussian", "trace_ratio", moments.replace(T, 10), "value"),
        ("regime: replace", "gaussian", "mean_error", 2 * (1 - moments.replace(T, 10)), "value"),
        ("regime: replace", "gaussian", "second_moment", [1, 1, 1], "value"),
        ("regime: replace", "gaussian", "log_det_ratio", gaussian.replace_log_det(T, 10, 2), "value"),
        ("regime: replace", "gaussian", "det_ratio", gaussian.replace_log_det(T, 10, 2), "logarithm"),
        ("regime: replace, lambda: 1.25, initial.rows: 8", "gaussian", "trace_ratio",
         moments.replace(T, 10, 12, 8), "value"),
        ("regime: replace, data.dim: 1, data.rows: 5", "gaussian", "trace_ratio",
         gaussian.replace_log_det(T, 5), "logarithm"),
        ("regime: replace, sample.rows: 3", "gaussian", "trace_ratio", moments.replace(T, 10), "value"),
        ("regime: replace", UNBIASED, "trace_ratio", [1, 1, 1], "value"),
        ("regime: replace", UNBIASED, "mean_error", [0.2, 0.4, 1.2], "value"),
        ("regime: replace, data.dim: 1", UNBIASED, "std_ratio", gaussian.c4(10) ** np.array([1, 2, 6]), "value"),
        ("regime: replace, data.dim: 1, data.rows: 5", UNBIASED, "std_ratio",
         gaussian.replace_log_det(T, 5, ddof=1) / 2, "logarithm"),
        ("regime: accumulate, lambda: 0.5", "gaussian", "trace_ratio", moments.accumulate(T, 10, 5), "value"),
        ("regime: accumulate_subsample", "gaussian", "trace_ratio", moments.accumulate_subsample(T, 10), "value"),
        ("regime: mix, lambda: 0.5, initial.rows: 4", "gaussian", "trace_ratio", moments.mix(T, 10, 5, 4), "value"),
        ("regime: mix, lambda: 0.5", "gaussian", "mean_error",
         2 * (0.1 + mixing.error_around_the_real_mean(T, 10, 5)), "value"),
        ("regime: real_only", "gaussian", "mean_error", [0.2, 0.2, 0.2], "value"),
        ("regime: real_only, initial.rows: 5", "gaussian", "mean_error", [0.4, 0.2, 0.2], "value"),
        ("regime: replace, lambda: 0.7", KDE, "second_moment", kde.replace(T, 1.0, 0.5), "value"),
        ("regime: accumulate, lambda: 0.5", KDE, "second_moment", kde.accumulate(T, 1.0, 0.5, 10, 5), "value"),
        ("regime: accumulate_subsample", KDE, "second_moment", kde.accumulate(T, 1.0, 0.5), "value"),
        ("regime: accumulate, data: [{name: circles, noise: 0}]", KDE, "second_moment",
         kde.accumulate(T, 0.41, 0.5), "value"),
    ],
)  # fmt: skip
def test_a_cell_gets_its_own_form(line, cell, model, column, values, of):
    found = expected(line(cell, model), column, T)
    np.testing.assert_allclose(found.values, values)
    assert found.of == of


@pytest.mark.parametrize(
    ("cell", "model", "columns"),
    [
        # Not the loop that the form is about.
        ("regime: [{name: replace, grow: true}]", "gaussian", MOMENTS),
        ("regime: accumulate, initial.rows: 5", "gaussian", MOMENTS),
        ("regime: accumulate_subsample, initial.rows: 5", "gaussian", MOMENTS),
        ("regime: accumulate_subsample, lambda: 2", "gaussian", MOMENTS),
        ("regime: [{name: accumulate_subsample, rows: 12}]", "gaussian", MOMENTS),
        ("regime: accumulate", "gaussian", ("log_det_ratio", "det_ratio", "std_ratio")),
        ("regime: mix, lambda: 1", "gaussian", ("log_det_ratio", "det_ratio", "std_ratio")),
        # Not the estimate.
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
        # Rows that are not normal.
        ("regime: replace, data: [{name: moons, rows: 50}]", "gaussian", ("log_det_ratio", "det_ratio")),
        ("regime: replace", "gaussian", ("nll", "entropy")),
    ],
)
def test_where_an_assumption_fails_nothing_is_expected(line, cell, model, columns):
    for column in columns:
        assert expected(line(cell, model), column, T) is None, column


@dataclass(frozen=True)
class Stand:
    """Parameters of data sets that are asked for theirs."""

    dim: int = 3
    noise: float = 0.5
    outcomes: int = 4


def stood_in(line: Line, data: str, model: str, rows: int) -> Line:
    cell = line.cell.model_copy(update={"data": Component(name=data), "model": Component(name=model)})
    return replace(line, cell=cell, data=Stand(), rules=replace(line.rules, cell=cell, rows=rows))


def test_regressions_have_forms_where_every_batch_has_the_same_rows(line):
    def error(cell: str, rows: int = 10, data: str = "linear") -> np.ndarray | None:
        found = expected(stood_in(line(cell), data, "linear_regression", rows), "test_error", T)
        return None if found is None else found.values

    np.testing.assert_allclose(error("regime: replace"), regression.replace(T, 10, 3, 0.5))
    np.testing.assert_allclose(error("regime: accumulate"), regression.accumulate(T, 10, 3, 0.5))
    assert error("regime: accumulate_subsample") is None
    assert error("regime: replace, lambda: 0.5") is None
    assert error("regime: accumulate, initial.rows: 5") is None
    assert error("regime: replace", rows=5) is not None
    assert error("regime: replace", rows=4) is None
    assert error("regime: replace", data="gaussian") is None


def test_discrete_distributions_keep_heterozygosity_as_gaussians_keep_variance(line):
    for cell in ("regime: replace", "regime: accumulate", "regime: accumulate_subsample", "regime: mix, lambda: 2"):
        own = line(cell)
        found = expected(stood_in(own, "categories", "discrete", 10), "heterozygosity", T)
        np.testing.assert_allclose(found.values, 0.75 * expected(own, "trace_ratio", T).values)


def test_every_model_with_forms_says_which_data_they_are_for():
    assert {model for model, _, _ in FORMS} == set(DATA)


def test_other_data_of_the_same_model_have_none(line):
    own = line("regime: replace")
    assert expected(stood_in(own, "my_data:Mine", "gaussian", 10), "trace_ratio", T) is None
    assert expected(stood_in(own, "gaussian", "my_models:Mine", 10), "trace_ratio", T) is None
