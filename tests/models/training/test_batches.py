import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.models.training.batches import Batches, PackBatches
from raysc.models.training.coupling import optimal_transport
from raysc.pool.rows import MemoryBlock, Part, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Train

CPU = torch.device("cpu")


def batches(training_set, batch, rank=0, world=1, seed=0, generation=0, micro=None):
    return Batches(training_set, Train(batch=batch, micro_batch=micro), rank, world, Streams((seed,), generation), CPU)


@pytest.fixture
def numbered(training_set):
    """Seven rows, 0..6."""
    return training_set(np.arange(7, dtype=np.float32)[:, None])


@pytest.mark.parametrize("batch", [3, 7, 20])
def test_every_pass_visits_each_row_once(numbered, batch):
    of = batches(numbered, batch)
    seen = np.concatenate([of(step).rows[:, 0].numpy() for step in range(14)])
    for first in range(0, len(seen) - 6, 7):
        assert sorted(seen[first : first + 7]) == list(range(7))
    assert list(seen[:7]) != list(seen[7:14])


def test_a_step_does_not_depend_on_the_steps_before(numbered):
    of = batches(numbered, 4)
    in_order = [of(step) for step in range(6)]
    alone = batches(numbered, 4)(5)
    assert torch.equal(alone.rows, in_order[5].rows)
    assert torch.equal(alone.noise, in_order[5].noise)
    assert torch.equal(alone.times, in_order[5].times)


def test_ranks_together_see_the_batch_of_one(numbered):
    one = batches(numbered, 6)(2)
    three = [batches(numbered, 6, rank, 3)(2) for rank in range(3)]
    for field in ("rows", "noise", "times"):
        assert torch.equal(torch.cat([getattr(batch, field) for batch in three]), getattr(one, field))


def test_seeds_and_generations_see_different_batches(numbered):
    first = batches(numbered, 4)(0).noise
    assert not torch.equal(first, batches(numbered, 4, seed=1)(0).noise)
    assert not torch.equal(first, batches(numbered, 4, generation=1)(0).noise)


def test_images_are_scaled_to_plus_minus_one(training_set):
    rows = batches(training_set(np.array([[[[0, 255]]]], np.uint8)), 1)(0).rows
    assert rows.tolist() == [[[[-1.0, 1.0]]]]


def test_a_batch_that_ranks_cannot_share_is_refused(numbered):
    with pytest.raises(InputError, match=r"train\.batch: 100 rows .* 3 workers; use a multiple of 3"):
        batches(numbered, 100, 0, 3)


@pytest.mark.parametrize("coupling", [None, optimal_transport])
@pytest.mark.parametrize("blocks", [1, 2], ids=["shared rows", "rows of their own"])
def test_a_packs_batches_are_those_of_its_seeds(training_set, coupling, blocks):
    drawn = np.random.default_rng(0).standard_normal((blocks, 20, 2), dtype=np.float32)
    rows = Rows(REAL, (MemoryBlock("rows", 0, drawn),))
    mixed = TrainingSet((rows, Part(rows, np.array([[4, 2], [7, 9]]))))
    pack = PackBatches(mixed, 8, Streams((3, 5), 2), CPU, coupling)
    for number, seed in enumerate((3, 5)):
        alone = Batches(training_set(mixed.load()[number]), Train(batch=8), 0, 1, Streams((seed,), 2), CPU, coupling)
        for step in (0, 2, 5):  # in the third and the sixth one pass over the rows ends and the next begins
            for name in ("rows", "noise", "times"):
                assert torch.equal(getattr(pack(step), name)[number], getattr(alone(step), name))


def test_a_coupling_pairs_the_whole_batch_whatever_the_number_of_ranks(training_set):
    rows = training_set(np.random.default_rng(0).integers(0, 256, (20, 1, 4, 4), np.uint8))

    def noise(rank, world, coupling):
        return Batches(rows, Train(batch=8), rank, world, Streams((0,), 0), CPU, coupling)(3).noise

    whole = noise(0, 1, optimal_transport)
    assert torch.equal(torch.cat([noise(rank, 2, optimal_transport) for rank in range(2)]), whole)
    drawn = noise(0, 1, None)
    assert not torch.equal(whole, drawn)
    assert torch.equal(whole.flatten(1).sum(dim=1).sort().values, drawn.flatten(1).sum(dim=1).sort().values)
