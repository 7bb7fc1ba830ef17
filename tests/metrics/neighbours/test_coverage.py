import pytest

from raysc.metrics.core.metric import FeatureSets
from raysc.metrics.neighbours.coverage import Coverage


def test_copies_of_a_real_row_cover_its_neighbours_alone(collapsed_sets: FeatureSets) -> None:
    assert Coverage().measure(collapsed_sets)["coverage"] < 0.2


def test_real_rows_cover_1_minus_2_to_the_minus_k(normal_sets: FeatureSets) -> None:
    assert Coverage().measure(normal_sets)["coverage"] == pytest.approx(1 - 2**-3, abs=0.03)
