from typing import Literal

import numpy as np
import pytest
import torch

from raysc.datasets.text.stories import Stories
from raysc.errors import InputError
from raysc.models.language.batches import IGNORE_INDEX, TokenBatch, TokenBatches, pack_rows, pad_rows, target_losses
from raysc.models.language.causal_lm import CausalLm
from raysc.models.language.networks import with_weights
from raysc.pool.tokens import PAD
from raysc.rng import Streams
from raysc.settings import Train
from tests.neural_states import MakeTrainingSet

BEGIN, END, IGN = 9, 8, IGNORE_INDEX
ROWS = np.array([[5, 6, END, PAD, PAD], [1, 2, 3, 4, 5], [END, PAD, PAD, PAD, PAD], [7, END, PAD, PAD, PAD]], np.int32)
CPU = torch.device("cpu")


def test_tokens_after_a_rows_end_are_no_targets() -> None:
    batch = pad_rows(ROWS, BEGIN)
    assert batch.input_ids.tolist() == [[9, 5, 6, 8, 0], [9, 1, 2, 3, 4], [9, 8, 0, 0, 0], [9, 7, 8, 0, 0]]
    assert batch.targets.tolist() == [
        [5, 6, 8, IGN, IGN],
        [1, 2, 3, 4, 5],
        [8, IGN, IGN, IGN, IGN],
        [7, 8, IGN, IGN, IGN],
    ]
    assert batch.position_ids is None


def test_padding_ends_with_the_longest_row() -> None:
    assert pad_rows(ROWS[[2, 3]], BEGIN).input_ids.tolist() == [[9, 8], [9, 7]]


def test_packed_rows_are_joined_end_to_end_in_their_order() -> None:
    batch = pack_rows(ROWS, BEGIN)
    assert batch.input_ids.tolist() == [[9, 5, 6, 9, 9], [9, 1, 2, 3, 4], [9, 9, 7, 9, 9]]
    assert batch.targets.tolist() == [[5, 6, 8, IGN, IGN], [1, 2, 3, 4, 5], [8, 7, 8, IGN, IGN]]
    assert batch.position_ids is not None
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 0], [0, 1, 2, 3, 4], [0, 0, 1, 0, 0]]


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_packed_rows_do_not_see_each_other(architecture: Literal["gpt2", "llama"]) -> None:
    data = Stories(rows=20, length=48)
    family = CausalLm(architecture, width=16, depth=2, heads=2).for_data(data)
    state = family.initial(data.event, Streams((0,), 0))
    network = with_weights(state.config, {name: 10 * value for name, value in state.weights.items()}).eval()
    rows = data.train((0,))[0].copy()
    rows[::2, 9:] = PAD  # short rows, several of which share a sequence
    padded, packed = pad_rows(rows, 0), pack_rows(rows, 0)
    assert len(packed.input_ids) < len(padded.input_ids)
    with torch.inference_mode():
        losses = [target_losses(network, batch)[batch.targets != IGN] for batch in (padded, packed)]
    assert losses[0].std() > 1, "the network tells tokens apart"
    assert torch.allclose(losses[0], losses[1], atol=1e-4)


@pytest.mark.parametrize("token", [10, -7])
def test_an_id_that_no_token_has_is_refused(training_set: MakeTrainingSet, token: int) -> None:
    rows = ROWS.copy()
    rows[1, 2] = token
    batches = TokenBatches(training_set(rows), Train(batch=4), 0, 1, Streams((0,), 0), CPU, BEGIN, 10, pack=False)
    with pytest.raises(
        InputError, match=f"holds the token {token}; data and transforms must return tokens from 0 to 9"
    ):
        batches.micro_batches(0)


@pytest.mark.parametrize("pack", [False, True])
def test_neither_micro_batches_nor_ranks_change_a_steps_loss(training_set: MakeTrainingSet, pack: bool) -> None:
    rows = training_set(np.concatenate([ROWS, ROWS[::-1, :]]))

    def step(micro_batch: int | None, world_size: int) -> list[tuple[TokenBatch, float]]:
        train, streams = Train(batch=6, micro_batch=micro_batch), Streams((0,), 0)
        ranks = [
            TokenBatches(rows, train, rank, world_size, streams, CPU, BEGIN, 10, pack) for rank in range(world_size)
        ]
        return [pair for batches in ranks for pair in batches.micro_batches(3)]

    def targets(micro_batches: list[tuple[TokenBatch, float]]) -> list[int]:
        return sorted(torch.cat([batch.targets[batch.targets != IGN] for batch, _ in micro_batches]).tolist())

    whole = step(None, 1)
    assert len(whole) == 1
    for micro_batch, world_size in ((1, 1), (4, 1), (None, 3), (1, 2)):
        micro_batches = step(micro_batch, world_size)
        assert targets(micro_batches) == targets(whole)
        # All targets have the same weight, once the ranks are averaged.
        total = sum(weight * int((batch.targets != IGN).sum()) for batch, weight in micro_batches) / world_size
        assert total == pytest.approx(1)
        assert len({weight / world_size for _, weight in micro_batches}) == 1
