"""Ancestral sampling of DDPM: the papers' steps, noise that belongs to the block, and the data at the end."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm
from torch import nn

from raysc.datasets.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.modes.modes_covered import ModesCovered
from raysc.metrics.modes.off_mode_mass import OffModeMass
from raysc.models.diffusion.ancestral import ancestral
from raysc.models.diffusion.ddpm import COSINE, LINEAR, Ddpm
from raysc.models.diffusion.noise_schedule import visited
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
FEW = Sample(sampler="ancestral", steps=5)


def source(seed=0):
    return [torch.Generator().manual_seed(seed)]


def kept(betas):
    """alpha-bar of all levels, by the papers' formulas in double precision."""
    if betas == "linear":
        return np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    angles = (np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2
    return np.cumprod(1 - np.minimum(1 - np.cos(angles[1:]) ** 2 / np.cos(angles[:-1]) ** 2, 0.999))


class Told(nn.Module):
    """Some smooth function in the place of a network, with a variance beside the noise if that is learned."""

    def __init__(self, learned):
        super().__init__()
        self.learned = learned

    def forward(self, rows, times):
        noise = torch.tanh(rows * (1 + times.view(-1, *[1] * (rows.ndim - 1)) / 1000))
        return torch.cat([noise, torch.sin(3 * rows)], dim=1) if self.learned else noise


@pytest.mark.parametrize("learned", [False, True], ids=["fixed", "learned"])
@pytest.mark.parametrize(("betas", "schedule"), [("linear", LINEAR), ("cosine", COSINE)])
@pytest.mark.parametrize("levels", [[2, 1, 0], [700, 300, 19]])
def test_steps_are_draws_from_the_papers_distributions(betas, schedule, levels, learned):
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 2, 4, 4), dtype=np.float32))
    schedule = {**schedule, "variance_type": "learned_range"} if learned else schedule
    found = ancestral(Told(learned), latents, levels, schedule, source())

    generator, network, values = source()[0], Told(learned), latents.double().numpy()
    signal = [*kept(betas)[levels], 1.0]
    for step, level in enumerate(levels):
        told = network(torch.from_numpy(values), torch.full((3,), float(level))).numpy()
        noise, now, then = told[:, :2], signal[step], signal[step + 1]
        clean = np.clip((values - np.sqrt(1 - now) * noise) / np.sqrt(now), -1, 1)
        beta = 1 - now / then
        if step + 1 == len(levels):
            break
        mean = np.sqrt(then) * beta / (1 - now) * clean + np.sqrt(now / then) * (1 - then) / (1 - now) * values
        log_variance = np.log(beta * (1 - then) / (1 - now))
        if learned:
            share = (told[:, 2:] + 1) / 2
            log_variance = share * np.log(beta) + (1 - share) * log_variance
        values = mean + np.exp(log_variance / 2) * torch.randn(latents.shape, generator=generator).double().numpy()
    np.testing.assert_allclose(found, clean, atol=2e-3)
    assert not np.allclose(found, latents, atol=0.1)


class Gaussian(nn.Module):
    """The exact answer for data N(mean, std^2): the expected noise given a noisy row."""

    def __init__(self, mean, std):
        super().__init__()
        self.mean, self.std, self.kept = mean, std, torch.from_numpy(kept("linear")).float()

    def forward(self, rows, times):
        now = self.kept[times.long()][:, None]
        return (1 - now).sqrt() * (rows - now.sqrt() * self.mean) / (now * self.std**2 + 1 - now)


@pytest.mark.parametrize("steps", [1000, 300])
def test_exact_networks_reach_the_data(steps):
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((4000, 1), dtype=np.float32))
    rows = ancestral(Gaussian(1.5, 0.5), latents, visited(steps, "even"), LINEAR, source())[:, 0]
    assert kstest(rows.numpy(), norm(1.5, 0.5).cdf).pvalue > 0.01
    # nothing of the latents is left
    assert abs(np.corrcoef(rows, latents[:, 0])[0, 1]) < 0.05


def test_it_draws_all_eight_gaussians_of_every_seed_of_a_pack():
    data, streams = EightGaussians(rows=8000), Streams((0, 1), 0)
    rows, family = data.train(streams.seeds), Ddpm(width=64)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    train = Train(batch=256, lr=3e-3, schedule="cosine", ema=Ema(half_life=30))
    state = family.fit(training_set, family.initial((2,), streams), range(600), train, streams).state
    sample = Sample(sampler="ancestral", steps=60)
    drawn = family.sample(state, 0, 2048, sample, streams)
    found = measure([ModesCovered(), OffModeMass()], drawn, Real("points", rows, data.test(), data=data))
    assert found["modes_covered"].tolist() == [8, 8]
    assert found["off_mode_mass"].max() < 0.15
    assert not np.allclose(drawn, family.sample(state, 0, 2048, Sample(steps=100), streams))


@pytest.mark.parametrize(
    ("family", "event"),
    [(Ddpm(width=16), (2,)), (Ddpm(width=16), IMAGE), (Ddpm(network="unet", channels=8, variance="learned"), IMAGE)],
    ids=["points", "mlp", "unet"],
)
def test_the_noise_is_that_of_the_block_of_seed_and_generation(family, event):
    state = family.initial(event, SEED_0)
    whole = family.sample(state, 0, 260, FEW, SEED_0)
    assert whole.shape == (1, 260, *event)
    np.testing.assert_array_equal(family.sample(state, 250, 10, FEW, SEED_0), whole[:, 250:])
    assert not np.array_equal(family.sample(state, 0, 4, FEW, NEXT), whole[:, :4])
    repeated = FEW.model_copy(update={"latents": "repeated"})
    np.testing.assert_array_equal(family.sample(state, 0, 4, repeated, NEXT), whole[:, :4])


def test_seeds_of_a_pack_draw_what_they_draw_alone():
    family = Ddpm(width=16)
    pack = family.sample(family.initial((2,), Streams((3, 5), 2)), 0, 8, FEW, Streams((3, 5), 2))
    for number, seed in enumerate((3, 5)):
        alone = Streams((seed,), 2)
        drawn = family.sample(family.initial((2,), alone), 0, 8, FEW, alone)
        np.testing.assert_allclose(drawn[0], pack[number], rtol=1e-4, atol=1e-5)


def test_ddim_is_the_default_and_may_be_named():
    family = Ddpm(width=16)
    state = family.initial((2,), SEED_0)
    named = family.sample(state, 0, 4, Sample(sampler="ddim"), SEED_0)
    np.testing.assert_array_equal(named, family.sample(state, 0, 4, Sample(), SEED_0))


def test_samplers_of_other_families_are_refused():
    with pytest.raises(InputError, match=r"sample\.sampler: ddpm takes ddim or ancestral, not heun"):
        Ddpm().check_settings((2,), Train(), Sample(sampler="heun"))
    with pytest.raises(InputError, match=r"sample\.sampler: flow_matching takes .*, not ancestral"):
        FlowMatching().check_settings((2,), Train(), FEW)
