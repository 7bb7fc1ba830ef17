"""Contraction of cells: against theory, with damped and diverging loops."""

from collections.abc import Callable
from math import isnan, log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import Arrays
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.pool.training_set import TrainingSet
from raysc.results.contraction.expected import expected_rate, kappa, newest_share
from raysc.results.contraction.rates import leading_rate
from raysc.results.contraction.tables import contraction_frame, contraction_texts, has_forks, steps_frame
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from raysc.theory.graphs import contraction_rate
from raysc.theory.student_t import location_constants

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

TEXT = """\
name: contraction
data: {name: gaussian, dim: 2, rows: 200}
model: gaussian
loop: {generations: 6}
space: {regime: mix, lambda: [0.25, 0.5, 1.0, 2.0, 4.0]}
seeds: 8
metrics: [mean_error]
control: false
probe: {contraction: true}
"""


@pytest.fixture
def run(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> Callable[..., tuple[ResolvedSweep, pd.DataFrame]]:
    def run(*overrides: str) -> tuple[ResolvedSweep, pd.DataFrame]:
        sweep, objects = make_sweep(TEXT, *overrides), Objects.open(str(tmp_path))
        run_sweep(sweep, objects)
        return resolve(sweep), load_table(resolve(sweep), objects)

    return run


Run = Callable[..., tuple[ResolvedSweep, pd.DataFrame]]


def test_a_gaussian_mix_contracts_by_its_share(run: Run) -> None:
    resolved, table = run()
    frame = contraction_frame(resolved, table)
    parameters = frame[frame["metric"] == "fork_distance"]
    np.testing.assert_allclose(parameters["expected"], parameters["lambda"] / (1 + parameters["lambda"]))
    for cell in resolved.cells:
        distances = table[table["cell"] == cell.number].pivot(
            index="seed", columns="generation", values="fork_distance"
        )
        rate, expected = leading_rate(distances), expected_rate(cell, 6)
        assert rate is not None
        assert expected is not None
        z = (rate.logs.mean() - log(expected)) / (rate.logs.std(ddof=1) / np.sqrt(len(rate.logs)))
        assert abs(z) <= 3, cell.number
    assert (parameters["effective_step_low"] < parameters["effective_step"]).all()
    assert parameters["effective_step"].between(0.9, 1.1).all()
    assert frame["kappa"].isna().tolist() == [False] * 4 + [True] * 16  # lambda below 1/2
    texts = contraction_texts(frame)
    assert len(texts) == 5
    assert texts[0].startswith("mix, lambda 0.25: rho 0.")
    assert "theory 0.2, kappa 0.3333, effective step " in texts[0]


def test_a_damped_update_has_its_factor_as_effective_step(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, f = Gaussian.fit, 0.4
    newest: dict[int, Arrays] = {}

    def damped(self: Gaussian, training_set: TrainingSet, streams: Streams) -> Arrays:
        state = fit(self, training_set, streams)
        if streams.generation > 0:
            state = {name: (1 - f) * newest[id(self)][name] + f * array for name, array in state.items()}
        newest[id(self)] = state
        return state

    monkeypatch.setattr(Gaussian, "fit", damped)
    resolved, table = run("space.lambda=[1.0]")
    frame, steps = contraction_frame(resolved, table), steps_frame(resolved, table)
    (first, *_) = frame.to_dict("records")
    assert first["rho"] == pytest.approx(1 - f + f / 2, abs=0.02)
    assert first["effective_step_low"] - 0.01 < f < first["effective_step_high"] + 0.01
    steps = steps[steps["metric"] == "fork_distance"]
    assert steps["last"].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(steps["effective_step"], f, atol=0.06)


def test_a_cell_whose_forks_vanish_says_so(run: Run) -> None:
    resolved, table = run("space={regime: [real_only, mix], lambda: 1.0}")
    texts = contraction_texts(contraction_frame(resolved, table))
    assert texts[0] == "real_only: rho is not known, the distances vanish or are not finite"
    assert isnan(contraction_frame(resolved, table)["rho"].iloc[0])


def test_a_sweep_without_forks_has_no_table(make_sweep: MakeSweep) -> None:
    assert has_forks(resolve(make_sweep(TEXT)))
    assert not has_forks(resolve(make_sweep(TEXT, "probe.contraction=false")))


@pytest.mark.parametrize(
    ("overrides", "rate"),
    [
        (["space={regime: fresh, lambda: 3.0}"], 0.75),
        (["space={regime: replace}"], 1.0),
        (["space={regime: accumulate, lambda: 1.0}"], None),
        (["space={regime: mix, lambda: 1.0}", "sample.covariance_scale=1.5"], 0.75),
        (["space={regime: mix, lambda: 1.0}", "sample.temperature=0.5"], 0.5),
        (["space={regime: mix, lambda: 1.0}", "model.ddof=1"], None),
        (["space={regime: mix, lambda: 1.0}", "model={name: student_t, scale: 0.3}"], 0.77091),
        (["space={regime: mix, lambda: 1.0}", "curation={name: top_alpha, alpha: 0.5}"], None),
    ],
)
def test_expected_rates(overrides: list[str], rate: float | None, make_sweep: MakeSweep) -> None:
    (cell, *_) = resolve(make_sweep(TEXT, *overrides)).cells
    assert expected_rate(cell, 6) == (rate if rate is None else pytest.approx(rate, abs=1e-5))


def test_biased_samples_have_theory_for_all_parameters_only_and_no_effective_step(run: Run) -> None:
    """Means contract by a = 1/2, covariances by c a = 3/4, which leads."""
    resolved, table = run("space.lambda=[1.0]", "sample.covariance_scale=1.5")
    frame = contraction_frame(resolved, table).set_index("metric")
    assert frame.loc["fork_distance", "expected"] == pytest.approx(0.75)
    assert frame["expected"].isna().tolist() == [False, True, True, True]
    assert frame.loc["fork_distance_mean", "rho"] == pytest.approx(0.5, abs=0.05)
    assert frame["effective_step"].isna().all()
    assert steps_frame(resolved, table)["effective_step"].isna().all()


def test_coupled_models_are_expected_to_have_the_spectral_radius(make_sweep: MakeSweep) -> None:
    overrides = ["models={count: 2, each: {lambda: [0.5, 2.0]}}", "space={regime: mix}", "sample.rows=600"]
    (cell, *_) = resolve(make_sweep(TEXT, *overrides)).cells
    expected = contraction_rate((1 / 3, 2 / 3), ((0.5, 0.5), (0.5, 0.5)))
    assert expected_rate(cell, 6) == pytest.approx(expected)
    assert newest_share(cell, 1) == pytest.approx(1 / 3)


def test_kappa_of_a_student_family_needs_one_dimension_and_a_small_lambda(make_sweep: MakeSweep) -> None:
    student = "model={name: student_t, scale: 1.0}"
    bounds = []
    for dim, lambda_ in ((1, 0.2), (2, 0.2), (1, 1.0)):
        (cell, *_) = resolve(make_sweep(TEXT, student, f"data.dim={dim}", f"space.lambda=[{lambda_}]")).cells
        bounds.append(kappa(cell))
    assert bounds[1:] == [None, None]
    assert bounds[0] is not None
    assert location_constants(3, 1).contraction(0.2) < bounds[0] < 1
