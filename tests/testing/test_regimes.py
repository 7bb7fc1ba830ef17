from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, fresh, synthetic
from raysc.sweepfile import Component
from raysc.testing import RegimeTests

PARAMETERS = {"counts": {"real": 30, "synthetic": 50}}
NEWEST_OF_TWO = Recipe((Take(synthetic(0), 4),))


class TestRegistered(RegimeTests):
    @pytest.fixture(params=registry.names("regime"))
    def regime(self, request):
        return registry.build("regime", Component(name=request.param, parameters=PARAMETERS.get(request.param, {})))


@dataclass(frozen=True)
class Broken:
    takes: tuple
    subsample: int | None = None
    version: ClassVar[int] = 1
    default_lambda: ClassVar[str] = "not taken"

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe(tuple(take(generation) for take in self.takes), self.subsample)


def first(candidates, real, count, generator):
    return range(count)


def past_the_end(candidates, real, count, generator):
    return range(len(candidates) - count + 1, len(candidates) + 1)


@pytest.mark.parametrize(
    ("takes", "subsample", "check"),
    [
        ([lambda t: Take(synthetic(0), 5, 40 + t, first)], None, "it_never_asks_for_more_of_a_model_that_is_gone"),
        ([lambda t: Take(REAL, 5, 41, first)], None, "it_takes_no_more_real_rows_than_there_are"),
        ([lambda t: Take(REAL, 5, 7.5, first)], None, "counts_are_whole_and_there_is_something_to_train_on"),
        ([lambda t: Take(synthetic(t - 1), 5, 20, past_the_end)], None, "the_loop_trains_on_what_it_says"),
        ([lambda t: Take(synthetic(t), 5)], None, "it_looks_back_only"),
        ([lambda t: Take(fresh(1), 5)], None, "it_looks_back_only"),
        ([lambda t: Take(REAL, -1)], None, "counts_are_whole_and_there_is_something_to_train_on"),
        ([lambda t: Take(REAL, 2.5)], None, "counts_are_whole_and_there_is_something_to_train_on"),
        ([lambda t: Take(REAL, 0)], None, "counts_are_whole_and_there_is_something_to_train_on"),
        ([lambda t: Take(REAL, 5)], 6, "counts_are_whole_and_there_is_something_to_train_on"),
        ([lambda t: Take(REAL, 41)], None, "it_takes_no_more_real_rows_than_there_are"),
        ([lambda t: Take(REAL, 5), lambda t: Take(REAL, 5)], None, "no_source_is_taken_twice"),
        ([lambda t: Take(synthetic(0), 40 + t)], None, "it_never_asks_for_more_of_a_model_that_is_gone"),
    ],
)
def test_a_rule_that_cannot_work_is_found(takes, subsample, check):
    with pytest.raises((AssertionError, InputError)):
        getattr(RegimeTests(), f"test_{check}")(Broken(tuple(takes), subsample))
