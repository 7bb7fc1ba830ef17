from dataclasses import dataclass

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.gaussian import Gaussian
from raysc.sweepfile import Component
from raysc.testing import DataSetTests

POINTS = ("gaussian", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians", "linear")


class TestPoints(DataSetTests):
    @pytest.fixture(params=POINTS)
    def dataset(self, request):
        return registry.build("data", Component(name=request.param, parameters={"rows": 30}))


class TestImages(DataSetTests):
    may_repeat = True  # two of the digits are the same image

    @pytest.fixture(params=[None, 20])
    def dataset(self, request):
        return registry.build("data", Component(name="digits", parameters={"rows": request.param}))


class TestOutcomesAndTexts(DataSetTests):
    may_repeat = True

    @pytest.fixture(params=["categories", "stories"])
    def dataset(self, request):
        return registry.build("data", Component(name=request.param, parameters={"rows": 30}))


@dataclass(frozen=True)
class Same(Gaussian):
    def train(self, seeds):
        return np.repeat(super().train((0,)), len(seeds), axis=0)


@dataclass(frozen=True)
class Leaking(Gaussian):
    def test(self):
        return self.train((0,))[0, :3]


@dataclass(frozen=True)
class Drifting(Gaussian):
    def moments(self):
        return np.full(self.dim, 0.1), np.eye(self.dim)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (Same, "a_seed_has_the_same_rows_in_every_pack"),
        (Leaking, "no_held_out_row_is_trained_on"),
        (Drifting, "its_moments_are_those_of_its_rows"),
    ],
)
def test_data_that_deceive_are_found(kind, check):
    with pytest.raises(AssertionError):
        getattr(DataSetTests(), f"test_{check}")(kind(dim=2, rows=30))
