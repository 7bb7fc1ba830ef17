"""Noise schedules of DDPM: alpha-bar of every timestep, and the timesteps of a sampler."""

import itertools
from functools import cache
from math import cos, pi
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

NUM_TRAIN_TIMESTEPS, BETA_START, BETA_END, MAX_BETA = 1000, 1e-4, 0.02, 0.999
CPU = torch.device("cpu")

Betas = Literal["linear", "cosine"]
Spacing = Literal["even", "quadratic", "quadratic_rounded"]

LINEAR = {
    "num_train_timesteps": NUM_TRAIN_TIMESTEPS,
    "beta_schedule": "linear",
    "beta_start": BETA_START,
    "beta_end": BETA_END,
    "prediction_type": "epsilon",
}
"""The linear schedule as a configuration of diffusers' schedulers."""
COSINE = {
    "num_train_timesteps": NUM_TRAIN_TIMESTEPS,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "epsilon",
}
"""The cosine schedule as a configuration of diffusers' schedulers."""


@cache
def compute_alphas_cumprod(betas: Betas, device: torch.device = CPU) -> Tensor:
    """Compute alpha-bar of every timestep, the share of a row's variance that remains: float32 (1000,).

    Args:
        betas: linear from 1e-4 to 0.02 (Ho et al. 2020, section 4), or the cosine schedule (Nichol and Dhariwal 2021,
            arXiv 2102.09672, equation 17) with betas of at most 0.999.
        device: device of the result; cached per device, since a copy makes a GPU wait.
    """
    if device != CPU:
        return compute_alphas_cumprod(betas).to(device)
    if betas == "linear":
        return (1 - torch.linspace(BETA_START, BETA_END, NUM_TRAIN_TIMESTEPS)).cumprod(0)
    alpha_bars = [
        cos((step / NUM_TRAIN_TIMESTEPS + 0.008) / 1.008 * pi / 2) ** 2 for step in range(NUM_TRAIN_TIMESTEPS + 1)
    ]
    cosine_betas = [min(1 - after / before, MAX_BETA) for before, after in itertools.pairwise(alpha_bars)]
    return (1 - torch.tensor(cosine_betas)).cumprod(0)


def compute_timesteps(steps: int, spacing: Spacing) -> list[int]:
    """Return the timesteps at which a sampler evaluates the network, descending to 0.

    Args:
        steps: number of steps, at most 1000.
        spacing: even strides from timestep 999 on; or quadratic (Song et al. 2021, arXiv 2010.02502, appendix D.2): the
            squares of ``steps`` even strides from 0 to sqrt(800), rounded down. Equal ones among the smallest are
            merged, so there may be fewer timesteps than ``steps``. quadratic_rounded rounds the squares to the nearest
            timestep and keeps equal ones, as ddpm-torch does: always ``steps`` timesteps.
    """
    if spacing == "even":
        return [round(NUM_TRAIN_TIMESTEPS * left / steps) - 1 for left in range(steps, 0, -1)]
    squares = np.linspace(0, (0.8 * NUM_TRAIN_TIMESTEPS) ** 0.5, steps) ** 2
    if spacing == "quadratic_rounded":
        return sorted((round(square) for square in squares.tolist()), reverse=True)
    return sorted({int(square) for square in squares}, reverse=True)


def scheduler_config(betas: Betas, learned_variance: bool) -> dict[str, Any]:
    """Return the prediction target of a network as a configuration of diffusers' schedulers."""
    schedule = LINEAR if betas == "linear" else COSINE
    return {**schedule, "variance_type": "learned_range"} if learned_variance else dict(schedule)
