import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from torch import Tensor, nn

from raysc.models.diffusion.ddim import ddim
from raysc.models.diffusion.noise_schedule import LINEAR, Betas, compute_alphas_cumprod, compute_timesteps


class SmoothNetwork(nn.Module):
    """A smooth function of rows and times in place of a network."""

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        return torch.tanh(rows * (1 + times.view(-1, *[1] * (rows.ndim - 1)) / 1000))


class GaussianNoise(nn.Module):
    """The exact network for data N(mean, std^2): the expected noise given a noisy row."""

    def __init__(self, mean: float, std: float, betas: Betas = "linear") -> None:
        super().__init__()
        self.mean, self.std, self.alphas_cumprod = mean, std, compute_alphas_cumprod(betas)

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        alpha_prod_t = self.alphas_cumprod[times.long()][:, None]
        variance = alpha_prod_t * self.std**2 + 1 - alpha_prod_t
        return (1 - alpha_prod_t).sqrt() * (rows - alpha_prod_t.sqrt() * self.mean) / variance


@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 4, 4)])
def test_ddim_takes_the_steps_of_diffusers_scheduler(steps: int, shape: tuple[int, ...]) -> None:
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))
    scheduler = DDIMScheduler(**LINEAR, timestep_spacing="trailing", clip_sample=len(shape) == 4)
    scheduler.set_timesteps(steps)
    x_t, network = latents, SmoothNetwork()
    for timestep in scheduler.timesteps:
        x_t = scheduler.step(network(x_t, torch.full((3,), float(timestep))), timestep, x_t).prev_sample
    assert torch.allclose(ddim(network, latents, compute_timesteps(steps, "even"), "linear"), x_t, atol=1e-5)


def test_rederived_noise_is_that_of_diffusers_with_the_clipped_model_output() -> None:
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 1, 4, 4), dtype=np.float32))
    scheduler = DDIMScheduler(**LINEAR, timestep_spacing="trailing")
    scheduler.set_timesteps(10)
    x_t, network = latents, SmoothNetwork()
    for timestep in scheduler.timesteps:
        model_output = network(x_t, torch.full((3,), float(timestep)))
        x_t = scheduler.step(model_output, timestep, x_t, use_clipped_model_output=True).prev_sample
    timesteps = compute_timesteps(10, "even")
    rederived = ddim(network, latents, timesteps, "linear", "rederived")
    assert torch.allclose(rederived, x_t, atol=1e-5)
    assert not torch.allclose(rederived, ddim(network, latents, timesteps, "linear"), atol=1e-3)


def test_a_timestep_that_is_taken_twice_changes_nothing() -> None:
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 1, 4, 4), dtype=np.float32))
    single, double = (ddim(SmoothNetwork(), latents, steps, "linear", "rederived") for steps in ([800, 9], [800, 9, 9]))
    assert torch.allclose(single, double, atol=1e-5)


@pytest.mark.parametrize("steps", [300, 700])
def test_numbers_of_steps_that_do_not_divide_the_timesteps_reach_the_data_too(steps: int) -> None:
    latents = torch.linspace(-2, 2, 9)[:, None]
    rows = ddim(GaussianNoise(1.5, 0.5), latents, compute_timesteps(steps, "even"), "linear")
    assert torch.allclose(rows, 1.5 + 0.5 * latents, atol=0.05)


@pytest.mark.parametrize("betas", ["linear", "cosine"])
def test_quadratic_timesteps_reach_the_data(betas: Betas) -> None:
    # At timestep 800, where they begin, a little of the row remains: independent latents end slightly off.
    latents = torch.linspace(-2, 2, 9)[:, None]
    rows = ddim(GaussianNoise(0.2, 0.5, betas), latents, compute_timesteps(200, "quadratic"), betas)
    assert torch.allclose(rows, 0.2 + 0.5 * latents, atol=0.12)
