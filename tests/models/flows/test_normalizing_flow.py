import numpy as np
import pytest
import torch

from raysc.datasets.points.blobs import Blobs
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample, Train

pytestmark = pytest.mark.slow

STREAMS = Streams((0, 1), 0)


def test_densities_integrate_to_one_and_are_those_of_the_samples() -> None:
    family = NormalizingFlow(width=16, bins=4)
    rows = np.random.default_rng(0).normal([1, -1], [0.5, 1.0], (2, 256, 2)).astype(np.float32)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    state = family.fit(training_set, family.initial((2,), STREAMS), range(150), Train(batch=64), STREAMS).state
    ticks = np.linspace(-9, 9, 181)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    density = np.exp(family.log_prob(state, grid)) * (ticks[1] - ticks[0]) ** 2
    np.testing.assert_allclose(density.sum(axis=1), 1, atol=0.01)
    samples = family.sample(state, 0, 8192, Sample(), STREAMS).astype(np.float64)
    np.testing.assert_allclose(samples.mean(axis=1), density @ grid, atol=0.06)
    np.testing.assert_allclose(np.square(samples).mean(axis=1), density @ np.square(grid), rtol=0.06)
    assert family.log_prob(state, grid).dtype == np.float64


def test_it_learns_rows_far_outside_the_range_of_its_splines() -> None:
    family, streams = NormalizingFlow(), Streams((0,), 0)
    rows = Blobs(rows=500).train((0,))
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    start = family.initial((2,), streams)
    state = family.fit(training_set, start, range(600), Train(batch=64, lr=5e-3), streams).state
    # The entropy of three unit normals with little overlap is about log 3 + log 2 pi e.
    assert -family.log_prob(state, Blobs().test()).mean() < np.log(3) + np.log(2 * np.pi * np.e) + 0.5


def test_the_global_generator_is_neither_used_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = NormalizingFlow().initial((2,), STREAMS)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second = NormalizingFlow().initial((2,), STREAMS)
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
