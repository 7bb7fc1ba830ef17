"""The world in the place of hosts, clocks, storage and Ray, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.simulation.without_ray import simulated


@pytest.fixture(scope="package", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield
