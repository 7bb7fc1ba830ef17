import numpy as np
import pytest
import torch

from raysc.datasets.images.digits import Digits
from raysc.errors import InputError
from raysc.models.training.batches import Batches, PackBatches
from raysc.models.training.coupling import Coupling, drawn_optimal_transport, optimal_transport
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Train
from tests.neural_states import MakeTrainingSet

CPU = torch.device("cpu")
SEED_0 = Streams((0,), 0)


def batches(
    training_set: TrainingSet, batch: int, rank: int = 0, world_size: int = 1, streams: Streams = SEED_0
) -> Batches:
    return Batches(training_set, Train(batch=batch), rank, world_size, streams, CPU)


@pytest.fixture
def seven_rows(training_set: MakeTrainingSet) -> TrainingSet:
    """Seven rows, 0..6."""
    return training_set(np.arange(7, dtype=np.float32)[:, None])


@pytest.mark.parametrize("batch", [3, 7, 20])
def test_every_epoch_visits_each_row_once(seven_rows: TrainingSet, batch: int) -> None:
    source = batches(seven_rows, batch)
    rows = np.concatenate([source(step).rows[:, 0].numpy() for step in range(14)])
    for first in range(0, len(rows) - 6, 7):
        assert sorted(rows[first : first + 7]) == list(range(7))
    assert list(rows[:7]) != list(rows[7:14])


def test_a_step_does_not_depend_on_the_steps_before(seven_rows: TrainingSet) -> None:
    source = batches(seven_rows, 4)
    in_order = [source(step) for step in range(6)]
    single = batches(seven_rows, 4)(5)
    assert torch.equal(single.rows, in_order[5].rows)
    assert torch.equal(single.noise, in_order[5].noise)
    assert torch.equal(single.times, in_order[5].times)


def test_ranks_together_have_the_batch_of_one(seven_rows: TrainingSet) -> None:
    whole = batches(seven_rows, 6)(2)
    ranks = [batches(seven_rows, 6, rank, 3)(2) for rank in range(3)]
    for field in ("rows", "noise", "times"):
        assert torch.equal(torch.cat([getattr(batch, field) for batch in ranks]), getattr(whole, field))


def test_micro_batches_are_slices_weighted_by_their_rows(seven_rows: TrainingSet) -> None:
    source = Batches(seven_rows, Train(batch=8, micro_batch=3), 0, 1, SEED_0, CPU)
    micro_batches, weights = zip(*source.micro_batches(2), strict=True)
    assert weights == (3 / 8, 3 / 8, 2 / 8)
    for field in ("rows", "noise", "times"):
        together = torch.cat([getattr(micro_batch, field) for micro_batch in micro_batches])
        assert torch.equal(together, getattr(source(2), field))


def test_seeds_and_generations_have_different_batches(seven_rows: TrainingSet) -> None:
    first = batches(seven_rows, 4)(0).noise
    for streams in (Streams((1,), 0), Streams((0,), 1)):
        assert not torch.equal(first, batches(seven_rows, 4, streams=streams)(0).noise)


def test_images_are_scaled_to_plus_minus_one(training_set: MakeTrainingSet) -> None:
    rows = batches(training_set(np.array([[[[0, 255]]]], np.uint8)), 1)(0).rows
    assert rows.tolist() == [[[[-1.0, 1.0]]]]


def test_a_batch_that_ranks_cannot_share_is_refused(seven_rows: TrainingSet) -> None:
    with pytest.raises(InputError, match=r"train\.batch: 100 rows .* 3 workers; use a multiple of 3"):
        batches(seven_rows, 100, 0, 3)


def test_flips_mirror_half_of_the_images_and_nothing_else(training_set: MakeTrainingSet) -> None:
    rows = training_set(Digits().train([0])[0][:64])
    plain, flipped = (Batches(rows, Train(batch=64, flips=flips), 0, 1, SEED_0, CPU)(3) for flips in (False, True))
    assert torch.equal(plain.noise, flipped.noise)
    assert torch.equal(plain.times, flipped.times)
    unchanged = (plain.rows == flipped.rows).flatten(1).all(1)
    mirrored = (plain.rows.flip(3) == flipped.rows).flatten(1).all(1)
    assert (unchanged | mirrored).all()
    assert 16 <= (mirrored & ~unchanged).sum() <= 48
    halves = [Batches(rows, Train(batch=64, flips=True), rank, 2, SEED_0, CPU)(3).rows for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), flipped.rows)


@pytest.mark.parametrize("coupling", [None, optimal_transport, drawn_optimal_transport])
@pytest.mark.parametrize("blocks", [1, 2], ids=["shared rows", "rows per seed"])
def test_a_packs_batches_are_those_of_its_seeds(
    training_set: MakeTrainingSet, coupling: Coupling | None, blocks: int
) -> None:
    values = np.random.default_rng(0).standard_normal((blocks, 20, 2), dtype=np.float32)
    rows = Rows(REAL, (MemoryBlock("rows", 0, values),))
    mixed = TrainingSet((rows, Part(rows, np.array([[4, 2], [7, 9]]))))
    pack = PackBatches(mixed, 8, Streams((3, 5), 2), CPU, coupling)
    for number, seed in enumerate((3, 5)):
        single = Batches(training_set(mixed.load()[number]), Train(batch=8), 0, 1, Streams((seed,), 2), CPU, coupling)
        for step in (0, 2, 5):  # an epoch ends within the third and within the sixth batch
            for name in ("rows", "noise", "times"):
                assert torch.equal(getattr(pack(step), name)[number], getattr(single(step), name))


@pytest.mark.parametrize("coupling", [optimal_transport, drawn_optimal_transport])
def test_threads_pair_the_seeds_as_one_does(
    coupling: Coupling, training_set: MakeTrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, streams = (
        training_set(np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)),
        Streams((3, 5, 7), 2),
    )
    single = PackBatches(rows, 16, streams, CPU, coupling)(4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    threaded = PackBatches(rows, 16, streams, CPU, coupling)(4)
    assert torch.equal(single.noise, threaded.noise)
    assert torch.equal(single.rows, threaded.rows)


def test_a_coupling_pairs_the_whole_batch_whatever_the_number_of_ranks(training_set: MakeTrainingSet) -> None:
    rows = training_set(np.random.default_rng(0).integers(0, 256, (20, 1, 4, 4), np.uint8))

    def noise(rank: int, world_size: int, coupling: Coupling | None) -> torch.Tensor:
        return Batches(rows, Train(batch=8), rank, world_size, SEED_0, CPU, coupling)(3).noise

    whole = noise(0, 1, optimal_transport)
    assert torch.equal(torch.cat([noise(rank, 2, optimal_transport) for rank in range(2)]), whole)
    independent = noise(0, 1, None)
    assert not torch.equal(whole, independent)
    assert torch.equal(whole.flatten(1).sum(dim=1).sort().values, independent.flatten(1).sum(dim=1).sort().values)
