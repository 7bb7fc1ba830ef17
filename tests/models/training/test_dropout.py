import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import build_network
from raysc.models.training.dropout import MaskedDropout, WholeBatchDropout
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train
from tests.neural_states import equal_tensors

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
UNET = FlowMatching(network="unet", channels=8)
CPU = torch.device("cpu")


class Block(nn.Module):
    """A residual block as far as dropout goes."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout: nn.Module = nn.Dropout()

    def forward(self, values: Tensor) -> Tensor:
        """Apply the dropout layer."""
        dropped: Tensor = self.dropout(values)
        return dropped


def test_masks_have_their_share_and_do_not_depend_on_ranks_or_micro_batches() -> None:
    def masks(rank: int, world_size: int, step: int, count: int, micro_batch: int | None = None) -> list[Tensor]:
        train = Train(batch=8, micro_batch=micro_batch, dropout=0.25)
        dropout = WholeBatchDropout(train, rank, world_size, SEED_0, CPU)
        blocks = [Block() for _ in range(2)]
        dropout.install(nn.ModuleList(blocks), lambda: [block(torch.ones(1, 4, 16, 16)) for block in blocks])
        outputs: list[list[Tensor]] = []
        for index in range(-(-8 // world_size // count)):
            dropout.set_masks(step, index)
            outputs.append([block(torch.ones(count, 4, 16, 16)) for block in blocks])
        return [torch.cat(block_outputs) for block_outputs in zip(*outputs, strict=True)]

    first, second = masks(0, 1, 5, 8)
    assert (first == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    assert first.max() == pytest.approx(4 / 3)
    assert not torch.equal(first, second)
    for layer, whole in enumerate((first, second)):
        assert torch.equal(torch.cat([masks(rank, 2, 5, 4)[layer] for rank in (0, 1)]), whole)
        assert torch.equal(torch.cat([masks(rank, 2, 5, 2, micro_batch=2)[layer] for rank in (0, 1)]), whole)
    assert not torch.equal(masks(0, 1, 6, 8)[0], first)


def test_dropout_is_active_in_training_only_and_draws_from_the_steps(digits: TrainingSet) -> None:
    start = UNET.initial(IMAGE, SEED_0)
    train = Train(batch=8, dropout=0.3)
    before = torch.get_rng_state()
    whole = UNET.fit(digits, start, range(4), train, SEED_0).state
    half = UNET.fit(digits, start, range(2), train, SEED_0).state
    assert equal_tensors(UNET.fit(digits, half, range(2, 4), train, SEED_0).state.weights, whole.weights)
    assert not equal_tensors(UNET.fit(digits, start, range(4), Train(batch=8), SEED_0).state.weights, whole.weights)
    assert torch.equal(torch.get_rng_state(), before)
    first, second = (UNET.sample(whole, 0, 2, Sample(steps=1), SEED_0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_micro_batches_and_recomputation_keep_the_masks(digits: TrainingSet) -> None:
    start = UNET.initial(IMAGE, SEED_0)

    def loss(dropout: float, **memory: int | bool) -> float:
        # of the fourth step alone, after three: AdamW amplifies rounding in single weights
        train = Train(batch=8, lr=0.01, dropout=dropout).model_copy(update=memory)
        state = UNET.fit(digits, start, range(3), train, SEED_0).state
        return float(UNET.fit(digits, state, range(3, 4), train, SEED_0).loss)

    plain = loss(0.3)
    assert loss(0.3, micro_batch=3) == pytest.approx(plain, rel=1e-4)
    assert loss(0.3, recompute=True) == pytest.approx(plain, rel=1e-4)
    assert loss(0.0) != pytest.approx(plain, rel=1e-2)


def test_every_residual_block_gets_a_layer() -> None:
    block = Block()
    WholeBatchDropout(Train(dropout=0.5), 0, 1, SEED_0, CPU).install(block, lambda: None)
    assert isinstance(block.dropout, MaskedDropout)
    unet = build_network(UNET.initial(IMAGE, SEED_0).config)
    WholeBatchDropout(Train(dropout=0.5), 0, 1, SEED_0, CPU).install(unet, lambda: None)
    blocks = [module for module in unet.modules() if type(module).__name__ == "ResnetBlock2D"]
    assert blocks
    assert all(isinstance(block.dropout, MaskedDropout) for block in blocks)
