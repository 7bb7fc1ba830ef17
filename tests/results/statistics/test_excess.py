import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Better, Column, Scale
from raysc.results.statistics.excess import damage, excess, initial_quality

DISTANCE = Column("distance", "lower", "log", "test")
RECALL = Column("recall", "higher", "linear", "test")


def table_of(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"generation": 0, "diverged": False, **columns})


@pytest.mark.parametrize(
    ("better", "scale", "expected"),
    [("lower", "log", np.log(2)), ("higher", "log", -np.log(2)), ("lower", "linear", 3), ("higher", "linear", -3)],
)
def test_damage_is_positive_if_the_value_is_the_worse_one(better: Better, scale: Scale, expected: float) -> None:
    column = Column("m", better, scale, "test")
    assert damage(np.array([6.0]), np.array([3.0]), column) == pytest.approx([expected])


@pytest.mark.parametrize(("scale", "expected"), [("log", [np.log(2), np.log(4), -np.log(2)]), ("linear", [1, 2, -1])])
def test_damage_to_a_metric_with_a_target_is_the_distance_from_it(scale: Scale, expected: list[float]) -> None:
    column = Column("ratio", "near", scale, "none", target=1.0)
    values = np.array([0.5, 0.25, 1.0]) if scale == "log" else np.array([0.0, 3.0, 1.0])
    references = np.array([1.0, 1.0, 2.0])
    assert damage(values, references, column, 1.0) == pytest.approx(expected)
    infinite = damage(np.array([0.0, np.inf]), np.ones(2), Column("ratio", "near", "log", "none", target=1.0), 1.0)
    assert infinite.tolist() == [np.inf, np.inf]


def test_a_target_and_its_direction_go_together() -> None:
    with pytest.raises(ValueError, match="near and a target go together"):
        Column("ratio", "near", "log", "none")
    assert Column("ratio", "near", "log", "none", target=1.0).direction == "closer to 1 is better"


def test_a_value_of_0_is_infinitely_far_from_its_reference_on_a_log_scale() -> None:
    values, references = np.array([0.0, 1.0, np.inf]), np.array([1.0, 0.0, 1.0])
    assert damage(values, references, DISTANCE).tolist() == [-np.inf, np.inf, np.inf]
    higher_is_better = Column("ratio", "higher", "log", "test")
    assert damage(values, references, higher_is_better).tolist() == [np.inf, -np.inf, -np.inf]


def test_two_zeros_nan_and_values_below_0_have_no_ratio() -> None:
    values, references = np.array([0.0, np.nan, 0.0, -1.0, np.inf]), np.array([0.0, 1.0, -1.0, 0.0, np.inf])
    assert np.isnan(damage(values, references, DISTANCE)).all()


def test_a_ratio_beyond_the_range_of_numbers_has_a_finite_logarithm() -> None:
    assert damage(np.array([1e200]), np.array([1e-200]), DISTANCE) == pytest.approx([400 * np.log(10)])


def test_excess_is_paired_by_seed_and_generation() -> None:
    table = table_of(cell=[0, 0, 1, 1], seed=[0, 1, 1, 0], distance=[2.0, 30.0, 10.0, 1.0])
    assert excess(table, {0: 1, 1: 1}, DISTANCE) == pytest.approx([np.log(2), np.log(3), 0, 0])


def test_excess_is_nan_if_the_control_is_missing() -> None:
    table = table_of(cell=[0, 0, 1, 2], seed=[0, 1, 0, 0], recall=[0.5, 0.5, 0.75, 0.1])
    np.testing.assert_allclose(excess(table, {0: 1, 1: 1}, RECALL), [0.25, np.nan, 0, np.nan])


def test_initial_quality_is_the_damage_of_generation_0_in_every_row_of_the_seed() -> None:
    rows = table_of(
        cell=0, seed=[0, 0, 1, 1], generation=[0, 1, 0, 1], distance=[4.0, 9.0, 2.0, 9.0], distance_floor=2.0
    )
    assert initial_quality(rows, DISTANCE) == pytest.approx([np.log(2), np.log(2), 0, 0])


def test_initial_quality_needs_generation_0_and_a_floor() -> None:
    later = table_of(cell=0, seed=[0], distance=[4.0], distance_floor=2.0).assign(generation=1)
    assert np.isnan(initial_quality(later, DISTANCE)).all()
    assert np.isnan(initial_quality(later.assign(generation=0).drop(columns="distance_floor"), DISTANCE)).all()
