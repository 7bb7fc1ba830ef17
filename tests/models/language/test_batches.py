import numpy as np
import pytest
import torch

from raysc.datasets.stories import Stories
from raysc.models.language.batches import NOT_A_TARGET as NO
from raysc.models.language.batches import TokenBatches, packed, padded, target_losses
from raysc.models.language.causal_lm import CausalLm
from raysc.models.language.networks import with_weights
from raysc.pool.tokens import PAD
from raysc.rng import Streams
from raysc.settings import Train

BEGIN, END = 9, 8
ROWS = np.array([[5, 6, END, PAD, PAD], [1, 2, 3, 4, 5], [END, PAD, PAD, PAD, PAD], [7, END, PAD, PAD, PAD]], np.int32)
CPU = torch.device("cpu")


def test_what_follows_a_rows_end_is_no_target():
    batch = padded(ROWS, BEGIN)
    assert batch.inputs.tolist() == [[9, 5, 6, 8, 0], [9, 1, 2, 3, 4], [9, 8, 0, 0, 0], [9, 7, 8, 0, 0]]
    assert batch.targets.tolist() == [[5, 6, 8, NO, NO], [1, 2, 3, 4, 5], [8, NO, NO, NO, NO], [7, 8, NO, NO, NO]]
    assert batch.places is None


def test_padding_is_no_longer_than_the_longest_row():
    assert padded(ROWS[[2, 3]], BEGIN).inputs.tolist() == [[9, 8], [9, 7]]


def test_packed_rows_stand_end_to_end_in_their_order():
    batch = packed(ROWS, BEGIN)
    assert batch.inputs.tolist() == [[9, 5, 6, 9, 9], [9, 1, 2, 3, 4], [9, 9, 7, 9, 9]]
    assert batch.targets.tolist() == [[5, 6, 8, NO, NO], [1, 2, 3, 4, 5], [8, 7, 8, NO, NO]]
    assert batch.places.tolist() == [[0, 1, 2, 0, 0], [0, 1, 2, 3, 4], [0, 0, 1, 0, 0]]


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_packed_rows_do_not_see_each_other(architecture):
    data = Stories(rows=20, length=48)
    family = CausalLm(architecture, width=16, depth=2, heads=2).for_data(data)
    state = family.initial(data.event, Streams((0,), 0))
    network = with_weights(state.config, {name: 10 * value for name, value in state.weights.items()}).eval()
    rows = data.train((0,))[0].copy()
    rows[::2, 9:] = PAD  # short ones, several of which share a sequence
    one, other = padded(rows, 0), packed(rows, 0)
    assert len(other.inputs) < len(one.inputs)
    with torch.inference_mode():
        losses = [target_losses(network, batch)[batch.targets != NO] for batch in (one, other)]
    assert losses[0].std() > 1, "a network that says something"
    assert torch.allclose(*losses, atol=1e-4)


@pytest.mark.parametrize("pack", [False, True])
def test_neither_micro_batches_nor_ranks_change_a_steps_loss(training_set, pack):
    rows = np.concatenate([ROWS, ROWS[::-1, :]])

    def step(micro, world):
        train, streams = Train(batch=6, micro_batch=micro), Streams((0,), 0)
        made = [
            TokenBatches(training_set(rows), train, rank, world, streams, CPU, BEGIN, pack) for rank in range(world)
        ]
        return [piece for one in made for piece in one.pieces(3)]

    def targets(pieces):
        return sorted(torch.cat([batch.targets[batch.targets != NO] for batch, _ in pieces]).tolist())

    whole = step(None, 1)
    assert len(whole) == 1
    for micro, world in ((1, 1), (4, 1), (None, 3), (1, 2)):
        pieces = step(micro, world)
        assert targets(pieces) == targets(whole)
        # Each target weighs as much as every other one, once the ranks were averaged.
        counts = sum(weight * int((batch.targets != NO).sum()) for batch, weight in pieces) / world
        assert counts == pytest.approx(1)
        assert len({weight / world for _, weight in pieces}) == 1
