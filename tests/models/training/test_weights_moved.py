from dataclasses import dataclass

import numpy as np
import pytest
import torch
from accelerate.optimizer import AcceleratedOptimizer
from torch import Tensor

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.network import Network
from raysc.models.training.batches import Batch
from raysc.models.training.weights_moved import weights_moved
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Train

TRAIN = Train(batch=16)
POINTS = (np.random.default_rng(0).normal(size=(2, 40, 2)), Streams((0, 1), 0))
IMAGES = (np.random.default_rng(0).integers(0, 256, (1, 40, 1, 8, 8), np.uint8), Streams((0,), 0))


@dataclass(frozen=True)
class WithoutGradients(FlowMatching):
    """A family whose gradients are 0, as after steps that were all skipped."""

    def errors(self, network: Network, batch: Batch) -> Tensor:
        return super().errors(network, batch) * 0


def moved(family: FlowMatching, rows: np.ndarray, streams: Streams, train: Train, steps: int = 3) -> list[bool]:
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    start = family.initial(rows.shape[2:], streams)
    fit = family.fit(training_set, start, range(steps), train, streams)
    assert fit.skipped_steps == 0
    return [bool(seed) for seed in np.broadcast_to(fit.weights_moved, len(streams.seeds))]


@pytest.mark.parametrize(("rows", "streams"), [IMAGES, POINTS], ids=["one network", "pack"])
def test_training_moves_weights_and_steps_without_gradients_do_not(rows: np.ndarray, streams: Streams) -> None:
    assert all(moved(FlowMatching(width=8, depth=1), rows, streams, TRAIN))
    assert not any(moved(WithoutGradients(width=8, depth=1), rows, streams, TRAIN))


def test_a_start_that_was_only_rounded_to_bf16_did_not_move() -> None:
    before = {"a": torch.full((4,), 1 / 3)}
    after = {"a": before["a"].to(torch.bfloat16).float()}
    assert not weights_moved(before, after, torch.bfloat16).any()
    assert weights_moved(before, after, torch.float32).all()


def test_no_steps_are_no_anomaly() -> None:
    assert moved(WithoutGradients(width=8, depth=1), *IMAGES, TRAIN, steps=0) == [True]


def test_one_changed_number_is_a_move_of_its_seed() -> None:
    before = {"a": torch.zeros(3, 2), "b": torch.ones(3)}
    after = {name: tensor.clone() for name, tensor in before.items()}
    assert weights_moved(before, after, torch.float32, 3).tolist() == [False, False, False]
    after["a"][1, 0] = 1e-30
    assert weights_moved(before, after, torch.float32, 3).tolist() == [False, True, False]
    assert weights_moved(before, after, torch.float32).tolist() == [True]
    assert weights_moved(before, {}, torch.float32).tolist() == [False], "a model without trained weights"


def test_accelerate_says_which_steps_it_skipped() -> None:
    assert isinstance(AcceleratedOptimizer.step_was_skipped, property)
