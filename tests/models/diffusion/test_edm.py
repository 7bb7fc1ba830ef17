from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.diffusion.edm import Edm
from raysc.models.diffusion.preconditioning import PRECONDITIONINGS
from raysc.models.training.batches import Batch
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

pytestmark = pytest.mark.slow

SEED_0 = Streams((0,), 0)
Column = Literal["edm", "vp"]


class ExactNetwork(nn.Module):
    """The network whose denoiser is exact for rows from N(mean, std^2); counts its evaluations."""

    def __init__(self, family: Edm, mean: float, std: float) -> None:
        super().__init__()
        self.family, self.mean, self.std, self.evaluations = family, mean, std, 0

    def forward(self, network_input: Tensor, c_noise: Tensor) -> Tensor:
        self.evaluations += 1
        sigma = self.sigma(c_noise)[:, None]
        coefficients = PRECONDITIONINGS[self.family.preconditioning].coefficients(sigma[:, 0])
        c_skip, c_out, c_in = (c[:, None] for c in coefficients[:3])
        x = network_input / c_in
        denoised = (self.std**2 * x + sigma**2 * self.mean) / (self.std**2 + sigma**2)
        return (denoised - c_skip * x) / c_out

    def sigma(self, c_noise: Tensor) -> Tensor:
        if self.family.preconditioning == "edm":
            return (4 * c_noise).exp()
        time = c_noise.double() / 999
        return (9.95 * time**2 + 0.1 * time).expm1().sqrt()


def algorithm_1(latents: np.ndarray, steps: int) -> np.ndarray:
    """Run the paper's pseudocode with the exact denoiser of N(0.3, 0.5^2)."""
    t = [(80 ** (1 / 7) + i / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(steps)] + [0.0]
    x = latents * t[0]

    def dx_dt(x: np.ndarray, t: float) -> np.ndarray:
        slope: np.ndarray = (x - (0.25 * x + t**2 * 0.3) / (0.25 + t**2)) / t
        return slope

    for i in range(steps):
        d_cur = dx_dt(x, t[i])
        x_next = x + (t[i + 1] - t[i]) * d_cur
        if t[i + 1] != 0:
            x_next = x + (t[i + 1] - t[i]) * (d_cur / 2 + dx_dt(x_next, t[i + 1]) / 2)
        x = x_next
    return np.asarray(x)


@pytest.mark.parametrize("preconditioning", ["edm", "vp"])
@pytest.mark.parametrize(("steps", "evaluations"), [(18, 35), (40, 79)])
def test_heun_carries_noise_to_the_data_in_the_papers_evaluations(
    preconditioning: Column, steps: int, evaluations: int
) -> None:
    family = Edm(preconditioning=preconditioning)
    network = ExactNetwork(family, 0.3, 0.5)
    latents = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    rows = family.sampler(Sample(steps=steps))(network, latents)
    assert network.evaluations == evaluations
    np.testing.assert_allclose(rows, algorithm_1(latents.numpy(), steps), rtol=1e-3, atol=1e-4)
    # The exact flow scales deviations from the mean by std / sqrt(std^2 + 80^2); the method is of second order.
    exact = 0.3 + (80 * latents - 0.3) * 0.5 / np.sqrt(0.25 + 6400)
    assert (rows - exact).abs().max() < 25 / steps**2


def test_the_loss_is_the_weighted_error_of_the_denoiser() -> None:
    family = Edm()
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    times = torch.from_numpy(draws.random(64))
    sigma = np.exp(-1.2 + 1.2 * norm.ppf(times.numpy()))[:, None]
    noisy = rows.numpy() + sigma * noise.numpy()
    denoised = (0.25 * noisy + sigma**2 * 0.1) / (0.25 + sigma**2)
    weight = (sigma**2 + 0.25) / (sigma * 0.5) ** 2
    expected = (weight * (denoised - rows.numpy()) ** 2).mean()
    loss = family.loss(ExactNetwork(family, 0.1, 0.5), Batch(rows, noise, times))
    assert loss.item() == pytest.approx(expected, rel=1e-3)


def test_the_loss_of_vp_is_that_of_its_column() -> None:
    family = Edm(preconditioning="vp")
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    times = torch.from_numpy(draws.random(64))
    vp_time = 1e-5 + (1 - 1e-5) * times.numpy()[:, None]
    sigma = np.sqrt(np.exp(19.9 * vp_time**2 / 2 + 0.1 * vp_time) - 1)
    noisy = rows.numpy() + sigma * noise.numpy()
    denoised = (0.25 * noisy + sigma**2 * 0.1) / (0.25 + sigma**2)
    expected = ((denoised - rows.numpy()) ** 2 / sigma**2).mean()
    loss = family.loss(ExactNetwork(family, 0.1, 0.5), Batch(rows, noise, times))
    assert loss.item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("preconditioning", ["edm", "vp"])
def test_it_learns_the_mean_and_spread_of_points(
    training_set: Callable[[np.ndarray], TrainingSet], preconditioning: Column
) -> None:
    rows = np.random.default_rng(0).normal([1.0, -0.5], [0.3, 1.0], (2000, 2)).astype(np.float32)
    family = Edm(width=64, preconditioning=preconditioning)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    result = family.fit(training_set(rows), family.initial((2,), SEED_0), range(800), train, SEED_0)
    samples = family.sample(result.state, 0, 2000, Sample(), SEED_0)[0]
    np.testing.assert_allclose(samples.mean(axis=0), [1.0, -0.5], atol=0.12)
    np.testing.assert_allclose(samples.std(axis=0), [0.3, 1.0], rtol=0.2)


def test_points_are_scaled_to_the_spread_that_the_preconditioning_assumes() -> None:
    wide, plain = Edm(sigma_data=2.0), Edm()
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    times = torch.from_numpy(draws.random(64))
    network = ExactNetwork(plain, 0.1, 0.5)
    wide_loss = wide.loss(network, Batch(4 * rows, noise, times))
    plain_loss = plain.loss(network, Batch(rows, noise, times))
    assert wide_loss.item() == pytest.approx(plain_loss.item())
    latents = noise[:4, :1]
    wide_rows, plain_rows = (family.sampler(Sample(steps=5))(network, latents) for family in (wide, plain))
    assert torch.allclose(wide_rows, 4 * plain_rows)
    with pytest.raises(InputError, match=r"model\.sigma_data: goes with network: mlp"):
        Edm(network="unet", sigma_data=2.0)
