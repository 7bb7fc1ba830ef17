"""EDM: a network denoises rows with noise of any strength (Karras et al. 2022)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import PositiveFloat
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.diffusion.heun import heun
from raysc.models.diffusion.noise_schedule import LINEAR
from raysc.models.diffusion.preconditioning import (
    EDM_SCHEDULER,
    PRECONDITIONINGS,
    SIGMA_DATA,
    SIGMA_MAX,
    SIGMA_MIN,
    karras_sigmas,
)
from raysc.models.networks.network import Network, predict
from raysc.models.time_conditioned import TimeConditionedFamily
from raysc.models.training.batches import Batch
from raysc.settings import Sample

STEPS = 18
"""Default number of steps of a sample."""


@dataclass(frozen=True)
class Edm(TimeConditionedFamily):
    """Diffusion with the design of Karras et al. 2022 (arXiv 2206.00364), preconditioning and loss of their Table 1.

    Sampling is the paper's deterministic Heun method (algorithm 1) with ``sample.steps`` steps, 18 by default. A step
    takes two network evaluations, the last step one: 18 steps take 35 evaluations, 40 steps 79.

    The sizes of the network are those of ``TimeConditionedFamily``.

    Attributes:
        preconditioning: preconditioning, noise distribution and loss weight: edm, the paper's own, or vp, that of
            variance-preserving diffusion.
        sigma_data: standard deviation of the rows. Points are scaled to 0.5 for the network, which is about the
            standard deviation of images in [-1, 1] (mlp).
    """

    network: Literal["mlp", "unet", "ddpmpp"] = "mlp"
    preconditioning: Literal["edm", "vp"] = field(default="edm", kw_only=True)
    sigma_data: PositiveFloat = field(default=SIGMA_DATA, kw_only=True)

    version: ClassVar[int] = 1
    sample_settings: ClassVar[tuple[str, ...]] = ("steps", "latents", "truncation", "guide", "precision")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.network != "mlp" and self.sigma_data != SIGMA_DATA:
            raise InputError("model.sigma_data: goes with network: mlp; images are not scaled")

    def denoise(self, network: Network, x: Tensor, sigma: Tensor, augment_labels: Tensor | None = None) -> Tensor:
        """Compute D(x; sigma), the expected row without noise (equation 7); sigma is (batch,) or (1,)."""
        coefficients = PRECONDITIONINGS[self.preconditioning].coefficients(sigma)
        axes = (-1, *[1] * (x.ndim - 1))
        c_skip, c_out, c_in = (coefficient.view(axes) for coefficient in coefficients[:3])
        return c_skip * x + c_out * predict(network, c_in * x, coefficients[3].expand(len(x)), augment_labels)

    def errors(self, network: Network, batch: Batch) -> Tensor:
        """Compute the squared errors of the denoised rows, weighted by lambda(sigma) (equation 2 and Table 1)."""
        preconditioning = PRECONDITIONINGS[self.preconditioning]
        sigma = preconditioning.training_sigma(batch.times)
        axes = (-1, *[1] * (batch.rows.ndim - 1))
        y = batch.rows * (SIGMA_DATA / self.sigma_data)
        denoised = self.denoise(network, y + sigma.view(axes) * batch.noise, sigma, batch.augment_labels)
        return preconditioning.loss_weight(sigma).view(axes) * (denoised - y) ** 2

    def sampler(self, sample: Sample) -> Callable[..., Tensor]:
        def sample_rows(network: Network, latents: Tensor) -> Tensor:
            rows = heun(partial(self.denoise, network), latents, karras_sigmas(sample.steps or STEPS))
            return rows * (self.sigma_data / SIGMA_DATA)

        return sample_rows

    @property
    def scheduler(self) -> dict[str, Any]:
        """Prediction target of the network, as a configuration of diffusers' schedulers.

        With vp the network predicts the noise of a variance-preserving row at times of 0 to 999, as DDPM's does.
        """
        if self.preconditioning == "vp":
            return dict(LINEAR)
        return dict(EDM_SCHEDULER)

    def pipeline(self, unet: nn.Module) -> Any:
        """Return a diffusers pipeline with the fitting scheduler.

        The folder of ``vp`` samples by DDIM. That of ``edm`` only loads network and scheduler: diffusers has no
        unconditional pipeline that scales the network's input as EDM's schedulers require.
        """
        from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, EDMEulerScheduler

        if self.preconditioning == "vp":
            return DDIMPipeline(unet=unet, scheduler=DDIMScheduler(**LINEAR, timestep_spacing="trailing"))
        sigmas = {"sigma_min": SIGMA_MIN, "sigma_max": SIGMA_MAX, "sigma_data": SIGMA_DATA}
        return DDPMPipeline(unet=unet, scheduler=EDMEulerScheduler(**sigmas))
