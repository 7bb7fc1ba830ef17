from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.dataset import DataSet
from raysc.datasets.points.gaussian import Gaussian
from raysc.settings import Component
from raysc.testing import DataSetTests

POINTS = ("gaussian", "uniform", "exponential", "blobs", "circles", "moons", "swiss_roll", "eight_gaussians", "linear")


def build(name: str, rows: int | None) -> DataSet:
    dataset: DataSet = registry.build("data", Component(name=name, parameters={"rows": rows}))
    return dataset


class TestPoints(DataSetTests):
    @pytest.fixture(params=POINTS)
    def dataset(self, request: pytest.FixtureRequest) -> DataSet:
        return build(request.param, 30)


class TestImages(DataSetTests):
    may_repeat = True  # two of the digits are the same image

    @pytest.fixture(params=[None, 20])
    def dataset(self, request: pytest.FixtureRequest) -> DataSet:
        return build("digits", request.param)


class TestOutcomesAndTexts(DataSetTests):
    may_repeat = True

    @pytest.fixture(params=["categories", "poisson", "bernoulli", "stories"])
    def dataset(self, request: pytest.FixtureRequest) -> DataSet:
        return build(request.param, 30)


@dataclass(frozen=True)
class RepeatsSeeds(Gaussian):
    def train(self, seeds: Sequence[int]) -> np.ndarray:
        return np.repeat(super().train((0,)), len(seeds), axis=0)


@dataclass(frozen=True)
class LeaksTrainingRows(Gaussian):
    def test(self) -> np.ndarray:
        return self.train((0,))[0, :3]


@dataclass(frozen=True)
class WrongMoments(Gaussian):
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        return np.full(self.dim, 0.1), np.eye(self.dim)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (RepeatsSeeds, "a_seed_has_the_same_rows_in_every_pack"),
        (LeaksTrainingRows, "no_held_out_row_is_trained_on"),
        (WrongMoments, "its_moments_match_its_rows"),
    ],
)
def test_a_broken_guarantee_is_detected(kind: type[Gaussian], check: str) -> None:
    with pytest.raises(AssertionError):
        getattr(DataSetTests(), f"test_{check}")(kind(dim=2, rows=30))
