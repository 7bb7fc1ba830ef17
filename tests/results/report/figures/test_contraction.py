"""The figure of the rates of contraction."""

from math import nan

import pandas as pd

from raysc.results.report.figures.contraction import MAX_CELLS, contraction_figure


def frame(rhos: list[float]) -> pd.DataFrame:
    rows = [
        {
            "lambda": float(index), "metric": metric, "rho": rho, "rho_low": rho - 0.1, "rho_high": rho + 0.1,
            "first": 2, "last": 4, "seeds": 5, "effective_step": nan, "effective_step_low": nan,
            "effective_step_high": nan, "expected": 0.5 if index else nan, "kappa": nan,
        }
        for index, rho in enumerate(rhos)
        for metric in ("fork_distance", "fork_distance_mean")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_figure_has_the_first_distance_of_the_cells_with_a_rate() -> None:
    figure = contraction_figure(frame([0.5, nan, 0.7]))
    assert figure is not None
    assert figure.numbers["rho"].tolist() == [0.5, 0.7]
    assert set(figure.numbers["metric"]) == {"fork_distance"}
    assert "lambda 2" in figure.svg
    assert "lambda 1" not in figure.svg
    assert "lambda 2: rho 0.70 [0.60, 0.80], theory 0.5" in figure.alt


def test_a_long_sweep_says_that_cells_are_left_out() -> None:
    figure = contraction_figure(frame([0.5] * (MAX_CELLS + 1)))
    assert figure is not None
    assert f"The first {MAX_CELLS} of {MAX_CELLS + 1} cells are drawn." in figure.caption
    assert len(figure.numbers) == MAX_CELLS + 1


def test_without_a_rate_there_is_no_figure() -> None:
    assert contraction_figure(frame([nan])) is None
    assert contraction_figure(pd.DataFrame()) is None
