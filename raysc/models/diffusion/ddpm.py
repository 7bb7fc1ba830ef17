"""DDPM: a network learns to tell the noise in a row, and takes it out step by step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.diffusion.ancestral import ancestral
from raysc.models.diffusion.learned_variance import BOUND_WEIGHT, variational_bound
from raysc.models.diffusion.noise_schedule import FIRST_BETA, LAST_BETA, LEVELS, Betas, signal_kept, visited
from raysc.models.family import Fitted
from raysc.models.networks.architectures import (
    HEAD_CHANNELS,
    Config,
    Network,
    check_sizes,
    config_of,
    parameter_count,
    predict,
)
from raysc.models.neural import state_files
from raysc.models.neural.sampling import BLOCK, sample_rows
from raysc.models.neural.state import State, initial_state, packed
from raysc.models.training import loop, packs
from raysc.models.training.batches import Batch
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

STEPS = 50
LINEAR = {
    "num_train_timesteps": LEVELS,
    "beta_schedule": "linear",
    "beta_start": FIRST_BETA,
    "beta_end": LAST_BETA,
    "prediction_type": "epsilon",
}
"""A noise schedule in the words of diffusers' schedulers."""
COSINE = {"num_train_timesteps": LEVELS, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "epsilon"}


@dataclass(frozen=True)
class Ddpm:
    """Denoising diffusion (Ho et al. 2020): 1000 noise levels, epsilon prediction.

    Sampling is deterministic given the latents: DDIM (Song et al. 2021, eta = 0) with ``sample.steps`` network
    evaluations, 50 unless set, from the noisiest level down in equal strides; ``sample.spacing: quadratic`` begins at
    level 800 and visits more of the small levels. ``sample.sampler: ancestral`` draws noise at every level instead, and
    visits all 1000 unless told otherwise. With ``betas: cosine`` and ``variance: learned`` it is iDDPM (Nichol and
    Dhariwal 2021), trained with their hybrid loss; DDIM has no use for the learned variance, ancestral sampling has.

    Attributes:
        network: mlp or unet; see ``networks`` for what each of the sizes below belongs to.
        width: units of a hidden layer (mlp).
        depth: hidden layers (mlp).
        channels: channels at full resolution, in steps of 8 (unet).
        multipliers: channels of each level over ``channels`` (unet).
        res_blocks: residual blocks per level (unet).
        attention: heights in pixels of the levels with self-attention, beside the middle (unet).
        head_channels: channels of one attention head (unet).
        betas: the noise schedule: linear from 1e-4 to 0.02, or cosine.
        variance: whether the variance of each level is learned beside the noise (unet).
    """

    network: Literal["mlp", "unet"] = "mlp"
    width: PositiveInt = 128
    depth: PositiveInt = 3
    channels: PositiveInt = 32
    multipliers: tuple[PositiveInt, ...] = (1, 2)
    res_blocks: PositiveInt = 1
    attention: tuple[PositiveInt, ...] = ()
    head_channels: PositiveInt = HEAD_CHANNELS
    betas: Betas = "linear"
    variance: Literal["fixed", "learned"] = "fixed"

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    samples_by: ClassVar[tuple[str, ...]] = ("steps", "sampler", "spacing", "latents")

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.variance == "learned" and self.network != "unet":
            raise InputError("model.variance: learned goes with network: unet")

    def check(self, event: tuple[int, ...]) -> None:
        self._config(event)

    def packs(self, event: tuple[int, ...]) -> bool:
        return packed(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        loop.check_train(train, event, self.network)
        if sample.sampler not in (None, "ddim", "ancestral"):
            raise InputError(f"sample.sampler: ddpm takes ddim or ancestral, not {sample.sampler}")
        if (sample.steps or STEPS) > LEVELS:
            raise InputError(
                f"sample.steps: ddpm has {LEVELS} noise levels, so at most as many steps, not {sample.steps}"
            )

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(self._config(event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        run = packs.fit if start.packed else loop.fit
        return run(self._loss, training_set, start, steps, train, streams, length)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        noisy, spacing = sample.sampler == "ancestral", sample.spacing or "even"
        levels = visited(sample.steps or (LEVELS if noisy else STEPS), spacing)

        def sampler(network: Network, latents: Tensor, *generators: list[torch.Generator]) -> Tensor:
            if noisy:
                return ancestral(network, latents, levels, self._schedule, *generators)
            return ddim(network, latents, levels, self.betas)

        draw = packs.sample_rows if state.packed else sample_rows
        return draw(sampler, state, first, count, sample, streams, noisy)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state, self._schedule, self._pipeline)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(self._config(event))

    def load(self, folder: Path) -> State:
        state = state_files.load(folder, self.network, self._schedule)
        if self.network == "unet":
            own, unet = self._config(state.event)["unet"], state.config["unet"]
            if unet["out_channels"] != own["out_channels"]:
                learned = "the variance too" if self.variance == "fixed" else "the noise alone"
                raise InputError(f"{folder}: its U-Net tells {learned}, but this family has variance: {self.variance}")
        return state

    def _config(self, event: tuple[int, ...]) -> Config:
        return config_of(self, event, outputs=2 if self.variance == "learned" else 1)

    @property
    def _schedule(self) -> dict[str, Any]:
        """What the network learns, in the words of diffusers' schedulers."""
        schedule = LINEAR if self.betas == "linear" else COSINE
        return {**schedule, "variance_type": "learned_range"} if self.variance == "learned" else dict(schedule)

    def _pipeline(self, unet: nn.Module) -> Any:
        """The diffusers pipeline that samples from the U-Net: as ``ddim`` does, or with the learned variance."""
        from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler

        if self.variance == "learned":
            return DDPMPipeline(unet=unet, scheduler=DDPMScheduler(**self._schedule))
        return DDIMPipeline(unet=unet, scheduler=DDIMScheduler(**self._schedule, timestep_spacing="trailing"))

    def _loss(self, network: Network, batch: Batch) -> Tensor:
        """Mean squared error of the predicted noise (Ho et al. 2020, equation 14).

        A learned variance adds its bound (Nichol and Dhariwal 2021, equation 16).
        """
        level = (batch.times * LEVELS).long()
        levels = signal_kept(self.betas, level.device)
        kept = levels[level].view(-1, *[1] * (batch.rows.ndim - 1))
        noisy = kept.sqrt() * batch.rows + (1 - kept).sqrt() * batch.noise
        told = predict(network, noisy, level.float(), batch.condition)
        if self.variance == "fixed":
            return nn.functional.mse_loss(told, batch.noise)
        noise, between = told.chunk(2, dim=1)
        bound = variational_bound(levels, level, batch.rows, noisy, noise, between)
        return nn.functional.mse_loss(noise, batch.noise) + BOUND_WEIGHT * bound


def ddim(network: Network, latents: Tensor, levels: list[int], betas: Betas) -> Tensor:
    """Take the noise out of latents (batch, *event), level by level (Song et al. 2021, equation 12, eta = 0).

    diffusers' DDIMScheduler with "trailing" spacing does the same as even spacing where the number of steps divides
    1000; elsewhere it steps to levels that it does not visit next. Predicted images are clipped to [-1, 1], as there.

    Args:
        network: tells the noise, and after it along the channels perhaps more, which plays no part.
        latents: standard normal.
        levels: those at which the network is asked, see ``visited``.
        betas: the noise schedule.
    """
    kept = [*signal_kept(betas)[levels].tolist(), 1.0]
    values = latents
    for level, now, then in zip(levels, kept[:-1], kept[1:], strict=True):
        told = predict(network, values, torch.full((len(values),), float(level), device=values.device))
        noise = told[:, : values.shape[1]]
        clean = (values - (1 - now) ** 0.5 * noise) / now**0.5
        if values.ndim == 4:
            clean = clean.clamp(-1, 1)
        values = then**0.5 * clean + (1 - then) ** 0.5 * noise
    return values
