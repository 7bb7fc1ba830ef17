from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from raysc.datasets.images.digits import Digits
from raysc.models.training.process_state import reset_process_state
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    yield
    reset_process_state()


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def training_set() -> Callable[[np.ndarray], TrainingSet]:
    """Converts rows (count, *event) to a training set of one seed."""

    def make(rows: np.ndarray) -> TrainingSet:
        return TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows[None]),)),))

    return make


@pytest.fixture
def digits(training_set: Callable[[np.ndarray], TrainingSet]) -> TrainingSet:
    return training_set(Digits().train([0])[0])
