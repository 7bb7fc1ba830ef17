"""Flow matching: a network learns the velocity that carries noise to data along straight lines."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.family import Fitted
from raysc.models.networks.architectures import (
    HEAD_CHANNELS,
    TIMES,
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
from raysc.models.training.batches import Batch, Batches
from raysc.models.training.coupling import optimal_transport
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

STEPS = 20
TOLERANCE = 1e-5
"""Of dopri5, relative and absolute, as in the paper (Bertrand et al. 2023)."""
SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler"}
"""Those of diffusers' schedulers that take a velocity."""


@dataclass(frozen=True)
class FlowMatching:
    """Flow matching along straight lines (Lipman et al. 2023 with sigma_min = 0; with a coupling Tong et al. 2024).

    With x_0 standard normal, x_1 a row and t uniform in [0, 1], the network sees x_t = (1 - t) x_0 + t x_1 and learns
    the velocity x_1 - x_0. Sampling integrates the velocity from t = 0 to 1 by the midpoint rule: ``sample.steps``
    steps of two network evaluations, 20 steps unless set; ``sample.sampler`` may be euler (one evaluation a step), heun
    (two), or dopri5, which chooses its steps by ``sample.rtol`` and ``sample.atol``, 1e-5 unless set.

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
        attention: heights in pixels of the levels with self-attention, beside the middle (unet).
        head_channels: channels of one attention head (unet).
    """

    network: Literal["mlp", "unet"] = "mlp"
    width: PositiveInt = 128
    depth: PositiveInt = 3
    channels: PositiveInt = 32
    multipliers: tuple[PositiveInt, ...] = (1, 2)
    res_blocks: PositiveInt = 1
    coupling: Literal["independent", "optimal_transport"] = "independent"
    attention: tuple[PositiveInt, ...] = ()
    head_channels: PositiveInt = HEAD_CHANNELS

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    samples_by: ClassVar[tuple[str, ...]] = ("steps", "sampler", "rtol", "atol", "latents")

    def __post_init__(self) -> None:
        check_sizes(self)

    def check(self, event: tuple[int, ...]) -> None:
        config_of(self, event)

    def packs(self, event: tuple[int, ...]) -> bool:
        return packed(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        loop.check_train(train, event, self.network)
        if sample.sampler not in (None, "dopri5", *RULES):
            raise InputError(f"sample.sampler: flow_matching takes {', '.join(RULES)} or dopri5, not {sample.sampler}")
        if sample.sampler == "dopri5":
            if sample.steps is not None:
                raise InputError("sample.steps: dopri5 chooses its steps itself; set sample.rtol and sample.atol")
            if packed(event):
                raise InputError(
                    "sample.sampler: dopri5 chooses its steps by the rows, and seeds of points are sampled in step; "
                    "use euler, heun or midpoint"
                )
        elif sample.rtol is not None or sample.atol is not None:
            key = "rtol" if sample.rtol is not None else "atol"
            raise InputError(f"sample.{key}: a tolerance goes with sampler: dopri5")

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
        return loop.fit(_loss, training_set, start, steps, train, streams, length, batches_of=batches)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        def sampler(network: Network, latents: Tensor) -> Tensor:
            return integrate(network, latents, sample)

        draw = packs.sample_rows if state.packed else sample_rows
        return draw(sampler, state, first, count, sample, streams)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state, SCHEDULER, _pipeline)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(config_of(self, event))

    def load(self, folder: Path) -> State:
        return state_files.load(folder, self.network, SCHEDULER)


def _loss(network: Network, batch: Batch) -> Tensor:
    """Mean squared error of the velocity (Lipman et al. 2023, equation 23)."""
    t = batch.times.view(-1, *[1] * (batch.rows.ndim - 1))
    here = (1 - t) * batch.noise + t * batch.rows
    told = predict(network, here, TIMES * (1 - batch.times), batch.condition)
    return nn.functional.mse_loss(told, batch.noise - batch.rows)


def integrate(network: Network, latents: Tensor, sample: Sample) -> Tensor:
    """Carry latents (batch, *event) from t = 0 to 1: in equal steps of a rule, or as dopri5 sees fit.

    dopri5's error is that of the whole batch, relative to its root mean square.
    """
    if sample.sampler == "dopri5":
        from torchdiffeq import odeint

        tolerance = {"rtol": sample.rtol or TOLERANCE, "atol": sample.atol or TOLERANCE}
        ends = latents.new_tensor([0.0, 1.0])

        def velocity(t: Tensor, values: Tensor) -> Tensor:
            return _velocity(network, values, float(t))

        reached: Tensor = odeint(velocity, latents, ends, method="dopri5", **tolerance)[1]
        return reached
    rule, steps = RULES[sample.sampler or "midpoint"], sample.steps or STEPS
    values = latents
    for index in range(steps):
        values = values + rule(network, values, index, 1 / steps)
    return values


def _euler(network: Network, values: Tensor, index: int, step: float) -> Tensor:
    return step * _velocity(network, values, index * step)


def _midpoint(network: Network, values: Tensor, index: int, step: float) -> Tensor:
    halfway = values + step / 2 * _velocity(network, values, index * step)
    return step * _velocity(network, halfway, (index + 0.5) * step)


def _heun(network: Network, values: Tensor, index: int, step: float) -> Tensor:
    before = _velocity(network, values, index * step)
    after = _velocity(network, values + step * before, (index + 1) * step)
    return step / 2 * (before + after)


RULES = {"euler": _euler, "midpoint": _midpoint, "heun": _heun}


def _velocity(network: Network, values: Tensor, t: float) -> Tensor:
    times = torch.full((len(values),), TIMES * (1 - t), device=values.device)
    return -predict(network, values, times)


def _pipeline(unet: nn.Module) -> Any:
    """The diffusers pipeline that samples from the U-Net, by Euler steps."""
    from diffusers import DDPMPipeline, FlowMatchEulerDiscreteScheduler

    return DDPMPipeline(unet=unet, scheduler=FlowMatchEulerDiscreteScheduler())
