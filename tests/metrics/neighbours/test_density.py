import pytest

from raysc.metrics.core.metric import FeatureSets
from raysc.metrics.neighbours.density import Density


def test_real_rows_have_a_density_of_about_1(normal_sets: FeatureSets) -> None:
    assert Density().measure(normal_sets)["density"] == pytest.approx(1, abs=0.1)
