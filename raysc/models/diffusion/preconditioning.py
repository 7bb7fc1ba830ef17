"""What EDM puts around a network: Table 1 of Karras et al. 2022 (arXiv 2206.00364), columns VP and EDM."""

from typing import Protocol

import torch
from torch import Tensor

SIGMA_DATA = 0.5
"""Standard deviation of the rows that all of this is made for: that of images in [-1, 1]."""
SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 80.0, 7.0
P_MEAN, P_STD = -1.2, 1.2
BETA_D, BETA_MIN, EPSILON_T, VP_LEVELS = 19.9, 0.1, 1e-5, 1000

Coefficients = tuple[Tensor, Tensor, Tensor, Tensor]
"""c_skip, c_out, c_in and c_noise, as the noise levels: float32 (batch,)."""


class Preconditioning(Protocol):
    """How rows go into a network and come out of it, which noise it learns from, and how much each level counts."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        """What D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) is made of."""
        ...

    def drawn(self, uniform: Tensor) -> Tensor:
        """Noise levels of training from numbers that are uniform in [0, 1)."""
        ...

    def weight(self, sigma: Tensor) -> Tensor:
        """The loss's lambda(sigma)."""
        ...


class EdmPreconditioning:
    """The paper's own: inputs and targets of unit variance, levels log-normal, losses of one size at the start."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        total = sigma**2 + SIGMA_DATA**2
        return SIGMA_DATA**2 / total, sigma * SIGMA_DATA / total.sqrt(), total.rsqrt(), sigma.log() / 4

    def drawn(self, uniform: Tensor) -> Tensor:
        # The numbers are multiples of 2^-24: half of that away from 0 and 1 there is no infinite level.
        normal: Tensor = torch.special.ndtri(uniform.double() + 2**-25)
        return (P_MEAN + P_STD * normal).exp().float()

    def weight(self, sigma: Tensor) -> Tensor:
        return (sigma**2 + SIGMA_DATA**2) / (sigma * SIGMA_DATA) ** 2


class VpPreconditioning:
    """Variance-preserving diffusion (Song et al. 2021b), in whose time the levels are uniform."""

    def coefficients(self, sigma: Tensor) -> Coefficients:
        level = (VP_LEVELS - 1) * self.time(sigma)
        return torch.ones_like(sigma), -sigma, (sigma**2 + 1).rsqrt(), level

    def drawn(self, uniform: Tensor) -> Tensor:
        time = EPSILON_T + (1 - EPSILON_T) * uniform.double()
        return (BETA_D * time**2 / 2 + BETA_MIN * time).expm1().sqrt().float()

    def time(self, sigma: Tensor) -> Tensor:
        """The time at which the process has a noise level."""
        logarithm = (sigma.double() ** 2).log1p()
        return (((BETA_MIN**2 + 2 * BETA_D * logarithm).sqrt() - BETA_MIN) / BETA_D).float()

    def weight(self, sigma: Tensor) -> Tensor:
        return sigma**-2


PRECONDITIONINGS: dict[str, Preconditioning] = {"edm": EdmPreconditioning(), "vp": VpPreconditioning()}


def ladder(steps: int) -> list[float]:
    """The noise levels that sampling visits: ``steps`` from 80 to 0.002 (equation 5 with rho = 7), and then 0."""
    top, bottom = SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)
    shares = [index / max(steps - 1, 1) for index in range(steps)]
    return [*((top + share * (bottom - top)) ** RHO for share in shares), 0.0]
