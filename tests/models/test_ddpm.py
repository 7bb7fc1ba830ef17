import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from torch import nn

from raysc.models.ddpm import SCHEDULE, SIGNAL_KEPT, Ddpm, ddim
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Sample, Train

SEED_0 = Streams((0,), 0)


class Shrink(nn.Module):
    """Some smooth function in the place of a network."""

    def forward(self, rows, times):
        return torch.tanh(rows * (1 + times.view(-1, *[1] * (rows.ndim - 1)) / 1000))


class Gaussian(nn.Module):
    """The exact answer for data N(mean, std^2): the expected noise given a noisy row."""

    def __init__(self, mean, std):
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, rows, times):
        kept = SIGNAL_KEPT[times.long()][:, None]
        return (1 - kept).sqrt() * (rows - kept.sqrt() * self.mean) / (kept * self.std**2 + 1 - kept)


def test_the_noise_schedule_is_diffusers_linear_one():
    assert torch.allclose(SIGNAL_KEPT, DDIMScheduler(**SCHEDULE).alphas_cumprod, rtol=1e-6)


@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 4, 4)])
def test_ddim_takes_the_steps_of_diffusers_scheduler(steps, shape):
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))
    scheduler = DDIMScheduler(**SCHEDULE, timestep_spacing="trailing", clip_sample=len(shape) == 4)
    scheduler.set_timesteps(steps)
    values, network = latents, Shrink()
    for time in scheduler.timesteps:
        values = scheduler.step(network(values, torch.full((3,), float(time))), time, values).prev_sample
    assert torch.allclose(ddim(network, latents, steps), values, atol=1e-5)


@pytest.mark.parametrize("steps", [300, 700])
def test_numbers_of_steps_that_do_not_divide_the_levels_reach_the_data_too(steps):
    latents = torch.linspace(-2, 2, 9)[:, None]
    rows = ddim(Gaussian(1.5, 0.5), latents, steps)
    assert torch.allclose(rows, 1.5 + 0.5 * latents, atol=0.05)


def test_it_learns_the_mean_and_spread_of_points(training_set):
    rows = np.random.default_rng(0).normal([1.0, -0.5], [0.3, 1.0], (2000, 2)).astype(np.float32)
    family = Ddpm(width=64)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    fitted = family.fit(training_set(rows), family.initial((2,), SEED_0), range(800), train, SEED_0)
    drawn = family.sample(fitted.state, 0, 2000, Sample(), SEED_0)[0]
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -0.5], atol=0.12)
    np.testing.assert_allclose(drawn.std(axis=0), [0.3, 1.0], rtol=0.2)
