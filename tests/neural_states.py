"""Comparisons of neural states, for the tests of models."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from raysc.models.neural.state import State
from raysc.pool.training_set import TrainingSet

GROUPS = ("weights", "ema", "moments", "average")

MakeTrainingSet = Callable[[np.ndarray], TrainingSet]
"""The fixture ``training_set``: rows (count, *event) -> training set of one seed."""


def equal_tensors(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Return whether two sets of named tensors are equal bit for bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def equal_states(first: State, second: State) -> bool:
    """Return whether raw weights, EMA weights and optimiser moments of two states are equal bit for bit."""
    return all(equal_tensors(getattr(first, group), getattr(second, group)) for group in GROUPS)


def assert_close(first: Mapping[str, Tensor], second: Mapping[str, Tensor], atol: float) -> None:
    """Assert that two sets of named tensors differ by at most ``atol``."""
    assert first.keys() == second.keys()
    for name in first:
        difference = (first[name] - second[name]).abs().max().item()
        assert difference <= atol, f"{name} differs by {difference}"
