"""Ancestral sampling of DDPM: from level to level a draw from the distribution that the network tells."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.networks.architectures import Network, predict


def ancestral(
    network: Network, latents: Tensor, levels: list[int], schedule: Mapping[str, Any], generators: list[torch.Generator]
) -> Tensor:
    """Take the noise out of latents, and put a little new noise in at each level but the last (Ho et al. 2020).

    A step of diffusers' DDPMScheduler: algorithm 2, between levels that need not be neighbours (Nichol and Dhariwal
    2021, section 4), with beta-tilde for the variance or, where it is learned, what the network tells (equation 15).
    Predicted images are clipped to [-1, 1]. The last step ends in the predicted row itself, whatever its level.

    Args:
        network: tells the noise, and after it along the channels the learned variance.
        latents: standard normal: images (batch, channels, height, width); of any other rows (batch, *event), or a
            pack's (seeds, batch, dim), whose network takes times (seeds, batch).
        levels: those at which the network is asked, see ``noise_levels.visited``.
        schedule: the noise schedule and what the network tells, in the words of diffusers' schedulers.
        generators: where noise comes from: one for all of a batch, or of a pack one for each seed.
    """
    declare_missing_schemas()
    from diffusers import DDPMScheduler  # takes seconds, which nobody else should wait for

    scheduler = DDPMScheduler(**schedule, clip_sample=latents.ndim == 4)
    scheduler.set_timesteps(timesteps=levels)
    times = latents.new_empty(latents.shape[:2] if latents.ndim == 3 else latents.shape[:1])
    values = latents
    for level in levels:
        told = predict(network, values, times.fill_(level))
        step = scheduler.step(told, level, values, generators)
        values = step.prev_sample
    clean: Tensor = step.pred_original_sample
    return clean
