import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from raysc.models.diffusion.learned_variance import variational_bound_term
from raysc.models.diffusion.noise_schedule import LINEAR, compute_alphas_cumprod


def exact_bound_term(
    alphas_cumprod: Tensor, timesteps: Tensor, x_0: Tensor, x_t: Tensor, noise: Tensor, v: Tensor
) -> Tensor:
    """Compute the term by torch.distributions, in bits per value."""
    scheduler = DDPMScheduler(**LINEAR)
    all_betas, all_alphas = scheduler.betas.double(), scheduler.alphas.double()
    alpha_bars = torch.cat([torch.ones(1, dtype=torch.float64), alphas_cumprod.double()])
    terms = []
    for t, x, z, e, row_v in zip(timesteps.tolist(), x_0, x_t, noise, v, strict=True):
        alpha_bar, alpha_bar_prev, beta, alpha = alpha_bars[t + 1], alpha_bars[t], all_betas[t], all_alphas[t]
        if t:
            beta_tilde = beta * (1 - alpha_bar_prev) / (1 - alpha_bar)
        else:
            beta_tilde = all_betas[1] * (1 - alpha_bars[1]) / (1 - alpha_bars[2])

        x_0_coefficient = alpha_bar_prev.sqrt() * beta / (1 - alpha_bar)
        x_t_coefficient = alpha.sqrt() * (1 - alpha_bar_prev) / (1 - alpha_bar)
        fraction = (row_v + 1) / 2
        std = torch.exp(0.5 * (fraction * beta.log() + (1 - fraction) * beta_tilde.log()))
        pred_x_0 = (z - (1 - alpha_bar).sqrt() * e) / alpha_bar.sqrt()
        model = Normal(x_0_coefficient * pred_x_0 + x_t_coefficient * z, std)
        if t:
            posterior = Normal(x_0_coefficient * x + x_t_coefficient * z, beta_tilde.sqrt())
            terms.append(kl_divergence(posterior, model).mean())
        else:
            terms.append(-(model.cdf(x + 1 / 255) - model.cdf(x - 1 / 255)).clamp(min=1e-12).log().mean())
    mean: Tensor = torch.stack(terms).mean() / np.log(2)
    return mean


def test_the_term_is_that_of_the_distributions_and_zero_for_the_exact_noise_and_variance() -> None:
    draws = np.random.default_rng(0)
    timesteps = torch.tensor([0, 1, 2, 40, 999])
    x_0 = torch.from_numpy(draws.uniform(-0.9, 0.9, (5, 1, 2, 2)))
    noise, predicted = (torch.from_numpy(draws.standard_normal((5, 1, 2, 2))) for _ in range(2))
    v = torch.from_numpy(draws.uniform(-1, 1, (5, 1, 2, 2)))
    alphas_cumprod = compute_alphas_cumprod("linear").double()
    alpha_prod_t = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    x_t = alpha_prod_t.sqrt() * x_0 + (1 - alpha_prod_t).sqrt() * noise
    predicted[0] = noise[0]  # with a wrong prediction at timestep 0 all pixels have probability 0
    term = variational_bound_term(alphas_cumprod, timesteps, x_0, x_t, predicted, v)
    expected = exact_bound_term(alphas_cumprod, timesteps, x_0, x_t, predicted, v)
    assert term.item() == pytest.approx(expected.item(), rel=1e-3)
    exact = variational_bound_term(alphas_cumprod, timesteps[1:], x_0[1:], x_t[1:], noise[1:], -torch.ones(4, 1, 2, 2))
    assert abs(exact.item()) < 1e-6
