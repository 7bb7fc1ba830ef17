"""Learned variance of iDDPM: its term of the hybrid loss (Nichol and Dhariwal 2021)."""

from math import log

import torch
from torch import Tensor

BOUND_WEIGHT = 1.0
"""Weight of the bound at one timestep: lambda = 0.001 of equation 16, times the 1000 timesteps that it samples."""
HALF_PIXEL = 1 / 255
"""Half the distance of neighbouring pixel values in [-1, 1]."""


def variational_bound_term(
    alphas_cumprod: Tensor, timesteps: Tensor, x_0: Tensor, x_t: Tensor, noise: Tensor, v: Tensor
) -> Tensor:
    """Compute the variational bound's term at one timestep per row, in bits per value: the mean of a batch, a scalar.

    Args:
        alphas_cumprod: alpha-bar of all timesteps, (timesteps,).
        timesteps: timestep of each row, int64 (batch,).
        x_0: rows without noise, in [-1, 1], (batch, *event).
        x_t: rows with the noise of their timestep, (batch, *event).
        noise: the predicted noise. It gets no gradient, as in the paper: the simple loss alone trains it.
        v: network output in [-1, 1] that interpolates the log variance between its bounds, beta-tilde (-1) and
            beta (1); v of equation 15 is (v + 1) / 2.
    """
    alphas_cumprod_prev = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
    betas = 1 - alphas_cumprod / alphas_cumprod_prev
    posterior_variance = betas * (1 - alphas_cumprod_prev) / (1 - alphas_cumprod)
    # beta-tilde is 0 at timestep 0; the value of timestep 1 replaces it.
    posterior_log_variance_clipped = torch.cat([posterior_variance[1:2], posterior_variance[1:]]).log()

    def extract(values: Tensor) -> Tensor:
        """Return the values of the rows' timesteps, (batch, 1, ...)."""
        return values[timesteps].view(-1, *[1] * (x_0.ndim - 1))

    def posterior_mean(x_0: Tensor) -> Tensor:
        """Return the mean of x_{t-1} given x_t and x_0 (Ho et al. 2020, equation 7)."""
        x_0_coefficient = extract(betas) * extract(alphas_cumprod_prev).sqrt() / (1 - extract(alphas_cumprod))
        x_t_coefficient = (
            (1 - extract(alphas_cumprod_prev)) * (1 - extract(betas)).sqrt() / (1 - extract(alphas_cumprod))
        )
        return x_0_coefficient * x_0 + x_t_coefficient * x_t

    pred_x_0 = (x_t - (1 - extract(alphas_cumprod)).sqrt() * noise.detach()) / extract(alphas_cumprod).sqrt()
    mean, fraction = posterior_mean(pred_x_0), (v + 1) / 2
    log_variance = fraction * extract(betas).log() + (1 - fraction) * extract(posterior_log_variance_clipped)
    squares = (posterior_mean(x_0) - mean) ** 2 + extract(posterior_log_variance_clipped).exp()
    kl = 0.5 * (log_variance - extract(posterior_log_variance_clipped) + squares * (-log_variance).exp() - 1)
    decoder_nll = -_discretized_log_likelihood(x_0, mean, log_variance)
    terms = torch.where(timesteps.view(-1, *[1] * (x_0.ndim - 1)) == 0, decoder_nll, kl)
    return terms.mean() / log(2)


def _discretized_log_likelihood(x_0: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Compute log probabilities of pixel values, each an interval, under a normal (Ho et al. 2020, equation 13)."""
    std = (0.5 * log_variance).exp()
    upper = torch.special.ndtr((x_0 + HALF_PIXEL - mean) / std)
    lower = torch.special.ndtr((x_0 - HALF_PIXEL - mean) / std)
    upper = torch.where(x_0 > 0.999, torch.ones_like(upper), upper)
    lower = torch.where(x_0 < -0.999, torch.zeros_like(lower), lower)
    return (upper - lower).clamp(min=1e-12).log()
