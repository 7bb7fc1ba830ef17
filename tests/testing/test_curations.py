from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from raysc import registry
from raysc.curation.curation import Curation, select
from raysc.errors import InputError
from raysc.regimes.recipe import Take
from raysc.settings import Component
from raysc.testing import CurationTests

PARAMETERS: dict[str, dict[str, Any]] = {
    "luce": {"choices": 3, "adversarial": 0.2},
    "top_alpha": {"alpha": 0.3},
    "verified": {"threshold": -1.0, "wrong": 0.1},
    "linear_verifier": {"centre": 0.5, "slack": 2.0},
    "corrected": {"strength": 0.5, "centres": 3},
}


class TestRegistered(CurationTests):
    @pytest.fixture(params=registry.names("curation"))
    def curation(self, request: pytest.FixtureRequest) -> Curation:
        component = Component(name=request.param, parameters=PARAMETERS.get(request.param, {}))
        curation: Curation = registry.build("curation", component)
        return curation


CALLS: list[int] = []


def by_earlier_calls(
    candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
) -> np.ndarray:
    CALLS.append(count)
    return (np.arange(count) + len(CALLS)) % len(candidates)


@dataclass(frozen=True)
class Broken:
    change: Callable[[Take], Take]
    version: ClassVar[int] = 1

    def curate(self, take: Take) -> Take:
        return self.change(take)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda take: replace(take, count=take.count + 1), "it_keeps_source_and_number_of_rows"),
        (lambda take: replace(take, redraw=3), "it_keeps_source_and_number_of_rows"),
        (lambda take: replace(take, weight=float(np.random.default_rng().random())), "equal_takes_give_equal_takes"),
        (lambda take: replace(take, count=take.count + 1), "the_loop_trains_on_as_many_rows_as_without_it"),
        (
            lambda take: select(take, 2 * take.count, by_earlier_calls),
            "it_gives_the_same_rows_in_a_loop_that_begins_later",
        ),
    ],
)
def test_a_broken_guarantee_is_detected(change: Callable[[Take], Take], check: str) -> None:
    with pytest.raises((AssertionError, InputError)):
        getattr(CurationTests(), f"test_{check}")(Broken(change))
