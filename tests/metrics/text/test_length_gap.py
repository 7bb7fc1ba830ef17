import math
from collections.abc import Callable

import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.text.length_gap import LengthGap


def test_the_gap_is_the_log_ratio_of_mean_lengths(token_rows: Callable[..., np.ndarray]) -> None:
    train = token_rows([[1, 2, 3, 4]])
    values = measure([LengthGap()], token_rows([[1], [1, 2, 3]]), RealSets("text", train, train[0]))
    assert values["text_length"][0] == 2
    assert values["length_gap"][0] == pytest.approx(math.log(2))
