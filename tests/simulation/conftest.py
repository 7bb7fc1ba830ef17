"""The world in the place of hosts, clocks, storage and Ray, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.simulation.scenario import MakeScenario, scenarios
from tests.simulation.without_ray import simulated


@pytest.fixture(scope="package", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield


@pytest.fixture
def scenario() -> Iterator[MakeScenario]:
    """Function from the name of a sweep, and the kind of the store, to a scenario."""
    with scenarios() as make:
        yield make
