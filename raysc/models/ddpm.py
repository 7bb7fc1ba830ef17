"""DDPM: a network learns to tell the noise in a row, and takes it out step by step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models import checkpoint, packs, training
from raysc.models.batches import Batch
from raysc.models.family import Fitted
from raysc.models.networks import Network, check_sizes, config_of, parameter_count, predict
from raysc.models.sampling import BLOCK, sample_rows
from raysc.models.state import State, initial_state, packed
from raysc.pool.rows import TrainingSet
from raysc.streams import Streams
from raysc.sweepfile.settings import Sample, Train

STEPS = 50
LEVELS, FIRST_BETA, LAST_BETA = 1000, 1e-4, 0.02
SCHEDULE = {
    "num_train_timesteps": LEVELS,
    "beta_schedule": "linear",
    "beta_start": FIRST_BETA,
    "beta_end": LAST_BETA,
    "prediction_type": "epsilon",
}
"""The noise schedule, in the words of diffusers' schedulers."""
SIGNAL_KEPT = (1 - torch.linspace(FIRST_BETA, LAST_BETA, LEVELS)).cumprod(0)
"""How much of a row's variance each noise level keeps: alpha-bar of Ho et al. 2020, float32 (1000,)."""


@dataclass(frozen=True)
class Ddpm:
    """Denoising diffusion (Ho et al. 2020): 1000 noise levels, betas linear from 1e-4 to 0.02, epsilon prediction.

    Sampling is deterministic given the latents: DDIM (Song et al. 2021, eta = 0) with ``sample.steps`` network
    evaluations, 50 unless set, from the noisiest level down in equal strides.

    Attributes:
        network: mlp or unet; see ``networks`` for what each of the sizes below belongs to.
        width: units of a hidden layer (mlp).
        depth: hidden layers (mlp).
        channels: channels at full resolution, in steps of 8 (unet).
        multipliers: channels of each level over ``channels`` (unet).
        res_blocks: residual blocks per level (unet).
    """

    network: Literal["mlp", "unet"] = "mlp"
    width: PositiveInt = 128
    depth: PositiveInt = 3
    channels: PositiveInt = 32
    multipliers: tuple[PositiveInt, ...] = (1, 2)
    res_blocks: PositiveInt = 1

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK

    def __post_init__(self) -> None:
        check_sizes(self)

    def check(self, event: tuple[int, ...]) -> None:
        config_of(self, event)

    def packs(self, event: tuple[int, ...]) -> bool:
        return packed(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        if packed(event):
            packs.check_train(train)
        if (sample.steps or STEPS) > LEVELS:
            raise InputError(
                f"sample.steps: ddpm has {LEVELS} noise levels, so at most as many steps, not {sample.steps}"
            )

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(config_of(self, event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        run = packs.fit if start.packed else training.fit
        return run(_loss, training_set, start, steps, train, streams, length)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        def sampler(network: Network, latents: Tensor) -> Tensor:
            return ddim(network, latents, sample.steps or STEPS)

        draw = packs.sample_rows if state.packed else sample_rows
        return draw(sampler, state, first, count, streams)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        checkpoint.save(state, folder, training_state, SCHEDULE, _pipeline)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(config_of(self, event))

    def load(self, folder: Path) -> State:
        return checkpoint.load(folder, self.network, SCHEDULE)


def _loss(network: Network, batch: Batch) -> Tensor:
    """Mean squared error of the predicted noise (Ho et al. 2020, equation 14)."""
    level = (batch.times * LEVELS).long()
    kept = SIGNAL_KEPT.to(level.device)[level].view(-1, *[1] * (batch.rows.ndim - 1))
    noisy = kept.sqrt() * batch.rows + (1 - kept).sqrt() * batch.noise
    return nn.functional.mse_loss(predict(network, noisy, level.float()), batch.noise)


def ddim(network: Network, latents: Tensor, steps: int) -> Tensor:
    """Take the noise out of latents (batch, *event) in at most 1000 steps (Song et al. 2021, equation 12, eta = 0).

    diffusers' DDIMScheduler with "trailing" spacing does the same where ``steps`` divides 1000; elsewhere it steps to
    levels that it does not visit next. Predicted images are clipped to [-1, 1], as there.
    """
    levels = [round(LEVELS * left / steps) - 1 for left in range(steps, 0, -1)]
    kept = [*SIGNAL_KEPT[levels].tolist(), 1.0]
    values = latents
    for level, now, then in zip(levels, kept[:-1], kept[1:], strict=True):
        noise = predict(network, values, torch.full((len(values),), float(level), device=values.device))
        clean = (values - (1 - now) ** 0.5 * noise) / now**0.5
        if values.ndim == 4:
            clean = clean.clamp(-1, 1)
        values = then**0.5 * clean + (1 - then) ** 0.5 * noise
    return values


def _pipeline(unet: nn.Module) -> Any:
    """The diffusers pipeline that samples from the U-Net as ``ddim`` does."""
    from diffusers import DDIMPipeline, DDIMScheduler

    return DDIMPipeline(unet=unet, scheduler=DDIMScheduler(**SCHEDULE, timestep_spacing="trailing"))
