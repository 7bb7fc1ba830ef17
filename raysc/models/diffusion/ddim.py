"""DDIM sampling: deterministic given the latents (Song et al. 2021)."""

from typing import Literal

import torch
from torch import Tensor

from raysc.models.diffusion.noise_schedule import Betas, compute_alphas_cumprod
from raysc.models.networks.network import Network, predict

Epsilon = Literal["predicted", "rederived"]


def ddim(
    network: Network, latents: Tensor, timesteps: list[int], betas: Betas, epsilon: Epsilon = "predicted"
) -> Tensor:
    """Denoise latents (batch, *event) timestep by timestep (Song et al. 2021, equation 12, eta = 0).

    With even spacing it equals diffusers' DDIMScheduler with "trailing" spacing where the number of steps divides 1000;
    elsewhere that scheduler steps to timesteps other than the next ones. Predicted images are clipped to [-1, 1], as
    there.

    Args:
        network: predicts the noise; further output channels, such as a learned variance, are ignored.
        latents: standard normal.
        timesteps: descending, see ``compute_timesteps``.
        betas: the noise schedule.
        epsilon: noise of the next level: as predicted, or rederived from the clipped image, so that x_t remains the
            sum of both. ddpm-torch does the latter, and diffusers with ``use_clipped_model_output``.
    """
    alphas_cumprod = [*compute_alphas_cumprod(betas)[timesteps].tolist(), 1.0]
    x_t = latents
    for timestep, alpha_prod_t, alpha_prod_t_prev in zip(
        timesteps, alphas_cumprod[:-1], alphas_cumprod[1:], strict=True
    ):
        model_output = predict(network, x_t, torch.full((1,), float(timestep), device=x_t.device).expand(len(x_t)))
        noise = model_output[:, : x_t.shape[1]]
        pred_x_0 = (x_t - (1 - alpha_prod_t) ** 0.5 * noise) / alpha_prod_t**0.5
        if x_t.ndim == 4:
            pred_x_0 = pred_x_0.clamp(-1, 1)
            if epsilon == "rederived":
                noise = (x_t - alpha_prod_t**0.5 * pred_x_0) / (1 - alpha_prod_t) ** 0.5
        x_t = alpha_prod_t_prev**0.5 * pred_x_0 + (1 - alpha_prod_t_prev) ** 0.5 * noise
    return x_t
