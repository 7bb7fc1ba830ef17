"""The variational autoencoder: its bound, its samples, training on digits and points."""

from typing import Any

import numpy as np
import pytest
import torch

from raysc.datasets.images.digits import Digits
from raysc.datasets.points.gaussian import Gaussian
from raysc.errors import InputError
from raysc.models.autoencoders.vae import Vae
from raysc.models.networks.build import with_weights
from raysc.models.neural.sampling import draw_latents
from raysc.models.neural.value_range import to_rows
from raysc.models.training.batches import Batch
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample, Train

EVENT = (1, 8, 8)
STREAMS = Streams((0,), 0)


def training_set(rows: np.ndarray) -> TrainingSet:
    return TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))


def test_the_loss_is_the_negative_bound_of_a_normal_decoder() -> None:
    family = Vae(latent_dim=3, beta=2.0, width=8, depth=2)
    state = family.initial((5,), STREAMS)
    network: Any = with_weights(state.config, {name: weight[0] for name, weight in state.weights.items()})
    generator = torch.Generator().manual_seed(0)
    rows, noise = torch.randn(4, 5, generator=generator), torch.randn(4, 5, generator=generator)
    mean, log_variance = network.encoder(rows).chunk(2, dim=1)
    z = mean + log_variance.exp().sqrt() * noise[:, :3]
    decoder = torch.distributions.Normal(network.decoder(z), 0.5**0.5)
    posterior, prior = (torch.distributions.Normal(*p) for p in ((mean, log_variance.exp().sqrt()), (0.0, 1.0)))
    divergence = torch.distributions.kl_divergence(posterior, prior).sum(dim=1)
    bound = decoder.log_prob(rows).sum(dim=1) + 2.5 * np.log(np.pi) - 2.0 * divergence
    torch.testing.assert_close(family.loss(network, Batch(rows, noise, torch.zeros(4))), -bound.mean())


@pytest.mark.parametrize("sample", [Sample(), Sample(truncation=0.5), Sample(temperature=0.25)])
def test_a_sample_is_the_decoders_mean_at_normal_latents(sample: Sample) -> None:
    family = Vae(latent_dim=3, width=8)
    state = family.initial(EVENT, STREAMS)
    (generator,) = STREAMS.generators("sample", 0)
    latents = draw_latents(generator, EVENT, sample).reshape(-1, 64)[:10, :3]
    if sample.truncation:
        assert np.abs(latents).max() <= 0.5
    network = with_weights(state.config, state.ema)
    with torch.no_grad():
        expected = to_rows(network(sample.temperature * torch.from_numpy(latents)))
    np.testing.assert_array_equal(family.sample(state, 0, 10, sample, STREAMS)[0], expected)


@pytest.mark.slow
def test_it_learns_digits() -> None:
    family, rows = Vae(latent_dim=8, width=64), Digits().train((0,))
    start = family.initial(EVENT, STREAMS)
    result = family.fit(training_set(rows), start, range(400), Train(batch=64, lr=3e-3), STREAMS)
    samples = family.sample(result.state, 0, 512, Sample(), STREAMS)[0].reshape(512, -1) / 255
    real = rows[0].reshape(len(rows[0]), -1) / 255
    assert np.abs(samples.mean(axis=0) - real.mean(axis=0)).mean() < 0.05
    nearest = np.square(samples[:100, None] - real[None]).sum(axis=2).min(axis=1).mean()
    between = np.square(real[:100, None] - real[None, 100:]).sum(axis=2).min(axis=1).mean()
    assert nearest < 1.5 * between
    # The mean of a decoder lacks its noise, so variance is lost.
    assert 0.3 < samples.var(axis=0).sum() / real.var(axis=0).sum() < 1


@pytest.mark.slow
def test_the_latents_of_points_carry_the_large_directions() -> None:
    data, family, streams = Gaussian(dim=3, rows=400), Vae(latent_dim=2, width=16, depth=1), Streams((0, 1), 0)
    rows = (data.train((0, 1)) * [5.0, 3.0, 0.1]).astype(np.float32)
    start = family.initial((3,), streams)
    pack = family.fit(training_set(rows), start, range(400), Train(batch=32, lr=1e-2), streams).state
    samples = family.sample(pack, 0, 2000, Sample(), streams)
    np.testing.assert_allclose(samples.std(axis=1)[:, :2], [[5, 3]] * 2, rtol=0.25)
    assert (samples.std(axis=1)[:, 2] < 0.3).all()


def test_rows_and_sizes_that_do_not_go_are_refused() -> None:
    with pytest.raises(InputError, match="latent_dim must be at most 64, the values of a row, not 65"):
        Vae(latent_dim=65).check(EVENT)
    with pytest.raises(InputError, match="models images and points"):
        Vae().check((4, 4))
    with pytest.raises(InputError, match="perceptrons have few activations"):
        Vae().check_settings(EVENT, Train(recompute=True), Sample())
