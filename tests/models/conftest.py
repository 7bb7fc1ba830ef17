from collections.abc import Callable

import numpy as np
import pytest
import torch

from raysc.datasets.digits import Digits
from raysc.models.training.loop import reset_accelerator
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL


@pytest.fixture(autouse=True)
def fresh_accelerator():
    yield
    reset_accelerator()


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def training_set() -> Callable[[np.ndarray], TrainingSet]:
    """Rows (count, *event) as a training set."""

    def make(rows: np.ndarray) -> TrainingSet:
        return TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows[None]),)),))

    return make


@pytest.fixture
def digits(training_set) -> TrainingSet:
    return training_set(Digits().train([0])[0])
