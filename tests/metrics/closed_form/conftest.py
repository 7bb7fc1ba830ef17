from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from raysc.datasets.dataset import DataSet
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import FittedModels, ModelMetric
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

SEEDS = (0, 1, 2)

Fit = Callable[[Any, DataSet], FittedModels]
FitAndMeasure = Callable[[ModelMetric | Sequence[ModelMetric], Any, DataSet], Mapping[str, np.ndarray]]


def fit_models(family: Any, data: DataSet) -> FittedModels:
    rows = Rows(REAL, (MemoryBlock("real", 0, data.train(SEEDS)),))
    state = family.fit(TrainingSet((rows,)), Streams(SEEDS, 0))
    return FittedModels(family, state, data, data.test().astype(np.float64))


def measure_models(
    metrics: ModelMetric | Sequence[ModelMetric], family: Any, data: DataSet
) -> Mapping[str, np.ndarray]:
    listed = list(metrics) if isinstance(metrics, Sequence) else [metrics]
    real = RealSets("points", data.train(SEEDS), data.test())
    return measure(listed, None, real, fit_models(family, data))


@pytest.fixture
def seeds() -> tuple[int, ...]:
    return SEEDS


@pytest.fixture
def fit() -> Fit:
    """Function that fits a family to the training rows of ``seeds``."""
    return fit_models


@pytest.fixture
def fit_and_measure() -> FitAndMeasure:
    """Function that fits a family to the training rows of ``seeds`` and measures the models."""
    return measure_models
