import numpy as np

from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import synthetic


def part(generation: int) -> Rows:
    """Rows with the value of their generation, (1, 10, 1)."""
    block = MemoryBlock(generation, 0, np.full((1, 10, 1), float(generation)))
    return Rows(synthetic(generation), (block,))


class RecordingSum:
    """Sums rows and records the mean of each set of rows that it gets."""

    def __init__(self) -> None:
        self.means: list[float] = []

    def __call__(self, rows: np.ndarray, weights: np.ndarray | None) -> float:
        assert weights is None
        self.means.append(float(rows.mean()))
        return float(rows.sum())


def test_only_new_parts_are_read() -> None:
    statistics: IncrementalStatistics[float] = IncrementalStatistics(lambda a, b: a + b)
    summarise = RecordingSum()
    parts = (part(1), part(2), part(3))
    assert [statistics.compute(TrainingSet(parts[:count]), summarise) for count in (1, 2, 3)] == [10, 30, 60]
    assert summarise.means == [1, 2, 3]


def test_other_parts_or_another_key_are_computed_anew() -> None:
    statistics: IncrementalStatistics[float] = IncrementalStatistics(lambda a, b: a + b)
    summarise = RecordingSum()
    assert statistics.compute(TrainingSet((part(1), part(2))), summarise) == 30
    assert statistics.compute(TrainingSet((part(3), part(2))), summarise) == 50
    assert statistics.compute(TrainingSet((part(3), part(2))), summarise, key="width 2") == 50
    assert summarise.means == [1, 2, 3, 2, 3, 2]


def test_a_subsample_is_read_as_a_whole() -> None:
    statistics: IncrementalStatistics[float] = IncrementalStatistics(lambda a, b: a + b)
    positions = np.array([[0, 15]])
    assert statistics.compute(TrainingSet((part(1), part(2)), positions), RecordingSum()) == 3
