"""The variance that iDDPM learns beside the noise: its part of the hybrid loss (Nichol and Dhariwal 2021)."""

from math import log

import torch
from torch import Tensor

BOUND_WEIGHT = 1.0
"""Of the bound at one level: lambda of the paper's equation 16, 0.001, times the 1000 levels that one stands for."""
HALF_A_PIXEL = 1 / 255
"""Half of the way between two neighbouring pixel values in [-1, 1]."""


def variational_bound(
    kept: Tensor, level: Tensor, rows: Tensor, noisy: Tensor, noise: Tensor, between: Tensor
) -> Tensor:
    """One level's term of the variational bound, in bits per value, the mean over a batch: a scalar.

    Args:
        kept: alpha-bar of all levels, (levels,).
        level: of each row, int64 (batch,).
        rows: without noise, in [-1, 1], (batch, *event).
        noisy: the same with the noise of their level.
        noise: as the network told it; no gradient goes to it, as in the paper: the plain loss alone trains it.
        between: where the logarithm of the variance lies between its two bounds, beta-tilde (-1) and beta (1): v of
            equation 15 is (between + 1) / 2.
    """
    axes = [1] * (rows.ndim - 1)
    before = torch.cat([kept.new_ones(1), kept[:-1]])
    betas = 1 - kept / before
    tilde = betas * (1 - before) / (1 - kept)
    # At level 0 beta-tilde is 0, so that of level 1 stands in for it.
    log_tilde = torch.cat([tilde[1:2], tilde[1:]]).log()

    def at(values: Tensor) -> Tensor:
        return values[level].view(-1, *axes)

    def mean_from(clean: Tensor) -> Tensor:
        """Mean of the level below, given rows without noise (Ho et al. 2020, equation 7)."""
        of_clean = at(betas) * at(before).sqrt() / (1 - at(kept))
        of_noisy = (1 - at(before)) * (1 - at(betas)).sqrt() / (1 - at(kept))
        return of_clean * clean + of_noisy * noisy

    clean = (noisy - (1 - at(kept)).sqrt() * noise.detach()) / at(kept).sqrt()
    mean, share = mean_from(clean), (between + 1) / 2
    log_variance = share * at(betas).log() + (1 - share) * at(log_tilde)
    apart = (mean_from(rows) - mean) ** 2 + at(log_tilde).exp()
    divergence = 0.5 * (log_variance - at(log_tilde) + apart * (-log_variance).exp() - 1)
    told = torch.where(level.view(-1, *axes) == 0, -_log_pixel(rows, mean, log_variance), divergence)
    return told.mean() / log(2)


def _log_pixel(rows: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log probability of pixel values under a normal, each the interval around it (Ho et al. 2020, equation 13)."""
    deviation = (0.5 * log_variance).exp()
    upper = torch.special.ndtr((rows + HALF_A_PIXEL - mean) / deviation)
    lower = torch.special.ndtr((rows - HALF_A_PIXEL - mean) / deviation)
    upper = torch.where(rows > 0.999, torch.ones_like(upper), upper)
    lower = torch.where(rows < -0.999, torch.zeros_like(lower), lower)
    return (upper - lower).clamp(min=1e-12).log()
