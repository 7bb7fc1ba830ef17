from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from raysc.errors import RayscError
from raysc.models.training import micro_batch
from raysc.settings import Train

TRAIN = Train(batch=32)


def test_sizes_are_halved_by_kind_and_forgotten_at_the_end_of_a_trial() -> None:
    assert micro_batch.remembered_size("a kind") is None
    micro_batch.halve("a kind", TRAIN, torch.OutOfMemoryError())
    assert micro_batch.remembered_size("a kind") == 16
    micro_batch.halve("a kind", TRAIN.model_copy(update={"micro_batch": 5}), torch.OutOfMemoryError())
    assert micro_batch.remembered_size("a kind") == 3
    assert micro_batch.remembered_size("another kind") is None
    micro_batch.reset()
    assert micro_batch.remembered_size("a kind") is None


def test_a_single_row_cannot_be_halved() -> None:
    with pytest.raises(RayscError, match=r"no memory to train on one row at a time; set train\.recompute"):
        micro_batch.halve("a kind", Train(batch=1), torch.OutOfMemoryError())


def test_ranks_that_train_together_do_not_restart_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro_batch, "PartialState", lambda: SimpleNamespace(num_processes=2))
    micro_batch.halve("dry run", TRAIN, micro_batch.DryRunOutOfMemory())
    assert micro_batch.remembered_size("dry run") == 8
    with pytest.raises(RayscError, match=r"no memory for a micro-batch of 16 rows; set train\.micro_batch to less"):
        micro_batch.halve("training", TRAIN, torch.OutOfMemoryError())
    assert micro_batch.remembered_size("training") is None


def test_a_dry_run_leaves_no_gradients_and_reports_lack_of_memory() -> None:
    network, rows = nn.Linear(3, 1), torch.ones(4, 3)

    def loss() -> Tensor:
        output: Tensor = network(rows)
        return output.square().mean()

    def too_large() -> Tensor:
        raise torch.OutOfMemoryError("no memory")

    micro_batch.dry_run(network, loss, Accelerator())
    assert all(parameter.grad is None for parameter in network.parameters())
    with pytest.raises(micro_batch.DryRunOutOfMemory):
        micro_batch.dry_run(network, too_large, Accelerator())
