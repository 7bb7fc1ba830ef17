"""DDPM: a network predicts the noise in a row; sampling removes it step by step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.diffusion.ancestral import ancestral
from raysc.models.diffusion.ddim import ddim
from raysc.models.diffusion.learned_variance import BOUND_WEIGHT, variational_bound_term
from raysc.models.diffusion.noise_schedule import (
    NUM_TRAIN_TIMESTEPS,
    Betas,
    compute_alphas_cumprod,
    compute_timesteps,
    scheduler_config,
)
from raysc.models.networks.network import Network, predict
from raysc.models.neural.state import State, are_points
from raysc.models.time_conditioned import TimeConditionedFamily
from raysc.models.training.batches import Batch
from raysc.settings import Sample, Train

DDIM_STEPS = 50
"""Default number of steps of DDIM."""


@dataclass(frozen=True)
class Ddpm(TimeConditionedFamily):
    """Denoising diffusion (Ho et al. 2020): 1000 noise levels, epsilon prediction.

    Sampling is deterministic given the latents: DDIM (Song et al. 2021, eta = 0) with ``sample.steps`` network
    evaluations, 50 by default, from timestep 999 down in equal strides. ``sample.spacing: quadratic`` begins at
    timestep 800 and takes more of the small timesteps; quadratic_rounded takes some of them twice, as ddpm-torch does.
    ``sample.epsilon: rederived`` computes the noise of an image again after its x_0 was clipped. ``sample.sampler:
    ancestral`` draws noise at every timestep instead, by default at all 1000. With ``betas: cosine`` and ``variance:
    learned`` it is iDDPM (Nichol and Dhariwal 2021), trained with its hybrid loss; ancestral sampling uses the learned
    variance, DDIM ignores it.

    The sizes of the network are those of ``TimeConditionedFamily``.

    Attributes:
        betas: the noise schedule: linear from 1e-4 to 0.02, or cosine.
        variance: learned: the network predicts the variance of each timestep beside the noise (unet, ddpmpp).
    """

    network: Literal["mlp", "unet", "ddpmpp"] = "mlp"
    betas: Betas = field(default="linear", kw_only=True)
    variance: Literal["fixed", "learned"] = field(default="fixed", kw_only=True)

    version: ClassVar[int] = 1
    sample_settings: ClassVar[tuple[str, ...]] = (
        "steps",
        "sampler",
        "spacing",
        "epsilon",
        "latents",
        "truncation",
        "guide",
        "precision",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variance == "learned" and self.network == "mlp":
            raise InputError("model.variance: learned goes with network: unet or ddpmpp")

    @property
    def outputs(self) -> int:
        return 2 if self.variance == "learned" else 1

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        super().check_settings(event, train, sample)
        if sample.sampler not in (None, "ddim", "ancestral"):
            raise InputError(f"sample.sampler: ddpm takes ddim or ancestral, not {sample.sampler}")
        if sample.guide is not None and sample.guide.of == "outputs" and self.variance == "learned":
            raise InputError(
                "sample.guide: a learned variance cannot be extrapolated; set variance: fixed, or of: weights"
            )
        if sample.sampler == "ancestral":
            _check_ancestral(sample)
        if sample.epsilon == "rederived" and are_points(event):
            raise InputError("sample.epsilon: rederived goes with images, whose x_0 is clipped; points are not clipped")
        if (sample.steps or DDIM_STEPS) > NUM_TRAIN_TIMESTEPS:
            raise InputError(
                f"sample.steps: ddpm has {NUM_TRAIN_TIMESTEPS} noise levels, so at most as many steps, "
                f"not {sample.steps}"
            )

    def errors(self, network: Network, batch: Batch) -> Tensor:
        """Compute the squared errors of the predicted noise (Ho et al. 2020, equation 14), (batch, *event)."""
        timesteps, x_t = self._noised(batch)
        model_output = predict(network, x_t, timesteps.float(), batch.augment_labels)
        return nn.functional.mse_loss(model_output, batch.noise, reduction="none")

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Compute the mean of ``errors``.

        A learned variance adds its variational bound (Nichol and Dhariwal 2021, equation 16).
        """
        if self.variance == "fixed":
            return super().loss(network, batch)
        timesteps, x_t = self._noised(batch)
        noise, v = predict(network, x_t, timesteps.float(), batch.augment_labels).chunk(2, dim=1)
        alphas_cumprod = compute_alphas_cumprod(self.betas, timesteps.device)
        bound = variational_bound_term(alphas_cumprod, timesteps, batch.rows, x_t, noise, v)
        return nn.functional.mse_loss(noise, batch.noise) + BOUND_WEIGHT * bound

    def _noised(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the timesteps of a batch, int64 (batch,), and its noisy rows x_t."""
        timesteps = (batch.times * NUM_TRAIN_TIMESTEPS).long()
        alphas_cumprod = compute_alphas_cumprod(self.betas, timesteps.device)
        alpha_prod_t = alphas_cumprod[timesteps].view(-1, *[1] * (batch.rows.ndim - 1))
        return timesteps, alpha_prod_t.sqrt() * batch.rows + (1 - alpha_prod_t).sqrt() * batch.noise

    def is_stochastic(self, sample: Sample) -> bool:
        return sample.sampler == "ancestral"

    def sampler(self, sample: Sample) -> Callable[..., Tensor]:
        steps = sample.steps or (NUM_TRAIN_TIMESTEPS if self.is_stochastic(sample) else DDIM_STEPS)
        timesteps = compute_timesteps(steps, sample.spacing or "even")

        def sample_ancestral(network: Network, latents: Tensor, generators: list[torch.Generator]) -> Tensor:
            return ancestral(network, latents, timesteps, self.scheduler, generators)

        def sample_ddim(network: Network, latents: Tensor) -> Tensor:
            return ddim(network, latents, timesteps, self.betas, sample.epsilon)

        return sample_ancestral if self.is_stochastic(sample) else sample_ddim

    @property
    def scheduler(self) -> dict[str, Any]:
        return scheduler_config(self.betas, self.variance == "learned")

    def pipeline(self, unet: nn.Module) -> Any:
        """Return the diffusers pipeline that samples as ``ddim`` does or, with a learned variance, as ``ancestral``."""
        from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler

        if self.variance == "learned":
            return DDPMPipeline(unet=unet, scheduler=DDPMScheduler(**self.scheduler))
        return DDIMPipeline(unet=unet, scheduler=DDIMScheduler(**self.scheduler, timestep_spacing="trailing"))

    def load(self, folder: Path) -> State:
        state = super().load(folder)
        if self.network != "mlp":
            bias = "conv_out.bias"
            if len(state.ema[bias]) != self.outputs * state.event[0]:
                prediction = "the noise and the variance" if self.variance == "fixed" else "the noise alone"
                raise InputError(
                    f"{folder}: its network predicts {prediction}, but this family has variance: {self.variance}"
                )
        return state


def _check_ancestral(sample: Sample) -> None:
    """Refuse settings of DDIM that ancestral sampling does not support."""
    if sample.epsilon == "rederived":
        raise InputError("sample.epsilon: rederived goes with sampler: ddim; ancestral sampling uses the clipped x_0")
    if sample.spacing == "quadratic_rounded":
        raise InputError("sample.spacing: quadratic_rounded repeats timesteps, and ancestral takes each once")
