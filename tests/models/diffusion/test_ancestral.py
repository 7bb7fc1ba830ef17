"""Ancestral sampling of DDPM: the papers' steps, noise that belongs to the block, and the data at the end."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm
from torch import Tensor, nn

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.modes.modes_covered import ModesCovered
from raysc.metrics.modes.off_mode_mass import OffModeMass
from raysc.models.diffusion.ancestral import ancestral
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.noise_schedule import COSINE, LINEAR, Betas, compute_timesteps
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

pytestmark = pytest.mark.slow

IMAGE = (1, 8, 8)
SEED_0, GENERATION_1 = Streams((0,), 0), Streams((0,), 1)
FIVE_STEPS = Sample(sampler="ancestral", steps=5)


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(0)]


def exact_alphas_cumprod(betas: Betas) -> np.ndarray:
    """Compute alpha-bar of all timesteps by the papers' formulas in double precision."""
    if betas == "linear":
        return np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    angles = (np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2
    return np.cumprod(1 - np.minimum(1 - np.cos(angles[1:]) ** 2 / np.cos(angles[:-1]) ** 2, 0.999))


class SmoothNetwork(nn.Module):
    """A smooth function in place of a network, with a variance output if the variance is learned."""

    def __init__(self, learned: bool) -> None:
        super().__init__()
        self.learned = learned

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        noise = torch.tanh(rows * (1 + times.view(-1, *[1] * (rows.ndim - 1)) / 1000))
        return torch.cat([noise, torch.sin(3 * rows)], dim=1) if self.learned else noise


@pytest.mark.parametrize("learned", [False, True], ids=["fixed", "learned"])
@pytest.mark.parametrize(("betas", "schedule"), [("linear", LINEAR), ("cosine", COSINE)])
@pytest.mark.parametrize("timesteps", [[2, 1, 0], [700, 300, 19]])
def test_steps_are_draws_from_the_papers_distributions(
    betas: Betas, schedule: dict[str, Any], timesteps: list[int], learned: bool
) -> None:
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 2, 4, 4), dtype=np.float32))
    schedule = {**schedule, "variance_type": "learned_range"} if learned else schedule
    rows = ancestral(SmoothNetwork(learned), latents, timesteps, schedule, generators())

    generator, network, x_t = generators()[0], SmoothNetwork(learned), latents.double().numpy()
    alpha_bars = [*exact_alphas_cumprod(betas)[timesteps], 1.0]
    for step, timestep in enumerate(timesteps):
        model_output = network(torch.from_numpy(x_t), torch.full((3,), float(timestep))).numpy()
        noise, alpha_bar, alpha_bar_prev = model_output[:, :2], alpha_bars[step], alpha_bars[step + 1]
        pred_x_0 = np.clip((x_t - np.sqrt(1 - alpha_bar) * noise) / np.sqrt(alpha_bar), -1, 1)
        beta = 1 - alpha_bar / alpha_bar_prev
        if step + 1 == len(timesteps):
            break
        x_0_coefficient = np.sqrt(alpha_bar_prev) * beta / (1 - alpha_bar)
        x_t_coefficient = np.sqrt(alpha_bar / alpha_bar_prev) * (1 - alpha_bar_prev) / (1 - alpha_bar)
        mean = x_0_coefficient * pred_x_0 + x_t_coefficient * x_t
        log_variance = np.log(beta * (1 - alpha_bar_prev) / (1 - alpha_bar))
        if learned:
            fraction = (model_output[:, 2:] + 1) / 2
            log_variance = fraction * np.log(beta) + (1 - fraction) * log_variance
        x_t = mean + np.exp(log_variance / 2) * torch.randn(latents.shape, generator=generator).double().numpy()
    np.testing.assert_allclose(rows, pred_x_0, atol=2e-3)
    assert not np.allclose(rows, latents, atol=0.1)


class GaussianNoise(nn.Module):
    """The exact network for data N(mean, std^2): the expected noise given a noisy row."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std
        self.alphas_cumprod = torch.from_numpy(exact_alphas_cumprod("linear")).float()

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        alpha_prod_t = self.alphas_cumprod[times.long()][:, None]
        variance = alpha_prod_t * self.std**2 + 1 - alpha_prod_t
        return (1 - alpha_prod_t).sqrt() * (rows - alpha_prod_t.sqrt() * self.mean) / variance


@pytest.mark.parametrize("steps", [1000, 300])
def test_exact_networks_reach_the_data(steps: int) -> None:
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((4000, 1), dtype=np.float32))
    timesteps = compute_timesteps(steps, "even")
    rows = ancestral(GaussianNoise(1.5, 0.5), latents, timesteps, LINEAR, generators())[:, 0]
    assert kstest(rows.numpy(), norm(1.5, 0.5).cdf).pvalue > 0.01
    # The rows are independent of the latents.
    assert abs(np.corrcoef(rows, latents[:, 0])[0, 1]) < 0.05


def test_it_samples_all_eight_gaussians_for_every_seed_of_a_pack() -> None:
    data, streams = EightGaussians(rows=8000), Streams((0, 1), 0)
    rows, family = data.train(streams.seeds), Ddpm(width=64)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    train = Train(batch=256, lr=3e-3, schedule="cosine", ema=Ema(half_life=30))
    state = family.fit(training_set, family.initial((2,), streams), range(600), train, streams).state
    sample = Sample(sampler="ancestral", steps=60)
    samples = family.sample(state, 0, 2048, sample, streams)
    values = measure([ModesCovered(), OffModeMass()], samples, RealSets("points", rows, data.test(), data=data))
    assert values["modes_covered"].tolist() == [8, 8]
    assert values["off_mode_mass"].max() < 0.15
    assert not np.allclose(samples, family.sample(state, 0, 2048, Sample(steps=100), streams))


@pytest.mark.parametrize(
    ("family", "event"),
    [(Ddpm(width=16), (2,)), (Ddpm(width=16), IMAGE), (Ddpm(network="unet", channels=8, variance="learned"), IMAGE)],
    ids=["points", "mlp", "unet"],
)
def test_the_noise_depends_on_block_seed_and_generation(family: Ddpm, event: tuple[int, ...]) -> None:
    state = family.initial(event, SEED_0)
    rows = family.sample(state, 0, 260, FIVE_STEPS, SEED_0)
    assert rows.shape == (1, 260, *event)
    np.testing.assert_array_equal(family.sample(state, 250, 10, FIVE_STEPS, SEED_0), rows[:, 250:])
    assert not np.array_equal(family.sample(state, 0, 4, FIVE_STEPS, GENERATION_1), rows[:, :4])
    repeated = FIVE_STEPS.model_copy(update={"latents": "repeated"})
    np.testing.assert_array_equal(family.sample(state, 0, 4, repeated, GENERATION_1), rows[:, :4])


def test_the_rows_of_a_seed_are_the_same_in_a_pack_and_alone() -> None:
    family = Ddpm(width=16)
    streams = Streams((3, 5), 2)
    pack_rows = family.sample(family.initial((2,), streams), 0, 8, FIVE_STEPS, streams)
    for number, seed in enumerate((3, 5)):
        streams = Streams((seed,), 2)
        rows = family.sample(family.initial((2,), streams), 0, 8, FIVE_STEPS, streams)
        np.testing.assert_allclose(rows[0], pack_rows[number], rtol=1e-4, atol=1e-5)
