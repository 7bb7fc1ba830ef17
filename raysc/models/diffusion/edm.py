"""EDM: a network learns to take noise of any strength out of a row in one go (Karras et al. 2022)."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import LINEAR
from raysc.models.diffusion.preconditioning import PRECONDITIONINGS, SIGMA_DATA, SIGMA_MAX, SIGMA_MIN, ladder
from raysc.models.family import Fitted
from raysc.models.networks.architectures import HEAD_CHANNELS, Network, check_sizes, config_of, parameter_count, predict
from raysc.models.neural import state_files
from raysc.models.neural.sampling import BLOCK, sample_rows
from raysc.models.neural.state import State, initial_state, packed
from raysc.models.training import loop, packs
from raysc.models.training.batches import Batch
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams
from raysc.settings import Sample, Train

STEPS = 18


@dataclass(frozen=True)
class Edm:
    """Diffusion with the design of Karras et al. 2022 (arXiv 2206.00364), preconditioning and loss of their Table 1.

    Sampling is their deterministic Heun method (algorithm 1) with ``sample.steps`` steps, 18 unless set, of two network
    evaluations each, one in the last: 18 steps ask the network 35 times, 40 steps 79 times.

    Attributes:
        network: mlp or unet; see ``networks`` for what each of the sizes below belongs to.
        width: units of a hidden layer (mlp).
        depth: hidden layers (mlp).
        channels: channels at full resolution, in steps of 8 (unet).
        multipliers: channels of each level over ``channels`` (unet).
        res_blocks: residual blocks per level (unet).
        attention: heights in pixels of the levels with self-attention, beside the middle (unet).
        head_channels: channels of one attention head (unet).
        preconditioning: with its noise distribution and loss weighting: edm, the paper's own, or vp, that of
            variance-preserving diffusion.
        sigma_data: standard deviation of the rows; those of points are scaled to 0.5 for the network, which is about
            that of images in [-1, 1] (mlp).
    """

    network: Literal["mlp", "unet"] = "mlp"
    width: PositiveInt = 128
    depth: PositiveInt = 3
    channels: PositiveInt = 32
    multipliers: tuple[PositiveInt, ...] = (1, 2)
    res_blocks: PositiveInt = 1
    attention: tuple[PositiveInt, ...] = ()
    head_channels: PositiveInt = HEAD_CHANNELS
    preconditioning: Literal["edm", "vp"] = "edm"
    sigma_data: PositiveFloat = SIGMA_DATA

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK
    samples_by: ClassVar[tuple[str, ...]] = ("steps", "latents")

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.network == "unet" and self.sigma_data != SIGMA_DATA:
            raise InputError("model.sigma_data: goes with network: mlp; images are not scaled")

    def check(self, event: tuple[int, ...]) -> None:
        config_of(self, event)

    def packs(self, event: tuple[int, ...]) -> bool:
        return packed(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        loop.check_train(train, event, self.network)

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(config_of(self, event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        length: int | None = None,
    ) -> Fitted:  # fmt: skip
        run = packs.fit if start.packed else loop.fit
        return run(self.loss, training_set, start, steps, train, streams, length)

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        def sampler(network: Network, latents: Tensor) -> Tensor:
            return self.heun(network, latents, sample.steps or STEPS)

        draw = packs.sample_rows if state.packed else sample_rows
        return draw(sampler, state, first, count, sample, streams)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state, self._scheduler, self._pipeline)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(config_of(self, event))

    def load(self, folder: Path) -> State:
        return state_files.load(folder, self.network, self._scheduler)

    def denoise(self, network: Network, noisy: Tensor, sigma: Tensor, condition: Tensor | None = None) -> Tensor:
        """D(x; sigma), the expected row without noise (equation 7); noisy (batch, *event), sigma (batch,)."""
        skip, out, into, told = PRECONDITIONINGS[self.preconditioning].coefficients(sigma)
        axes = (-1, *[1] * (noisy.ndim - 1))
        return skip.view(axes) * noisy + out.view(axes) * predict(network, into.view(axes) * noisy, told, condition)

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Mean squared error of the denoised rows, weighted by their noise (equation 2 and Table 1)."""
        chosen = PRECONDITIONINGS[self.preconditioning]
        sigma = chosen.drawn(batch.times)
        axes = (-1, *[1] * (batch.rows.ndim - 1))
        rows = batch.rows * (SIGMA_DATA / self.sigma_data)
        clean = self.denoise(network, rows + sigma.view(axes) * batch.noise, sigma, batch.condition)
        return (chosen.weight(sigma).view(axes) * (clean - rows) ** 2).mean()

    def heun(self, network: Network, latents: Tensor, steps: int) -> Tensor:
        """Carry latents (batch, *event), standard normal, to rows (algorithm 1 with sigma(t) = t and s(t) = 1)."""

        def slope(values: Tensor, sigma: float) -> Tensor:
            return (values - self.denoise(network, values, values.new_full((len(values),), sigma))) / sigma

        sigmas = ladder(steps)
        values = latents * sigmas[0]
        for now, then in itertools.pairwise(sigmas):
            here = slope(values, now)
            stepped = values + (then - now) * here
            values = stepped if then == 0 else values + (then - now) / 2 * (here + slope(stepped, then))
        return values * (self.sigma_data / SIGMA_DATA)

    @property
    def _scheduler(self) -> dict[str, Any]:
        """What the network learns, in the words of diffusers' schedulers.

        With vp it tells the noise of a row whose variance is kept, at times of 0 to 999: so does DDPM's.
        """
        if self.preconditioning == "vp":
            return dict(LINEAR)
        return {"_class_name": "EDMEulerScheduler", "prediction_type": "epsilon", "sigma_data": SIGMA_DATA}

    def _pipeline(self, unet: nn.Module) -> Any:
        """A diffusers folder with the fitting scheduler.

        diffusers has no unconditional pipeline that scales its inputs as EDM's schedulers want it: of ``edm`` the
        folder serves to load network and scheduler, of ``vp`` it samples too, by DDIM.
        """
        from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, EDMEulerScheduler

        if self.preconditioning == "vp":
            return DDIMPipeline(unet=unet, scheduler=DDIMScheduler(**LINEAR, timestep_spacing="trailing"))
        sigmas = {"sigma_min": SIGMA_MIN, "sigma_max": SIGMA_MAX, "sigma_data": SIGMA_DATA}
        return DDPMPipeline(unet=unet, scheduler=EDMEulerScheduler(**sigmas))
