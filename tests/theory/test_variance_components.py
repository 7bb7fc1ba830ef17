"""Components of the variance of Gaussian loops: the closed forms against loops with seeds by purpose."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from raysc import registry
from raysc.datasets.points.gaussian import Gaussian
from raysc.execution.model_loops import model_loops
from raysc.execution.ranks import ClosedFormRank
from raysc.metrics.core.metric import Column
from raysc.models.closed_form.gaussian import Gaussian as GaussianFamily
from raysc.models.family import Arrays, ClosedFormFamily, state_arrays
from raysc.planning.resolved import ResolvedCell, resolve
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic
from raysc.results.statistics.crossed import CrossedDesign, Effect
from raysc.results.statistics.variance_components import Component, summed_component
from raysc.results.table.variance import terms_frame, variance_frame
from raysc.seeds import Purpose
from raysc.settings import Sample
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep
from raysc.theory import variance_components as theory
from tests.command_line import results
from tests.theory.deck import judge

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
FILE = Path(__file__).parents[2] / "sweeps/theory/variance_components.yaml"
REDUCED = ("seeds={data: 40, initial: 8, sample: 8}", "loop.generations=4", "measure=[0, 1, 4]", "claims=")
REPLACE = (*REDUCED, "space=[{regime: replace}]")
ORDER: tuple[Purpose, ...] = ("data", "initial", "sample")
LEVEL = 0.998
"""Confidence level of one comparison; each test makes fewer than 20."""


def by_last_purpose(design: CrossedDesign, values: np.ndarray) -> dict[Purpose, Component]:
    """Return for each purpose the sum of the components that contain it and no later purpose."""
    effects: dict[Purpose, list[Effect]] = {purpose: [] for purpose in ORDER}
    for effect in design.effects:
        effects[effect[-1]].append(effect)
    return {purpose: summed_component(design, values, of, LEVEL) for purpose, of in effects.items()}


def check(expected: Mapping[Purpose, np.ndarray], measured: Mapping[int, Mapping[Purpose, Component]]) -> None:
    """Check that the intervals of all generations hold the closed form."""
    for index, (t, components) in enumerate(measured.items()):
        for purpose, component in components.items():
            truth = float(expected[purpose][index])
            assert component.low <= truth <= component.high, (t, purpose, truth, component)


def means(cell: ResolvedCell, seeds: tuple[int, ...], last: int) -> list[np.ndarray]:
    """Return mu_0, ..., mu_T of a loop in one dimension, float64 (seeds,) each."""
    crew = ClosedFormRank(cast(ClosedFormFamily, cell.family), seeds)
    real = Rows(REAL, (MemoryBlock((REAL, seeds), 0, cell.data.train(seeds)),))
    loop = model_loops([cell], [crew], [real], seeds, last)
    return [state_arrays(crew.state)["mean"][:, 0].copy() for _ in loop]


@pytest.mark.parametrize("number", [0, 1])
def test_components_of_the_mean(number: int) -> None:
    sweep = read_sweep(str(FILE), REDUCED, registry)
    cell, design = resolve(sweep).cells[number], CrossedDesign.of(sweep.seeds)
    assert design is not None
    by_generation = means(cell, sweep.seeds, 4)
    generations = [0, 1, 2, 4]
    if cell.settings.regime.name == "replace":
        expected = theory.replace_mean(generations, 50)
    else:
        expected = theory.mix_mean(generations, 50, int(50 * (cell.settings.lambda_ or 0)))
    check(expected, {t: by_last_purpose(design, by_generation[t]) for t in generations})


def test_the_three_terms_of_the_mean_and_their_bound() -> None:
    """The terms are those of the closed form, and add up to less than theorem 2 of Bertrand et al. 2023 allows.

    With a = lambda / (1 + lambda) a retraining draws a mean that lies (1 - a) / sqrt(n) + a / sqrt(m), at most, from
    a times the last one in root mean square: the training set has n real and m synthetic rows of variance below 1.
    """
    n, a = 50, 0.5
    sweep = read_sweep(str(FILE), REDUCED, registry)
    cell, design = resolve(sweep).cells[1], CrossedDesign.of(sweep.seeds)
    assert design is not None
    expected, by_generation = theory.mix_mean(range(5), n, n), means(cell, sweep.seeds, 4)
    start = np.sqrt(np.square(by_generation[0]).mean())
    eps_n = (1 - a) / np.sqrt(n) + a / np.sqrt(n)
    mean_error = Column("mean", "lower", "linear", "none")
    for t in (1, 4):
        rows = pd.DataFrame(
            {"cell": 1, "seed": sweep.seeds, "generation": t, "diverged": False, "mean": by_generation[t]}
        )
        terms = terms_frame(resolve(sweep), rows, mean_error).set_index("component")
        assert terms.loc["optimisation", "variance"] == 0
        for term, truth in (
            ("finite samples", expected["data"][t] + expected["sample"][t]),
            ("generation 0", expected["initial"][t]),
        ):
            assert terms.loc[term, "low"] <= truth <= terms.loc[term, "high"]
        error = np.sqrt(np.square(by_generation[t]).mean())
        assert error <= eps_n * sum(a**k for k in range(t)) + a**t * start


def test_components_of_the_log_variance(run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep, objects = read_sweep(str(FILE), REPLACE, registry), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table, design = results(sweep, objects), CrossedDesign.of(sweep.seeds)
    assert design is not None
    measured = {
        t: by_last_purpose(design, np.log(table[table["generation"] == t]["det_ratio"].to_numpy())) for t in (0, 1, 4)
    }
    check(theory.replace_log_variance([0, 1, 4], 50), measured)
    frame = variance_frame(resolve(sweep), table, registry.build("metric", sweep.metrics[0]).columns[0], 4)
    parts = frame.set_index("component")
    assert list(parts.index) == [
        "data", "initial", "sample", "data x initial", "data x sample", "initial x sample", "data x initial x sample",
        "total",
    ]  # fmt: skip
    # Interactions are 0: the log variance is a sum of one term for each fit.
    assert (parts.loc[[name for name in parts.index if " x " in name], "variance"] < 1e-12).all()
    assert parts.loc["data":"sample", "share"].sum() == pytest.approx(1)
    missing = table.assign(det_ratio=table["det_ratio"].where(table["seed"] != sweep.seeds[0]))
    without = variance_frame(resolve(sweep), missing, registry.build("metric", sweep.metrics[0]).columns[0], 4)
    assert without["variance"].isna().all()
    assert without["levels"].tolist() == frame["levels"].tolist()


def test_replicates_without_data_seeds_have_no_component_of_data(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that draws equal real rows for all data seeds is found out."""
    draw = Gaussian.draw
    monkeypatch.setattr(Gaussian, "draw", lambda data, seeds, *address: draw(data, tuple(0 for _ in seeds), *address))
    sweep, objects = read_sweep(str(FILE), REPLACE, registry), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    replace = results(sweep, objects).query("generation == 4")
    design = CrossedDesign.of(sweep.seeds)
    assert design is not None
    components = by_last_purpose(design, np.log(replace["det_ratio"].to_numpy()))
    with pytest.raises(AssertionError, match="data"):
        check(theory.replace_log_variance([4], 50), {4: components})


def test_claims_fail_if_samples_are_too_narrow_and_mix_keeps_no_real_rows(
    run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = "seeds={data: 8, initial: 4, sample: 8}"
    whole = judge("variance_components", tmp_path / "whole", run_sweep, few)
    assert set(whole.verdicts.values()) <= {"holds", "undecided"}

    def narrow(self: GaussianFamily, state: Arrays, sample: Sample) -> Arrays:
        return {**state, "covariance": 0.8 * state["covariance"]}

    def without_real_rows(self: Mix, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(synthetic(generation - 1), rows // 10),))

    monkeypatch.setattr(GaussianFamily, "sampling_state", narrow)
    monkeypatch.setattr(Mix, "recipe", without_real_rows)
    assert set(judge("variance_components", tmp_path / "broken", run_sweep, few).verdicts.values()) == {"fails"}
