import math

import numpy as np

from raysc.results.claims.paired_values import fits_until_crossing
from raysc.sweepfile.claims import Quantity


def test_a_crossing_is_at_the_end_of_the_seed_if_that_is_earlier() -> None:
    quantity = Quantity("crossing", (0, 1, 2, 5, 10), 0.5, "below")
    values = np.array([[1, 1, 1, 0.1, 0.1], [1, 1, 1, 0.1, 0.1], [1, 1, 1, 1, 1], [0.1, 0.1, 0.1, 0.1, 0.1]])
    fits = fits_until_crossing(values, quantity, np.array([3, math.nan, math.nan, 4]))
    assert fits.low[:, 0].tolist() == [4, 6, 12, 1]
    assert fits.high[:, 0].tolist() == [4, 6, math.inf, 1]


def test_a_seed_whose_later_generations_are_absent_crosses_after_its_end_at_the_earliest() -> None:
    quantity = Quantity("crossing", (0, 1, 2, 5, 10), 0.5, "below")
    values = np.array([[1, 1, 1, math.nan, math.nan], [1, 0.1, math.nan, math.nan, math.nan]])
    fits = fits_until_crossing(values, quantity, np.array([2, 1]))
    assert fits.low[:, 0].tolist() == [4, 2]
    assert fits.high[:, 0].tolist() == [math.inf, 2]
