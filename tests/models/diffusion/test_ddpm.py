import itertools

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from torch import nn
from torch.distributions import Normal, kl_divergence

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import COSINE, LINEAR, Ddpm, ddim
from raysc.models.diffusion.learned_variance import variational_bound
from raysc.models.diffusion.noise_schedule import signal_kept, visited
from raysc.models.training.batches import Batch
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

SEED_0 = Streams((0,), 0)


class Shrink(nn.Module):
    """Some smooth function in the place of a network."""

    def forward(self, rows, times):
        return torch.tanh(rows * (1 + times.view(-1, *[1] * (rows.ndim - 1)) / 1000))


class Gaussian(nn.Module):
    """The exact answer for data N(mean, std^2): the expected noise given a noisy row."""

    def __init__(self, mean, std, betas="linear"):
        super().__init__()
        self.mean, self.std, self.kept = mean, std, signal_kept(betas)

    def forward(self, rows, times):
        kept = self.kept[times.long()][:, None]
        return (1 - kept).sqrt() * (rows - kept.sqrt() * self.mean) / (kept * self.std**2 + 1 - kept)


@pytest.mark.parametrize(("betas", "schedule"), [("linear", LINEAR), ("cosine", COSINE)])
def test_the_noise_schedules_are_those_of_diffusers(betas, schedule):
    assert torch.allclose(signal_kept(betas), DDIMScheduler(**schedule).alphas_cumprod, rtol=1e-4, atol=1e-9)


def test_the_cosine_schedule_is_that_of_the_formula():
    time = np.arange(1, 1001) / 1000
    kept = np.cos((time + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(signal_kept("cosine")[:-1], kept[:-1], rtol=1e-4, atol=1e-7)
    assert 0 < signal_kept("cosine")[-1] < 1e-5  # the formula's 0 is kept away by the largest beta


def test_quadratic_spacing_visits_the_squares_of_even_strides_up_to_level_800():
    assert visited(5, "quadratic") == [800, 450, 200, 50, 0]
    levels = visited(100, "quadratic")
    assert levels[:3] == [800, 783, 768]
    assert levels[-3:] == [2, 1, 0]
    assert all(before > after for before, after in itertools.pairwise(levels))
    roots = np.sqrt(np.array(levels[:60]))
    assert np.abs(-np.diff(roots) - 800**0.5 / 99).max() < 0.05


@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 4, 4)])
def test_ddim_takes_the_steps_of_diffusers_scheduler(steps, shape):
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))
    scheduler = DDIMScheduler(**LINEAR, timestep_spacing="trailing", clip_sample=len(shape) == 4)
    scheduler.set_timesteps(steps)
    values, network = latents, Shrink()
    for time in scheduler.timesteps:
        values = scheduler.step(network(values, torch.full((3,), float(time))), time, values).prev_sample
    assert torch.allclose(ddim(network, latents, visited(steps, "even"), "linear"), values, atol=1e-5)


@pytest.mark.parametrize("steps", [300, 700])
def test_numbers_of_steps_that_do_not_divide_the_levels_reach_the_data_too(steps):
    latents = torch.linspace(-2, 2, 9)[:, None]
    rows = ddim(Gaussian(1.5, 0.5), latents, visited(steps, "even"), "linear")
    assert torch.allclose(rows, 1.5 + 0.5 * latents, atol=0.05)


def test_it_learns_the_mean_and_spread_of_points(training_set):
    rows = np.random.default_rng(0).normal([1.0, -0.5], [0.3, 1.0], (2000, 2)).astype(np.float32)
    family = Ddpm(width=64)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    fitted = family.fit(training_set(rows), family.initial((2,), SEED_0), range(800), train, SEED_0)
    drawn = family.sample(fitted.state, 0, 2000, Sample(), SEED_0)[0]
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -0.5], atol=0.12)
    np.testing.assert_allclose(drawn.std(axis=0), [0.3, 1.0], rtol=0.2)


@pytest.mark.parametrize("betas", ["linear", "cosine"])
def test_quadratic_steps_reach_the_data(betas):
    # They begin at level 800, where a little of the row is left: latents that know nothing of it end a little off.
    latents = torch.linspace(-2, 2, 9)[:, None]
    rows = ddim(Gaussian(0.2, 0.5, betas), latents, visited(200, "quadratic"), betas)
    assert torch.allclose(rows, 0.2 + 0.5 * latents, atol=0.12)


def exact_bound(kept, level, rows, noisy, noise, between):
    """One level's term by torch.distributions, in bits per value."""
    posterior = DDPMScheduler(**LINEAR)
    betas, alphas = posterior.betas.double(), posterior.alphas.double()
    before = torch.cat([torch.ones(1, dtype=torch.float64), kept.double()])
    told = []
    for t, x, z, e, v in zip(level.tolist(), rows, noisy, noise, between, strict=True):
        now, then, beta = before[t + 1], before[t], betas[t]
        tilde = beta * (1 - then) / (1 - now) if t else betas[1] * (1 - before[1]) / (1 - before[2])

        def mean(clean, now=now, then=then, beta=beta, t=t, z=z):
            return then.sqrt() * beta / (1 - now) * clean + alphas[t].sqrt() * (1 - then) / (1 - now) * z

        share = (v + 1) / 2
        deviation = torch.exp(0.5 * (share * beta.log() + (1 - share) * tilde.log()))
        model = Normal(mean((z - (1 - now).sqrt() * e) / now.sqrt()), deviation)
        if t:
            told.append(kl_divergence(Normal(mean(x), tilde.sqrt()), model).mean())
        else:
            told.append(-(model.cdf(x + 1 / 255) - model.cdf(x - 1 / 255)).clamp(min=1e-12).log().mean())
    return torch.stack(told).mean() / np.log(2)


def test_the_learned_variance_adds_the_variational_bound():
    draws = np.random.default_rng(0)
    level = torch.tensor([0, 1, 2, 40, 999])
    rows = torch.from_numpy(draws.uniform(-0.9, 0.9, (5, 1, 2, 2)))
    noise, told = (torch.from_numpy(draws.standard_normal((5, 1, 2, 2))) for _ in range(2))
    between = torch.from_numpy(draws.uniform(-1, 1, (5, 1, 2, 2)))
    kept = signal_kept("linear").double()
    own = kept[level].view(-1, 1, 1, 1)
    noisy = own.sqrt() * rows + (1 - own).sqrt() * noise
    told[0] = noise[0]  # else no pixel is likely at all
    found = variational_bound(kept, level, rows, noisy, told, between)
    assert found.item() == pytest.approx(exact_bound(kept, level, rows, noisy, told, between).item(), rel=1e-3)
    least = variational_bound(kept, level[1:], rows[1:], noisy[1:], noise[1:], -torch.ones(4, 1, 2, 2))
    assert abs(least.item()) < 1e-6


def test_the_hybrid_loss_adds_a_thousandth_of_the_whole_bound_and_leaves_the_noise_to_the_plain_loss():
    family, draws = Ddpm(network="unet", channels=8, variance="learned"), np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.uniform(-0.9, 0.9, (6, 1, 2, 2))) for _ in range(2))
    level = torch.tensor([0, 1, 5, 100, 500, 999])
    told = torch.from_numpy(draws.uniform(-1, 1, (6, 2, 2, 2))).requires_grad_()
    batch = Batch(rows, noise, (level + 0.5) / 1000)
    found = family._loss(lambda noisy, times: told, batch)
    kept = signal_kept("linear")
    own = kept[level].view(-1, 1, 1, 1)
    noisy = own.sqrt() * rows + (1 - own).sqrt() * noise
    plain = ((told[:, :1] - noise) ** 2).mean()
    # the bound of all 1000 levels is 1000 times that of the ones that a batch has
    bound = 1000 * variational_bound(kept, level, rows, noisy, told[:, :1].detach(), told[:, 1:])
    assert found.item() == pytest.approx((plain + 0.001 * bound).item(), rel=1e-6)
    (gradient,) = torch.autograd.grad(found, told)
    assert torch.allclose(gradient[:, :1], 2 * (told[:, :1] - noise) / noise.numel())
    assert gradient[:, 1:].abs().max() > 0


def test_iddpm_trains_samples_and_is_saved_for_diffusers(digits, tmp_path):
    family = Ddpm(network="unet", channels=8, betas="cosine", variance="learned")
    start = family.initial((1, 8, 8), SEED_0)
    early = family.fit(digits, start, range(10), Train(batch=16), SEED_0)
    late = family.fit(digits, early.state, range(10, 60), Train(batch=16), SEED_0)
    assert late.loss < 0.7 * early.loss
    family.save(late.state, tmp_path, training_state=False)
    back = family.load(tmp_path)
    sample = Sample(steps=4, spacing="quadratic")
    rows = family.sample(back, 0, 3, sample, SEED_0)
    assert rows.shape == (1, 3, 1, 8, 8)
    np.testing.assert_array_equal(rows, family.sample(late.state, 0, 3, sample, SEED_0))
    from diffusers import DDPMPipeline  # the schemas it needs were declared when the network was built

    pipeline = DDPMPipeline.from_pretrained(tmp_path)
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline.scheduler.config.variance_type == "learned_range"
    assert pipeline(num_inference_steps=2, output_type="np").images.shape == (1, 8, 8, 1)
    with pytest.raises(InputError, match="its U-Net tells the variance too, but this family has variance: fixed"):
        Ddpm(network="unet", channels=8, betas="cosine").load(tmp_path)


def test_a_learned_variance_needs_a_unet():
    with pytest.raises(InputError, match=r"model\.variance: learned goes with network: unet"):
        Ddpm(variance="learned")
