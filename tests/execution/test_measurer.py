"""Values of diverged seeds."""

import numpy as np

from raysc.execution.measurer import without_diverged


def test_floors_of_diverged_seeds_stay_and_columns_that_end_alike_do_not() -> None:
    columns = {name: np.array([1.0, 2.0]) for name in ("error", "error_floor", "sea_floor")}
    values = without_diverged({"error": columns}, np.array([False, True]))["error"]
    np.testing.assert_array_equal(values["error"], [1, np.nan])
    np.testing.assert_array_equal(values["error_floor"], [1, 2])
    np.testing.assert_array_equal(values["sea_floor"], [1, np.nan])
