import numpy as np

from raysc.metrics.core.rare import rare


def test_rare_outcomes_are_the_least_likely_ones_up_to_the_mass() -> None:
    p = np.array([0.5, 0.04, 0.0, 0.3, 0.06, 0.1])
    assert rare(p, 0.1).tolist() == [1, 4]
    assert rare(p, 0.2).tolist() == [1, 4, 5]
    assert rare(p, 0.01).tolist() == [1]
    assert rare(np.full(30, 1 / 30), 0.1).tolist() == [0, 1, 2]
