import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm
from torch import nn

from raysc.errors import InputError
from raysc.models.diffusion.edm import Edm
from raysc.models.diffusion.preconditioning import PRECONDITIONINGS, ladder
from raysc.models.training.batches import Batch
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

SEED_0 = Streams((0,), 0)
SIGMA = torch.tensor([0.002, 0.1, 0.5, 1.0, 7.0, 80.0])


def test_the_edm_column_of_table_1():
    skip, out, into, told = (c.numpy() for c in PRECONDITIONINGS["edm"].coefficients(SIGMA))
    sigma = SIGMA.double().numpy()
    np.testing.assert_allclose(skip, 0.25 / (sigma**2 + 0.25), rtol=1e-5)
    np.testing.assert_allclose(out, sigma * 0.5 / np.sqrt(0.25 + sigma**2), rtol=1e-5)
    np.testing.assert_allclose(into, 1 / np.sqrt(sigma**2 + 0.25), rtol=1e-5)
    np.testing.assert_allclose(told, 0.25 * np.log(sigma), rtol=1e-4, atol=1e-6)
    weight = PRECONDITIONINGS["edm"].weight(SIGMA)
    np.testing.assert_allclose(weight, (sigma**2 + 0.25) / (sigma * 0.5) ** 2, rtol=1e-5)
    # What all of this is for: the error of the network itself counts the same at every level.
    np.testing.assert_allclose(weight.numpy() * out**2, 1, rtol=1e-4)


def test_the_vp_column_of_table_1():
    vp = PRECONDITIONINGS["vp"]
    skip, out, into, told = (c.double().numpy() for c in vp.coefficients(SIGMA))
    sigma = SIGMA.double().numpy()
    np.testing.assert_allclose(skip, 1)
    np.testing.assert_allclose(out, -sigma)
    np.testing.assert_allclose(into, 1 / np.sqrt(sigma**2 + 1), rtol=1e-5)
    # c_noise is 999 times the time at which exp(19.9 t^2 / 2 + 0.1 t) - 1 is sigma^2.
    time = told / 999
    np.testing.assert_allclose(np.sqrt(np.expm1(0.5 * 19.9 * time**2 + 0.1 * time)), sigma, rtol=1e-4)
    np.testing.assert_allclose(vp.weight(SIGMA), 1 / sigma**2, rtol=1e-5)


def test_training_draws_the_levels_of_table_1():
    uniform = torch.from_numpy(np.random.default_rng(0).random(20000, dtype=np.float32))
    logs = PRECONDITIONINGS["edm"].drawn(uniform).log().numpy()
    assert kstest(logs, norm(-1.2, 1.2).cdf).pvalue > 0.01
    times = PRECONDITIONINGS["vp"].time(PRECONDITIONINGS["vp"].drawn(uniform)).numpy()
    assert kstest(times, "uniform").pvalue > 0.01
    ends = torch.tensor([0.0, 1 - 2**-24])
    for one in PRECONDITIONINGS.values():
        assert one.drawn(ends).isfinite().all()
        assert (one.drawn(ends) > 0).all()


def test_the_levels_of_sampling_are_those_of_equation_5():
    levels = np.array(ladder(18))
    index = np.arange(18)
    expected = (80 ** (1 / 7) + index / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(levels[:-1], expected, rtol=1e-10)
    assert levels[-1] == 0


class Exact(nn.Module):
    """The network whose denoiser is the exact one for rows from N(mean, std^2); counts how often it is asked."""

    def __init__(self, family, mean, std):
        super().__init__()
        self.family, self.mean, self.std, self.asked = family, mean, std, 0

    def forward(self, scaled, told):
        self.asked += 1
        sigma = self.sigma(told)[:, None]
        coefficients = PRECONDITIONINGS[self.family.preconditioning].coefficients(sigma[:, 0])
        skip, out, into = (c[:, None] for c in coefficients[:3])
        noisy = scaled / into
        clean = (self.std**2 * noisy + sigma**2 * self.mean) / (self.std**2 + sigma**2)
        return (clean - skip * noisy) / out

    def sigma(self, told):
        if self.family.preconditioning == "edm":
            return (4 * told).exp()
        time = told.double() / 999
        return (9.95 * time**2 + 0.1 * time).expm1().sqrt()


def algorithm_1(latents, steps):
    """The paper's pseudocode with the exact denoiser of N(0.3, 0.5^2)."""
    t = [(80 ** (1 / 7) + i / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(steps)] + [0.0]
    x = latents * t[0]

    def d(x, t):
        return (x - (0.25 * x + t**2 * 0.3) / (0.25 + t**2)) / t

    for i in range(steps):
        slope = d(x, t[i])
        ahead = x + (t[i + 1] - t[i]) * slope
        if t[i + 1] != 0:
            ahead = x + (t[i + 1] - t[i]) * (slope / 2 + d(ahead, t[i + 1]) / 2)
        x = ahead
    return x


@pytest.mark.parametrize("preconditioning", ["edm", "vp"])
@pytest.mark.parametrize(("steps", "evaluations"), [(18, 35), (40, 79)])
def test_heun_carries_noise_to_the_data_in_the_papers_evaluations(preconditioning, steps, evaluations):
    family = Edm(preconditioning=preconditioning)
    network = Exact(family, 0.3, 0.5)
    latents = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    rows = family.heun(network, latents, steps)
    assert network.asked == evaluations
    np.testing.assert_allclose(rows, algorithm_1(latents.numpy(), steps), rtol=1e-3, atol=1e-4)
    # The exact flow scales what is left around the mean by std / sqrt(std^2 + 80^2); the method is of second order.
    exact = 0.3 + (80 * latents - 0.3) * 0.5 / np.sqrt(0.25 + 6400)
    assert (rows - exact).abs().max() < 25 / steps**2


def test_the_loss_is_the_weighted_error_of_the_denoiser():
    family = Edm()
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    times = torch.from_numpy(draws.random(64))
    sigma = np.exp(-1.2 + 1.2 * norm.ppf(times.numpy()))[:, None]
    noisy = rows.numpy() + sigma * noise.numpy()
    clean = (0.25 * noisy + sigma**2 * 0.1) / (0.25 + sigma**2)
    weight = (sigma**2 + 0.25) / (sigma * 0.5) ** 2
    expected = (weight * (clean - rows.numpy()) ** 2).mean()
    assert family.loss(Exact(family, 0.1, 0.5), Batch(rows, noise, times)).item() == pytest.approx(expected, rel=1e-3)


def test_the_loss_of_vp_is_that_of_its_column():
    family = Edm(preconditioning="vp")
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    uniform = torch.from_numpy(draws.random(64))
    time = 1e-5 + (1 - 1e-5) * uniform.numpy()[:, None]
    sigma = np.sqrt(np.exp(19.9 * time**2 / 2 + 0.1 * time) - 1)
    noisy = rows.numpy() + sigma * noise.numpy()
    clean = (0.25 * noisy + sigma**2 * 0.1) / (0.25 + sigma**2)
    expected = ((clean - rows.numpy()) ** 2 / sigma**2).mean()
    assert family.loss(Exact(family, 0.1, 0.5), Batch(rows, noise, uniform)).item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("preconditioning", ["edm", "vp"])
def test_it_learns_the_mean_and_spread_of_points(training_set, preconditioning):
    rows = np.random.default_rng(0).normal([1.0, -0.5], [0.3, 1.0], (2000, 2)).astype(np.float32)
    family = Edm(width=64, preconditioning=preconditioning)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    fitted = family.fit(training_set(rows), family.initial((2,), SEED_0), range(800), train, SEED_0)
    drawn = family.sample(fitted.state, 0, 2000, Sample(), SEED_0)[0]
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -0.5], atol=0.12)
    np.testing.assert_allclose(drawn.std(axis=0), [0.3, 1.0], rtol=0.2)


def test_points_are_scaled_to_the_spread_that_it_is_made_for():
    wide, plain = Edm(sigma_data=2.0), Edm()
    draws = np.random.default_rng(0)
    rows, noise = (torch.from_numpy(draws.standard_normal((64, 3))) for _ in range(2))
    times = torch.from_numpy(draws.random(64))
    losses = [
        one.loss(Exact(plain, 0.1, 0.5), Batch(given, noise, times)) for one, given in ((wide, 4 * rows), (plain, rows))
    ]
    assert losses[0].item() == pytest.approx(losses[1].item())
    latents = noise[:4, :1]
    assert torch.allclose(
        wide.heun(Exact(plain, 0.1, 0.5), latents, 5), 4 * plain.heun(Exact(plain, 0.1, 0.5), latents, 5)
    )
    with pytest.raises(InputError, match=r"model\.sigma_data: goes with network: mlp"):
        Edm(network="unet", sigma_data=2.0)
