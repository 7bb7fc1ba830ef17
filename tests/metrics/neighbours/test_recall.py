from raysc.metrics.core.metric import FeatureSets
from raysc.metrics.neighbours.recall import Recall


def test_copies_of_a_real_row_recall_this_row_alone(collapsed_sets: FeatureSets) -> None:
    assert Recall().measure(collapsed_sets)["recall"] == 0.01
