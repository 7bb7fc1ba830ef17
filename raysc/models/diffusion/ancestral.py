"""Ancestral sampling of DDPM: each step draws x_{t-1} from the distribution that the network predicts."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.networks.network import Network, predict


def ancestral(
    network: Network,
    latents: Tensor,
    timesteps: list[int],
    schedule: Mapping[str, Any],
    generators: list[torch.Generator],
) -> Tensor:
    """Denoise latents timestep by timestep, with new noise at every timestep but the last (Ho et al. 2020).

    Each step is one of diffusers' DDPMScheduler: algorithm 2 of the paper, between timesteps that need not be adjacent
    (Nichol and Dhariwal 2021, section 4). The variance is beta-tilde, or the learned one (equation 15). Predicted
    images are clipped to [-1, 1]. The result is the predicted x_0 of the last step, whatever its timestep.

    Args:
        network: predicts the noise and, after it along the channels, the learned variance.
        latents: standard normal: images (batch, channels, height, width); other rows (batch, *event); or the rows of a
            pack (seeds, batch, dim), whose network takes times (seeds, batch).
        timesteps: descending, see ``noise_schedule.compute_timesteps``.
        schedule: noise schedule and prediction target, as a configuration of diffusers' schedulers.
        generators: sources of the noise: one for a batch, or one for each seed of a pack.
    """
    declare_missing_schemas()
    from diffusers import DDPMScheduler  # imported here: it takes seconds

    scheduler = DDPMScheduler(**schedule, clip_sample=latents.ndim == 4)
    scheduler.set_timesteps(timesteps=timesteps)
    times = latents.new_empty(latents.shape[:2] if latents.ndim == 3 else latents.shape[:1])
    x_t = latents
    for timestep in timesteps:
        model_output = predict(network, x_t, times.fill_(timestep))
        step = scheduler.step(model_output, timestep, x_t, generators)
        x_t = step.prev_sample
    x_0: Tensor = step.pred_original_sample
    return x_0
