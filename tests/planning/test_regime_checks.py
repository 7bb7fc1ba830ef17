"""Recipes that data or family cannot serve are refused, with the line of the regime or of the reserve."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

DIGITS = """\
name: reserve
data: {name: digits, rows: 100, reserve: 40}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 5}
loop: {generations: 4, budget: {steps: 5}}
space: {regime: {name: fresh, rows: 10}, lambda: 1}
metrics: [{name: frechet_distance, features: pixels}]
"""

GAUSSIAN = """\
name: hooks
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 3}
space: {regime: replace, lambda: 1}
metrics: [frechet_distance]
"""

TAKES = """\
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from raysc.plugins import REAL, Recipe, Take, fresh, synthetic

def first(candidates, real, count, generator, **views):
    return np.arange(count)

@dataclass(frozen=True)
class Takes:
    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation, rows, lambda_):
        return Recipe(({take},))
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A regime of one take in a module of its name; returns the setting that names it."""
    monkeypatch.chdir(tmp_path)

    def write(take: str) -> str:
        module = f"takes_{sum(map(ord, take))}"
        (tmp_path / f"{module}.py").write_text(TAKES.replace("{take}", take))
        return f"space.regime='{module}:Takes'"

    return write


def problem(sweep: Sweep) -> str:
    with pytest.raises(InputError) as error:
        validate(resolve(sweep))
    return str(error.value)


def test_a_reserve_that_would_run_out_is_refused(make_sweep: MakeSweep) -> None:
    validate(resolve(make_sweep(DIGITS)))
    assert (
        "data.reserve: fresh takes 50 new real rows in 5 generations, and the reserve of digits has 40; set "
        "data.reserve to at least 50, or lower loop.generations"
    ) in problem(make_sweep(DIGITS, "loop.generations=5"))
    assert "takes 40 new real rows in 4 generations, and the reserve of digits has 0" in problem(
        make_sweep(DIGITS, "data={name: digits, rows: 100}")
    )


@pytest.mark.parametrize(
    ("source", "need", "words"),
    [
        ("generation - 1", "texts", "Takes needs texts of candidates, and gaussian has no texts"),
        ("generation - 1", "labels", "gaussian has no classes"),
        (
            "0",
            "scores",
            "only rows of the newest model have scores, not synthetic rows of generation 0 at generation 3",
        ),
    ],
)
def test_views_that_do_not_exist_are_refused(
    source: str, need: str, words: str, make_sweep: MakeSweep, plug_in: Callable[[str], str]
) -> None:
    take = f"Take(synthetic({source}), 5, 10, first, needs=('{need}',))"
    assert words in problem(make_sweep(GAUSSIAN, plug_in(take)))


def test_scores_need_a_model_with_probabilities(make_sweep: MakeSweep, plug_in: Callable[[str], str]) -> None:
    regime = plug_in("Take(synthetic(generation - 1), 5, 10, first, needs=('scores',))")
    validate(resolve(make_sweep(GAUSSIAN, regime)))
    trained = ("data=eight_gaussians", "model=flow_matching", "initial.steps=5", "loop.budget.steps=5")
    assert "flow_matching computes no probabilities of rows" in problem(make_sweep(GAUSSIAN, regime, *trained))


def test_rows_that_coupled_models_do_not_share_are_refused_at_every_generation(
    make_sweep: MakeSweep, plug_in: Callable[[str], str]
) -> None:
    grows_once = plug_in("Take(synthetic(generation - 1), 20 + 5 * (generation == 2))")
    validate(resolve(make_sweep(GAUSSIAN, grows_once)))
    coupled = make_sweep(GAUSSIAN, grows_once, "models={count: 2}", "models.reads=complete")
    assert "takes 25 rows of a generation, and each model shares the 20 that it samples first" in problem(coupled)


def test_weights_are_refused_by_families_without_them(make_sweep: MakeSweep, plug_in: Callable[[str], str]) -> None:
    regime = plug_in("Take(REAL, rows, weight=0.5)")
    validate(resolve(make_sweep(GAUSSIAN, regime)))
    trained = ("data=eight_gaussians", "model=flow_matching", "initial.steps=5", "loop.budget.steps=5")
    assert "weighs rows, and flow_matching fits rows without weights; take a model that honours them" in problem(
        make_sweep(GAUSSIAN, regime, *trained)
    )


def test_rows_that_an_older_generation_has_not_sampled_are_refused(
    make_sweep: MakeSweep, plug_in: Callable[[str], str]
) -> None:
    grows = plug_in("Take(synthetic(0), 20 + generation)")
    assert (
        "takes 23 rows of generation 0 at generation 3, and only the newest model can sample more than sample.rows;"
        " set sample.rows to at least 23"
    ) in problem(make_sweep(GAUSSIAN, grows))
    validate(resolve(make_sweep(GAUSSIAN, grows, "sample={rows: 23}")))
    validate(resolve(make_sweep(GAUSSIAN, "space.regime={name: window, width: 3}", "sample={rows: 5}")))


@pytest.mark.parametrize(
    ("take", "words"),
    [
        ("Take(synthetic(generation), 5)", "takes samples of generation 1 at generation 1, and there are none yet: "),
        ("Take(synthetic(generation - 2), 5)", "takes samples of generation -1 at generation 1"),
        ("Take(fresh(generation + 1), 5)", "takes new real rows of generation 2 at generation 1, and there are none"),
        ("Take(synthetic(0 if generation != 2 else 2), 5)", "takes samples of generation 2 at generation 2"),
        ("Take(REAL, 5 // (generation - 2))", "gives no recipe for generation 2: ZeroDivisionError: "),
    ],
)
def test_recipes_of_all_generations_are_tried(
    take: str, words: str, make_sweep: MakeSweep, plug_in: Callable[[str], str]
) -> None:
    assert words in problem(make_sweep(GAUSSIAN, plug_in(take)))
