"""Flow matching: a network learns the velocity that carries noise to data along straight lines."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from raysc.models import checkpoint, packs, training
from raysc.models.batches import Batch, Batches
from raysc.models.coupling import optimal_transport
from raysc.models.family import Fitted
from raysc.models.networks import TIMES, Network, check_sizes, config_of, parameter_count, predict
from raysc.models.sampling import BLOCK, sample_rows
from raysc.models.state import State, initial_state, packed
from raysc.pool.rows import TrainingSet
from raysc.streams import Streams
from raysc.sweepfile.settings import Sample, Train

STEPS = 20
SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler"}
"""Those of diffusers' schedulers that take a velocity."""


@dataclass(frozen=True)
class FlowMatching:
    """Flow matching along straight lines (Lipman et al. 2023 with sigma_min = 0; with a coupling Tong et al. 2024).

    With x_0 standard normal, x_1 a row and t uniform in [0, 1], the network sees x_t = (1 - t) x_0 + t x_1 and learns
    the velocity x_1 - x_0. Sampling integrates the velocity from t = 0 to 1 by the midpoint rule: ``sample.steps``
    steps of two network evaluations, 20 steps unless set.

    The network's own convention is that of diffusers' flow-matching schedulers, so that a saved U-Net samples there
    too: its time is 1000 (1 - t) and its output is x_0 - x_1, the negative velocity.

    Attributes:
        coupling: which x_0 of a batch meets which x_1: independent, or the optimal_transport between them (OT-CFM).
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
    coupling: Literal["independent", "optimal_transport"] = "independent"

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

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(config_of(self, event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        coupling = optimal_transport if self.coupling == "optimal_transport" else None
        if start.packed:
            return packs.fit(_loss, training_set, start, steps, train, streams, length, coupling)
        batches = partial(Batches, coupling=coupling)
        return training.fit(_loss, training_set, start, steps, train, streams, length, batches_of=batches)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        def sampler(network: Network, latents: Tensor) -> Tensor:
            return midpoint(network, latents, sample.steps or STEPS)

        draw = packs.sample_rows if state.packed else sample_rows
        return draw(sampler, state, first, count, streams)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        checkpoint.save(state, folder, training_state, SCHEDULER, _pipeline)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(config_of(self, event))

    def load(self, folder: Path) -> State:
        return checkpoint.load(folder, self.network, SCHEDULER)


def _loss(network: Network, batch: Batch) -> Tensor:
    """Mean squared error of the velocity (Lipman et al. 2023, equation 23)."""
    t = batch.times.view(-1, *[1] * (batch.rows.ndim - 1))
    here = (1 - t) * batch.noise + t * batch.rows
    return nn.functional.mse_loss(predict(network, here, TIMES * (1 - batch.times)), batch.noise - batch.rows)


def midpoint(network: Network, latents: Tensor, steps: int) -> Tensor:
    """Carry latents (batch, *event) from t = 0 to 1 in equal steps of the explicit midpoint rule."""
    values, step = latents, 1 / steps
    for index in range(steps):
        halfway = values + step / 2 * _velocity(network, values, index * step)
        values = values + step * _velocity(network, halfway, (index + 0.5) * step)
    return values


def _velocity(network: Network, values: Tensor, t: float) -> Tensor:
    times = torch.full((len(values),), TIMES * (1 - t), device=values.device)
    return -predict(network, values, times)


def _pipeline(unet: nn.Module) -> Any:
    """The diffusers pipeline that samples from the U-Net, by Euler steps."""
    from diffusers import DDPMPipeline, FlowMatchEulerDiscreteScheduler

    return DDPMPipeline(unet=unet, scheduler=FlowMatchEulerDiscreteScheduler())
