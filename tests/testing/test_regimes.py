from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, fresh, synthetic
from raysc.regimes.regime import Regime
from raysc.settings import Component
from raysc.testing import RegimeTests

PARAMETERS: dict[str, dict[str, Any]] = {
    "counts": {"real": 30, "synthetic": 50},
    "weighted": {"weight": 0.6},
    "window": {"width": 2},
    "grown": {"power": 1.5},
    "shares": {"real": 0.4, "power": 0.5, "fresh": True},
    "incremental": {"share": 0.3},
}
FRACTIONAL: Any = 7.5
"""A count that the types of a recipe refuse, but that an untyped plug-in may give."""


class TestRegistered(RegimeTests):
    @pytest.fixture(params=registry.names("regime"))
    def regime(self, request: pytest.FixtureRequest) -> Regime:
        component = Component(name=request.param, parameters=PARAMETERS.get(request.param, {}))
        regime: Regime = registry.build("regime", component)
        return regime


@dataclass(frozen=True)
class Broken:
    takes: tuple[Callable[[int], Take], ...]
    subsample: int | None = None
    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe(tuple(take(generation) for take in self.takes), self.subsample)


def first(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.arange(count)


def past_the_end(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.arange(len(candidates) - count + 1, len(candidates) + 1)


CALLS: list[int] = []


def by_earlier_calls(rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    CALLS.append(len(rows))
    return rows + len(CALLS)


@dataclass(frozen=True)
class AllHooks:
    """Every hook of a take; it conforms."""

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        newest = synthetic(generation - 1)
        return Recipe(
            (
                Take(REAL, rows // 2, weight=0.7, redraw=generation),
                Take(fresh(generation), 4, transform=self.jitter),
                Take(fresh(1), 4, weight=2.0),
                Take(newest, 7, 20, self.likely, ("texts", "labels", "scores"), self.jitter, self.by_norm, generation),
            )
        )

    def likely(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator, *,
        texts: Sequence[str], labels: np.ndarray, scores: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        order: np.ndarray = np.lexsort([np.array(texts), scores + generator.random(len(scores)), labels])
        return order[:count]

    def jitter(self, rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        jittered: np.ndarray = rows + real.std(axis=0) * generator.standard_normal(rows.shape)
        return jittered

    def by_norm(self, rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        weights: np.ndarray = np.linalg.norm(rows, axis=1) + generator.random(len(rows))
        return weights


class TestAllHooks(RegimeTests):
    @pytest.fixture
    def regime(self) -> Regime:
        return AllHooks()

    def test_no_source_is_taken_twice(self, regime: Regime) -> None:
        """New rows of generation 1 are taken twice at generation 1."""


@pytest.mark.parametrize(
    ("takes", "subsample", "check"),
    [
        (
            [lambda t: Take(synthetic(0), 5, 40 + t, first)],
            None,
            "it_takes_rows_that_earlier_models_have_sampled",
        ),
        ([lambda t: Take(REAL, 5, 41, first)], None, "it_takes_no_more_real_rows_than_exist"),
        ([lambda t: Take(REAL, 5, FRACTIONAL, first)], None, "counts_are_whole_and_training_sets_have_rows"),
        ([lambda t: Take(synthetic(t - 1), 5, 20, past_the_end)], None, "the_loop_trains_on_the_rows_of_the_recipe"),
        ([lambda t: Take(synthetic(t), 5)], None, "it_takes_rows_of_earlier_generations_only"),
        ([lambda t: Take(fresh(t + 1), 5)], None, "it_takes_rows_of_earlier_generations_only"),
        ([lambda t: Take(fresh(1), 5 + t)], None, "it_takes_no_more_new_real_rows_than_their_generation_took"),
        (
            [lambda t: Take(synthetic(t - 1), 5, transform=by_earlier_calls)],
            None,
            "its_functions_give_the_same_rows_and_weights_in_a_loop_that_begins_later",
        ),
        ([lambda t: Take(REAL, -1)], None, "counts_are_whole_and_training_sets_have_rows"),
        ([lambda t: Take(REAL, FRACTIONAL)], None, "counts_are_whole_and_training_sets_have_rows"),
        ([lambda t: Take(REAL, 0)], None, "counts_are_whole_and_training_sets_have_rows"),
        ([lambda t: Take(REAL, 5)], 6, "counts_are_whole_and_training_sets_have_rows"),
        ([lambda t: Take(REAL, 41)], None, "it_takes_no_more_real_rows_than_exist"),
        ([lambda t: Take(REAL, 5), lambda t: Take(REAL, 5)], None, "no_source_is_taken_twice"),
        ([lambda t: Take(synthetic(0), 40 + t)], None, "it_takes_rows_that_earlier_models_have_sampled"),
    ],
)
def test_a_broken_guarantee_is_detected(
    takes: Sequence[Callable[[int], Take]], subsample: int | None, check: str
) -> None:
    with pytest.raises((AssertionError, InputError)):
        getattr(RegimeTests(), f"test_{check}")(Broken(tuple(takes), subsample))
