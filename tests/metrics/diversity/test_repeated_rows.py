import numpy as np
import pytest

from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.diversity.repeated_rows import RepeatedRows


@pytest.mark.parametrize(
    ("rows", "share"),
    [([[1, 2], [2, 1], [1, 3]], 0.0), ([[1, 2], [1, 2], [1, 2], [3, 4]], 0.5), ([[7, 7]] * 4, 0.75)],
)
def test_every_row_after_the_first_of_equal_rows_counts(rows: list[list[int]], share: float) -> None:
    generated = Vectors(np.array(rows, np.int32))
    sets = FeatureSets((generated,), (generated,), generated)
    assert RepeatedRows().measure(sets)["repeated_rows"] == pytest.approx([share])
