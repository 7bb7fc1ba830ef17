"""Settings of training and sampling by which papers differ: each does what it says, and is refused elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from raysc.datasets.digits import Digits
from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.models.language.causal_lm import CausalLm
from raysc.models.training.batches import Batches
from raysc.models.training.dropout import Layer, WholeBatchDropout
from raysc.models.training.loop import learning_rate
from raysc.rng import Streams
from raysc.settings import Ema, Ramp, Sample, Train

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
SMALL = FlowMatching(width=16, depth=1)
UNET = FlowMatching(network="unet", channels=8)
CPU = torch.device("cpu")


def same(one, other):
    return all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_a_ramp_rises_from_zero_in_steps_or_rows():
    steps = Train(lr=0.4, ramp=Ramp(steps=8))
    assert [learning_rate(steps, step, 100) for step in (0, 2, 8, 50)] == pytest.approx([0, 0.1, 0.4, 0.4])
    rows = Train(lr=1e-3, batch=256, ramp=Ramp(rows=10_000_000))
    # One epoch of CIFAR-10 in the papers' settings: the rate ends at 5e-6.
    assert learning_rate(rows, 50_000 // 256, 196) == pytest.approx(5e-6, rel=2e-3)


def test_a_ramp_is_restarted_or_goes_on_from_the_steps_before(digits):
    first = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(4), Train(batch=16), SEED_0).state
    assert first.steps == 4

    def fit(start, steps, **ramp):
        return SMALL.fit(digits, start, steps, Train(batch=16, ramp=Ramp(steps=8, **ramp)), NEXT, 6).state

    def at(rate):
        return SMALL.fit(digits, first, range(1), Train(batch=16, lr=rate), NEXT).state

    assert same(fit(first, range(1), restarted=False), at(1e-3 * 4 / 8))
    still = fit(first, range(1), restarted=True)
    assert same(still, first)
    assert not same(fit(still, range(1, 2), restarted=True), first)
    whole = fit(first, range(6), restarted=False)
    parts = fit(fit(first, range(2), restarted=False), range(2, 6), restarted=False)
    assert same(whole, parts)
    assert whole.steps == parts.steps == 10


def test_points_go_by_the_ramp_too():
    rates = Train(batch=16, ramp=Ramp(steps=8, restarted=False)), Train(batch=16, lr=1e-3 * 4 / 8)
    rows = np.random.default_rng(0).standard_normal((64, 2), dtype=np.float32)
    from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
    from raysc.regimes.recipe import REAL

    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows[None]),)),))
    first = SMALL.fit(training_set, SMALL.initial((2,), SEED_0), range(4), Train(batch=16), SEED_0).state
    assert first.steps == 4
    assert same(*[SMALL.fit(training_set, first, range(1), train, NEXT).state for train in rates])


def test_the_half_life_may_be_in_rows_and_ramp_up(digits):
    start = SMALL.initial(IMAGE, SEED_0)
    by_steps, by_rows = (
        SMALL.fit(digits, start, range(6), Train(batch=16, ema=ema), SEED_0).state
        for ema in (Ema(half_life=3), Ema(half_life_rows=48))
    )
    assert all(torch.equal(by_steps.ema[name], by_rows.ema[name]) for name in by_steps.ema)
    rising = Ema(half_life_rows=500_000, rampup=0.05)
    assert rising.decay(0, 256) == 0
    assert rising.decay(1000, 256) == pytest.approx(0.5 ** (256 / (0.05 * 256_000)))
    assert rising.decay(10**6, 256) == pytest.approx(0.5 ** (256 / 500_000))
    one = SMALL.fit(digits, start, range(1), Train(batch=16, ema=rising), SEED_0).state
    assert all(torch.equal(one.ema[name], one.weights[name]) for name in one.ema)


def test_a_retraining_starts_from_raw_or_ema_weights_at_its_first_step_only(digits):
    train = Train(batch=16, ema=Ema(half_life=20))
    start = SMALL.fit(digits, SMALL.initial(IMAGE, SEED_0), range(6), train, SEED_0).state
    from_ema = train.model_copy(update={"start_weights": "ema"})

    def fit(state, steps, how):
        return SMALL.fit(digits, state, steps, how, NEXT).state

    assert same(fit(start, range(3), from_ema), fit(replace(start, weights=start.ema), range(3), train))
    assert not same(fit(start, range(3), from_ema), fit(start, range(3), train))
    assert same(fit(fit(start, range(1), from_ema), range(1, 3), from_ema), fit(start, range(3), from_ema))


def test_flips_mirror_half_of_the_images_and_nothing_else(training_set):
    rows = Digits().train([0])[0][:64]
    plain, flipped = (
        Batches(training_set(rows), Train(batch=64, flips=flips), 0, 1, SEED_0, CPU)(3) for flips in (False, True)
    )
    assert torch.equal(plain.noise, flipped.noise)
    assert torch.equal(plain.times, flipped.times)
    as_it_is = (plain.rows == flipped.rows).flatten(1).all(1)
    mirrored = (plain.rows.flip(3) == flipped.rows).flatten(1).all(1)
    assert (as_it_is | mirrored).all()
    assert 16 <= (mirrored & ~as_it_is).sum() <= 48
    halves = [Batches(training_set(rows), Train(batch=64, flips=True), rank, 2, SEED_0, CPU)(3).rows for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), flipped.rows)


def test_dropout_drops_its_share_alike_on_one_rank_on_two_and_in_micro_batches():
    def masks(rank, world, step, count, micro=None):
        dropout = WholeBatchDropout(Train(batch=8, micro_batch=micro, dropout=0.25), rank, world, SEED_0, CPU)
        network = nn.ModuleList([nn.ModuleDict({"dropout": nn.Dropout()}) for _ in range(2)])
        dropout.put_into(network, lambda: [layer["dropout"](torch.ones(1, 4, 16, 16)) for layer in network])
        pieces = []
        for piece in range(-(-8 // world // count)):
            dropout.begin(step, piece)
            pieces.append([layer["dropout"](torch.ones(count, 4, 16, 16)) for layer in network])
        return [torch.cat(layer) for layer in zip(*pieces, strict=True)]

    first, second = masks(0, 1, 5, 8)
    assert (first == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    assert first.max() == pytest.approx(4 / 3)
    assert not torch.equal(first, second)
    for layer, whole in enumerate((first, second)):
        assert torch.equal(torch.cat([masks(rank, 2, 5, 4)[layer] for rank in (0, 1)]), whole)
        assert torch.equal(torch.cat([masks(rank, 2, 5, 2, micro=2)[layer] for rank in (0, 1)]), whole)
    assert not torch.equal(masks(0, 1, 6, 8)[0], first)


def test_dropout_is_in_training_alone_and_draws_from_the_steps(digits):
    start = UNET.initial(IMAGE, SEED_0)
    train = Train(batch=8, dropout=0.3)
    before = torch.get_rng_state()
    whole = UNET.fit(digits, start, range(4), train, SEED_0).state
    half = UNET.fit(digits, start, range(2), train, SEED_0).state
    assert same(UNET.fit(digits, half, range(2, 4), train, SEED_0).state, whole)
    assert not same(UNET.fit(digits, start, range(4), Train(batch=8), SEED_0).state, whole)
    assert torch.equal(torch.get_rng_state(), before)
    rows = [UNET.sample(whole, 0, 2, Sample(steps=1), SEED_0) for _ in range(2)]
    np.testing.assert_array_equal(*rows)


def test_micro_batches_and_recomputing_keep_the_masks_of_dropout(digits):
    start = UNET.initial(IMAGE, SEED_0)

    def loss(rate, **memory):
        # of the fourth step alone, after three: AdamW makes much of rounding in single weights
        train = Train(batch=8, lr=0.01, dropout=rate, **memory)
        state = UNET.fit(digits, start, range(3), train, SEED_0).state
        return UNET.fit(digits, state, range(3, 4), train, SEED_0).loss

    plain = loss(0.3)
    assert loss(0.3, micro_batch=3) == pytest.approx(plain, rel=1e-4)
    assert loss(0.3, recompute=True) == pytest.approx(plain, rel=1e-4)
    assert loss(0.0) != pytest.approx(plain, rel=1e-2)


def test_dropout_lies_in_every_residual_block():
    network = nn.Sequential(nn.Linear(1, 1))
    network.dropout = nn.Dropout(0.0)
    WholeBatchDropout(Train(dropout=0.5), 0, 1, SEED_0, CPU).put_into(network, lambda: None)
    assert isinstance(network.dropout, Layer)
    from raysc.models.networks.architectures import build

    unet = build(UNET.initial(IMAGE, SEED_0).config)
    WholeBatchDropout(Train(dropout=0.5), 0, 1, SEED_0, CPU).put_into(unet, lambda: None)
    blocks = [module for module in unet.modules() if type(module).__name__ == "ResnetBlock2D"]
    assert blocks
    assert all(isinstance(block.dropout, Layer) for block in blocks)


@pytest.mark.parametrize("event", [IMAGE, (2,)])
def test_latents_are_each_generations_own_or_those_of_generation_0(event):
    state = SMALL.initial(event, SEED_0)

    def rows(streams, latents):
        return SMALL.sample(state, 0, 4, Sample(steps=1, latents=latents), streams)

    np.testing.assert_array_equal(rows(NEXT, "repeated"), rows(SEED_0, "fresh"))
    assert not np.array_equal(rows(NEXT, "fresh"), rows(SEED_0, "fresh"))
    np.testing.assert_array_equal(rows(SEED_0, "repeated"), rows(SEED_0, "fresh"))


@pytest.mark.parametrize(
    ("family", "event", "train", "message"),
    [
        (Ddpm(), IMAGE, Train(dropout=0.1), r"train\.dropout: goes with network: unet"),
        (Edm(), (2,), Train(dropout=0.1), r"train\.dropout: networks of points"),
        (SMALL, (2,), Train(flips=True), r"train\.flips: networks of points"),
        (NormalizingFlow(), (2,), Train(flips=True), r"train\.flips: networks of points"),
        (NormalizingFlow(), (2,), Train(micro_batch=4), r"train\.micro_batch: networks of points"),
        (SMALL, (2,), Train(warmup=0.1, ramp=Ramp(steps=8)), r"train\.ramp: .* by warmup or by ramp"),
        (Ddpm(), IMAGE, Train(recompute=True), r"train\.recompute: goes with network: unet"),
        (UNET, IMAGE, Train(shard=True, precision="fp16"), r"train\.shard: fp16 cannot be sharded"),
        (CausalLm(), (16,), Train(dropout=0.1), r"train\.dropout: goes with network: unet"),
        (CausalLm(), (16,), Train(flips=True), r"train\.flips: only images"),
    ],
)
def test_families_refuse_what_they_do_not_go_by(family, event, train, message):
    with pytest.raises(InputError, match=message):
        family.check_settings(event, train, Sample())
