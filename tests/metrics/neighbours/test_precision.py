from raysc.metrics.core.metric import FeatureSets
from raysc.metrics.neighbours.precision import Precision


def test_copies_of_a_real_row_are_precise(collapsed_sets: FeatureSets) -> None:
    assert Precision().measure(collapsed_sets)["precision"] == 1
