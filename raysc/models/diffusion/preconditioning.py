"""Preconditioning of EDM's network: Table 1 of Karras et al. 2022 (arXiv 2206.00364), columns VP and EDM."""

from typing import Any, Protocol

import torch
from torch import Tensor

SIGMA_DATA = 0.5
"""Standard deviation of the rows that the preconditioning assumes: that of images in [-1, 1]."""
SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 80.0, 7.0
P_MEAN, P_STD = -1.2, 1.2
BETA_D, BETA_MIN, EPSILON_T, M = 19.9, 0.1, 1e-5, 1000
EDM_SCHEDULER: dict[str, Any] = {
    "_class_name": "EDMEulerScheduler",
    "prediction_type": "epsilon",
    "sigma_data": SIGMA_DATA,
}
"""Prediction target of a network under the paper's preconditioning, as a configuration of diffusers' schedulers."""

Coefficients = tuple[Tensor, Tensor, Tensor, Tensor]
"""c_skip, c_out, c_in and c_noise, each float32 (batch,)."""


class Preconditioning(Protocol):
    """Scaling of a network's input and output, and distribution and weight of the noise levels in training."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        """Compute the coefficients of D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) (equation 7)."""
        ...

    def training_sigma(self, uniform: Tensor) -> Tensor:
        """Transform numbers uniform in [0, 1) to noise levels of training."""
        ...

    def loss_weight(self, sigma: Tensor) -> Tensor:
        """Compute the loss weight lambda(sigma)."""
        ...


class EdmPreconditioning:
    """The paper's own: inputs and targets of unit variance, log-normal noise levels, equal losses at initialisation."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        total_variance = sigma**2 + SIGMA_DATA**2
        c_skip = SIGMA_DATA**2 / total_variance
        c_out = sigma * SIGMA_DATA / total_variance.sqrt()
        return c_skip, c_out, total_variance.rsqrt(), sigma.log() / 4

    def training_sigma(self, uniform: Tensor) -> Tensor:
        # The numbers are multiples of 2^-24; shifted by half of that, none gives an infinite noise level.
        normal: Tensor = torch.special.ndtri(uniform.double() + 2**-25)
        return (P_MEAN + P_STD * normal).exp().float()

    def loss_weight(self, sigma: Tensor) -> Tensor:
        return (sigma**2 + SIGMA_DATA**2) / (sigma * SIGMA_DATA) ** 2


class VpPreconditioning:
    """Variance-preserving diffusion (Song et al. 2021b): times uniform in [1e-5, 1]."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        c_noise = (M - 1) * self.time(sigma)
        return torch.ones_like(sigma), -sigma, (sigma**2 + 1).rsqrt(), c_noise

    def training_sigma(self, uniform: Tensor) -> Tensor:
        time = EPSILON_T + (1 - EPSILON_T) * uniform.double()
        return (BETA_D * time**2 / 2 + BETA_MIN * time).expm1().sqrt().float()

    def time(self, sigma: Tensor) -> Tensor:
        """Compute the time at which the process has a noise level."""
        log_variance = (sigma.double() ** 2).log1p()
        return (((BETA_MIN**2 + 2 * BETA_D * log_variance).sqrt() - BETA_MIN) / BETA_D).float()

    def loss_weight(self, sigma: Tensor) -> Tensor:
        return sigma**-2


PRECONDITIONINGS: dict[str, Preconditioning] = {"edm": EdmPreconditioning(), "vp": VpPreconditioning()}


def karras_sigmas(steps: int) -> list[float]:
    """Compute the noise levels of sampling: ``steps`` from 80 to 0.002 (equation 5 with rho = 7), then 0."""
    max_inv_rho, min_inv_rho = SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)
    ramp = [index / max(steps - 1, 1) for index in range(steps)]
    return [*((max_inv_rho + fraction * (min_inv_rho - max_inv_rho)) ** RHO for fraction in ramp), 0.0]
