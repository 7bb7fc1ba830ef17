import pytest

from raysc import registry
from raysc.datasets.categories import Categories
from raysc.datasets.digits import Digits
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.datasets.linear import Linear
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.flows.flow_matching import FlowMatching
from raysc.sweepfile import Component
from raysc.testing import ClosedFormTests, TrainedTests

DATA = {"linear_regression": Linear(dim=2, rows=30), "discrete": Categories(rows=30)}


class TestClosedForm(ClosedFormTests):
    @pytest.fixture(params=["gaussian", "kde", "linear_regression", "discrete"])
    def name(self, request):
        return request.param

    @pytest.fixture
    def family(self, name):
        return registry.build("model", Component(name=name, parameters={"bandwidth": 0.5} if name == "kde" else {}))

    @pytest.fixture
    def dataset(self, name):
        return DATA.get(name, EightGaussians(rows=30))


SIZES = {
    "flow_matching": {"width": 8, "depth": 1},
    "ddpm": {"width": 8, "depth": 1},
    "edm": {"width": 8, "depth": 1},
}


class TestTrained(TrainedTests):
    @pytest.fixture(params=list(SIZES))
    def family(self, request):
        return registry.build("model", Component(name=request.param, parameters=SIZES[request.param]))

    @pytest.fixture(params=["points", "images"])
    def dataset(self, request):
        return EightGaussians(rows=24) if request.param == "points" else Digits(rows=24)


class Forgetful(Gaussian):
    def sample(self, state, first, count, streams):
        return super().sample(state, 0, count, streams)


class Hasty(FlowMatching):
    def fit(self, training_set, start, steps, train, streams, length=None):
        return super().fit(training_set, start, range(len(steps)), train, streams, length)


def test_families_that_break_a_promise_are_found():
    with pytest.raises(AssertionError):
        ClosedFormTests().test_row_i_depends_on_its_number_alone(Forgetful(), EightGaussians(rows=30))
    with pytest.raises(AssertionError):
        TrainedTests().test_a_fit_in_two_parts_is_the_fit(Hasty(width=8, depth=1), EightGaussians(rows=24))
