"""Scaling of Gaussian loops against closed forms."""

from collections.abc import Callable
from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.models.closed_form.gaussian import Gaussian
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.pool.training_set import TrainingSet
from raysc.results.scaling.tables import effective_rows_frame, scaling_frame, scaling_texts
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Run = Callable[..., tuple[ResolvedSweep, pd.DataFrame]]

TEXT = """\
name: scaling
data: {name: gaussian, dim: 10}
model: gaussian
loop: {generations: 9}
space:
  - {regime: mix, lambda: 1.0, data.rows: [20, 40, 80]}
  - {regime: replace, model.ddof: 1, data.rows: [20, 40, 80]}
seeds: 40
metrics: [mean_error, inverse_effective_rows]
scaling: {axis: data.rows}
"""


@pytest.fixture
def run(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> Run:
    def run(*overrides: str) -> tuple[ResolvedSweep, pd.DataFrame]:
        sweep, objects = make_sweep(TEXT, *overrides), Objects.open(str(tmp_path))
        run_sweep(sweep, objects)
        return resolve(sweep), load_table(resolve(sweep), objects)

    return run


def within_three_errors(row: pd.Series, expected: float) -> bool:
    """Return True if a number is within 1.5 times the half width of its 95 % interval."""
    half = (row["exponent_high"] - row["exponent_low"]) / 2
    return bool(abs(row["exponent"] - expected) <= 1.5 * half)


def exponents(frame: pd.DataFrame, regime: str, over: str) -> pd.DataFrame:
    chosen = (frame["regime"] == regime) & (frame["over"] == over) & (frame["metric"] == "mean_error")
    return frame[chosen]


def test_exponents_and_effective_rows_of_gaussian_loops(run: Run) -> None:
    resolved, table = run()
    frame = scaling_frame(resolved, table)
    for regime, over, expected in (
        ("mix", "data.rows", -1), ("replace", "data.rows", -1), ("mix", "generation", 0), ("replace", "generation", 1),
    ):  # fmt: skip
        rows = exponents(frame, regime, over)
        assert len(rows) == (1 if over == "data.rows" else 3)
        for _, row in rows.iterrows():
            assert within_three_errors(row, expected), (regime, over, row)
    assert any(
        text.startswith("replace, lambda 1, model.ddof 1: excess of mean_error ~ data.rows^-")
        for text in scaling_texts(frame)
    )
    effective = effective_rows_frame(resolved, table)
    for regime, t, expected in (("mix", 9, 30), ("replace", 0, 40), ("replace", 9, 4)):
        of_cell = effective[(effective["data.rows"] == 40) & (effective["regime"] == regime)]
        (numbers,) = of_cell[of_cell["generation"] == t].to_dict("records")
        assert 0.85 * numbers["effective_rows_low"] <= expected <= 1.15 * numbers["effective_rows_high"]


def test_effective_rows_of_diverged_and_of_overestimated_models(make_sweep: MakeSweep) -> None:
    features = "metrics=[{name: inverse_effective_rows, features: pixels}]"
    resolved = resolve(make_sweep(TEXT, "space={regime: replace}", "control=false", "scaling=null", features))
    values = {
        0: [0.04, 0.06, 0.05],
        1: [nan, nan, nan],
        2: [0.3, -0.1, -0.1],
        3: [-0.5, -0.3, -0.4],
        4: [nan, 0.2, nan],
    }
    table = pd.DataFrame(
        [
            {"cell": 0, "generation": t, "seed": seed, "inverse_effective_rows[pixels]": value}
            for t, of_generation in values.items()
            for seed, value in enumerate(of_generation)
        ]
    )
    frame = effective_rows_frame(resolved, table)
    assert set(frame["metric"]) == {"inverse_effective_rows[pixels]"}
    np.testing.assert_allclose(frame["effective_rows"], [20, nan, 30, nan, 5])
    limits = frame[["effective_rows_low", "effective_rows_high"]].to_numpy()
    assert 0 < limits[0, 0] < 20 < limits[0, 1] < inf
    assert 0 < limits[2, 0] < limits[2, 1] == inf
    assert np.isnan(limits[[1, 4]]).all()
    assert frame["seeds"].tolist() == [3, 0, 3, 3, 1]


def test_a_loop_with_an_error_that_does_not_fall_with_the_rows_has_another_exponent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = Gaussian.fit

    def shifted(self: Gaussian, training_set: TrainingSet, streams: Streams) -> dict[str, np.ndarray]:
        state = fit(self, training_set, streams)
        return {**state, "mean": state["mean"] + (0.3 if streams.generation else 0.0)}

    monkeypatch.setattr(Gaussian, "fit", shifted)
    resolved, table = run("control=false")
    (row,) = exponents(scaling_frame(resolved, table), "replace", "data.rows").to_dict("records")
    assert row["exponent_low"] > -0.5


@pytest.mark.parametrize(
    ("axis", "message"),
    [("data.dims", "is no axis of this sweep; did you mean"), ("regime", "needs numbers above 0, and regime has")],
)
def test_an_axis_that_is_none_is_refused(axis: str, message: str, make_sweep: MakeSweep) -> None:
    with pytest.raises(InputError, match=message):
        make_sweep(TEXT, f"scaling.axis={axis}")
