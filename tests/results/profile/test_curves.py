import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.results.profile.curves import CurveReader

COLUMN = Column("risk", "lower", "log", "none")


def table() -> pd.DataFrame:
    """Cell 0 with control 1, three seeds, three generations: the value is 100 cell + 10 seed + generation."""
    rows = [
        {"cell": cell, "seed": seed, "generation": t, "diverged": False, "risk": 100 * cell + 10 * seed + t}
        for cell in (0, 1)
        for seed in (0, 1, 2)
        for t in (0, 2, 4)
    ]
    return pd.DataFrame(rows).astype({"risk": float})


def test_values_stand_beside_those_of_the_control() -> None:
    curves = CurveReader(table(), {0: 1, 1: 1}).curves(0, COLUMN)
    assert curves is not None
    assert curves.generations.tolist() == [0, 2, 4]
    assert curves.values[2].tolist() == [20, 22, 24]
    assert curves.baseline[2].tolist() == [120, 122, 124]
    assert curves.against_text == "the control's"


def test_without_a_control_they_stand_beside_generation_0() -> None:
    curves = CurveReader(table(), {}).curves(0, COLUMN)
    assert curves is not None
    assert curves.baseline[2].tolist() == [20, 20, 20]
    assert curves.against_text == "generation 0's"
    assert CurveReader(table().query("generation > 0"), {}).curves(0, COLUMN) is None


def test_seeds_without_all_values_are_left_out() -> None:
    rows = table()
    rows = rows[~((rows["seed"] == 1) & (rows["generation"] == 4) & (rows["cell"] == 0))]
    rows = rows[~((rows["seed"] == 0) & (rows["cell"] == 1))]
    curves = CurveReader(rows, {0: 1}).curves(0, COLUMN)
    assert curves is not None
    assert curves.values[:, 0].tolist() == [20]
    assert CurveReader(rows, {0: 1}).curves(7, COLUMN) is None


def test_a_diverged_model_is_infinitely_bad_and_of_unknown_variance() -> None:
    rows = table()
    chosen = (rows["cell"] == 0) & (rows["seed"] == 1) & (rows["generation"] == 4)
    rows.loc[chosen, ["diverged", "risk"]] = [True, np.nan]
    curves = CurveReader(rows, {0: 1}).curves(0, COLUMN)
    assert curves is not None
    assert curves.differences()[1, 2] == curves.log_ratios()[1, 2] == np.inf
    assert np.isnan(curves.losses()[1, 2])
    assert np.isnan(curves.log_losses()[1, 2])
    np.testing.assert_allclose(curves.log_losses()[2, 2], np.log(124 / 24))
