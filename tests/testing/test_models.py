from typing import Any

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.dataset import DataSet
from raysc.datasets.points.bernoulli import Bernoulli
from raysc.datasets.points.categories import Categories
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.datasets.points.exponential import Exponential
from raysc.datasets.points.linear import Linear
from raysc.datasets.points.logistic import Logistic
from raysc.datasets.points.poisson import Poisson
from raysc.datasets.points.uniform import Uniform
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.family import ClosedFormFamily, FitResult, TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.settings import Component
from raysc.testing import ClosedFormTests, TrainedTests

DATASETS: dict[str, DataSet] = {
    "linear_regression": Linear(dim=2, rows=30),
    "logistic_regression": Logistic(dim=2, rows=60),
    "gaussian_mixture": EightGaussians(rows=80),
    "discrete": Categories(rows=30),
    "gaussian_copula": EightGaussians(rows=30),
    "student_t": EightGaussians(rows=30),
    "uniform_with_spike": Uniform(rows=30),
    "exponential": Exponential(dim=2, rows=30),
    "poisson": Poisson(dim=2, rows=30),
    "bernoulli": Bernoulli(dim=2, rows=30),
}

PARAMETERS: dict[str, dict[str, float]] = {"kde": {"bandwidth": 0.5}, "gaussian_mixture": {"components": 3}}


class TestClosedForm(ClosedFormTests):
    @pytest.fixture(params=["gaussian", "kde", *DATASETS])
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def family(self, name: str) -> ClosedFormFamily:
        parameters = PARAMETERS.get(name, {})
        family: ClosedFormFamily = registry.build("model", Component(name=name, parameters=parameters))
        return family

    @pytest.fixture
    def dataset(self, name: str) -> DataSet:
        return DATASETS.get(name, EightGaussians(rows=30))


SIZES = {
    "flow_matching": {"width": 8, "depth": 1},
    "ddpm": {"width": 8, "depth": 1},
    "edm": {"width": 8, "depth": 1},
    "vae": {"width": 8, "depth": 1, "latent_dim": 2},
}


class TestTrained(TrainedTests):
    @pytest.fixture(params=list(SIZES))
    def family(self, request: pytest.FixtureRequest) -> TrainedFamily:
        component = Component(name=request.param, parameters=SIZES[request.param])
        family: TrainedFamily = registry.build("model", component)
        return family

    @pytest.fixture(params=["eight_gaussians", "digits"])
    def dataset(self, request: pytest.FixtureRequest) -> DataSet:
        dataset: DataSet = registry.build("data", Component(name=request.param, parameters={"rows": 24}))
        return dataset


class IgnoresFirst(Gaussian):
    def sample(self, state: Any, first: int, count: int, streams: Any) -> np.ndarray:
        return super().sample(state, 0, count, streams)


class RestartsSteps(FlowMatching):
    def fit(
        self, training_set: Any, start: Any, steps: range, train: Any, streams: Any, total_steps: int | None = None
    ) -> FitResult:
        return super().fit(training_set, start, range(len(steps)), train, streams, total_steps)


def test_a_broken_guarantee_is_detected() -> None:
    with pytest.raises(AssertionError):
        ClosedFormTests().test_row_i_depends_on_its_index_alone(IgnoresFirst(), EightGaussians(rows=30))
    with pytest.raises(AssertionError):
        TrainedTests().test_a_fit_in_two_parts_equals_one_fit(RestartsSteps(width=8, depth=1), EightGaussians(rows=24))


IMAGE_NETWORKS = {
    "edm ddpmpp": ("edm", {"network": "ddpmpp", "channels": 4}),
    "ddpm ddpmpp": ("ddpm", {"network": "ddpmpp", "channels": 4}),
    "flow_matching ddpmpp": ("flow_matching", {"network": "ddpmpp", "channels": 4}),
    "flow_matching cfm_unet": ("flow_matching", {"network": "cfm_unet", "channels": 8}),
}


@pytest.mark.slow
class TestNetworksOfImages(TrainedTests):
    @pytest.fixture(params=list(IMAGE_NETWORKS))
    def family(self, request: pytest.FixtureRequest) -> TrainedFamily:
        name, parameters = IMAGE_NETWORKS[request.param]
        family: TrainedFamily = registry.build("model", Component(name=name, parameters=parameters))
        return family

    @pytest.fixture
    def dataset(self) -> DataSet:
        dataset: DataSet = registry.build("data", Component(name="digits", parameters={"rows": 24}))
        return dataset
