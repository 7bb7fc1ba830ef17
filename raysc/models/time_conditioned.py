"""Base class of ddpm, edm and flow_matching: families with a network that is conditioned on time."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from accelerate.state import PartialState
from pydantic import PositiveInt
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.models.checkpoint_files.read import load_checkpoint
from raysc.models.family import FitResult
from raysc.models.networks.build import parameter_count
from raysc.models.networks.cfm_unet import cfm_unet_config
from raysc.models.networks.ddpmpp import ddpmpp_config
from raysc.models.networks.mlp import mlp_config
from raysc.models.networks.network import Config, Network
from raysc.models.networks.unet import HEAD_CHANNELS, UNetSizes, unet_config
from raysc.models.neural import state_files
from raysc.models.neural.guidance import guided_state
from raysc.models.neural.sampling import BLOCK, sample_rows
from raysc.models.neural.state import State, are_points, initial_state
from raysc.models.training import loop, packs
from raysc.models.training.batches import Batch, Batches
from raysc.models.training.coupling import Coupling
from raysc.models.training.validation import check_train, unpacked_settings
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Guide, Sample, Train

MLP_SIZES = ("width", "depth")
UNET_SIZES = ("channels", "multipliers", "res_blocks", "attention", "head_channels")
SIZES = {"mlp": MLP_SIZES, "unet": UNET_SIZES, "ddpmpp": UNET_SIZES[:-1], "cfm_unet": UNET_SIZES}
"""Fields with the sizes of each kind of network."""
MAX_PACKED_PARAMETERS = 2**19
"""Parameters of the largest network of images that trains in packs: a larger one uses a core fully by itself."""


@dataclass(frozen=True)
class TimeConditionedFamily(ABC):
    """A trained family whose network maps a noisy row x_t and its time t to a prediction.

    A subclass defines the loss, the sampler, and the diffusers scheduler that fits the network's output.

    Attributes:
        network: mlp; or, for images, unet, that of diffusers, ddpmpp, that of Song et al. 2021 and Karras et al. 2022,
            or, for flow_matching, cfm_unet, that of torchcfm.
        width: units of a hidden layer (mlp).
        depth: hidden layers (mlp).
        channels: channels at full resolution, a multiple of 8 (all but mlp).
        multipliers: channels of each level over ``channels``; each level halves the resolution (all but
            mlp).
        res_blocks: residual blocks per level (all but mlp).
        attention: heights in pixels of the levels with self-attention, apart from the middle block (all but
            mlp).
        head_channels: channels of one attention head (unet, cfm_unet); ddpmpp has a single head.
    """

    network: Literal["mlp", "unet", "ddpmpp", "cfm_unet"] = "mlp"
    width: PositiveInt = 128
    depth: PositiveInt = 3
    channels: PositiveInt = 32
    multipliers: tuple[PositiveInt, ...] = (1, 2)
    res_blocks: PositiveInt = 1
    _: KW_ONLY  # keyword-only fields follow a subclass's positional fields in its signature
    attention: tuple[PositiveInt, ...] = ()
    head_channels: PositiveInt = HEAD_CHANNELS

    trained: ClassVar[bool] = True
    block: ClassVar[int] = BLOCK

    def __post_init__(self) -> None:
        """Raise InputError at a size that the chosen kind of network does not have."""
        sizes = SIZES[self.network]
        for name in (*MLP_SIZES, *UNET_SIZES):
            if name not in sizes and getattr(self, name) != getattr(type(self), name):
                raise InputError(f"model.{name}: a network of kind {self.network} takes {', '.join(sizes)}, not {name}")

    @abstractmethod
    def errors(self, network: Network, batch: Batch) -> Tensor:
        """Compute the error of each value of a batch, (batch, *event); their mean is the loss."""

    def loss(self, network: Network, batch: Batch) -> Tensor:
        """Compute the loss of a batch, a scalar."""
        return self.errors(network, batch).mean()

    @abstractmethod
    def sampler(self, sample: Sample) -> Callable[..., Tensor]:
        """Return the sampler, (network, latents) -> values; see ``sample_rows``."""

    @property
    @abstractmethod
    def scheduler(self) -> dict[str, Any]:
        """Prediction target of the network, as a configuration of diffusers' schedulers."""

    @abstractmethod
    def pipeline(self, unet: nn.Module) -> Any:
        """Return a diffusers pipeline of a U-Net with its scheduler."""

    def is_stochastic(self, sample: Sample) -> bool:
        """Return True if the sampler adds noise in its steps."""
        return False

    @property
    def noise_coupling(self) -> Coupling | None:
        """Pairing of a batch's noise with its rows; None: as they were drawn."""
        return None

    @property
    def outputs(self) -> int:
        """Output values of the network per input value."""
        return 1

    def network_config(self, event: tuple[int, ...]) -> Config:
        """Return the configuration of the network for rows of a shape; InputError if it cannot model them."""
        if self.network == "mlp":
            return mlp_config(event, self.width, self.depth)
        sizes = UNetSizes(self.channels, self.multipliers, self.res_blocks, self.attention, self.head_channels)
        if self.network == "ddpmpp":
            return ddpmpp_config(event, sizes, self.outputs)
        return cfm_unet_config(event, sizes) if self.network == "cfm_unet" else unet_config(event, sizes, self.outputs)

    def check(self, event: tuple[int, ...]) -> None:
        self.network_config(event)

    def can_pack(self, event: tuple[int, ...]) -> bool:
        small = self.network == "mlp" and self.parameter_count(event) <= MAX_PACKED_PARAMETERS
        return are_points(event) or small

    def packs_settings(self, event: tuple[int, ...], train: Train) -> bool:
        return are_points(event) or not unpacked_settings(train)

    def trains_single_seeds(self, event: tuple[int, ...]) -> bool:
        return not are_points(event)

    def check_settings(self, event: tuple[int, ...], train: Train, sample: Sample) -> None:
        check_train(train, event, self.network)
        if sample.precision != "fp32" and are_points(event):
            raise InputError(f"sample.precision: networks of points sample in plain float32, not {sample.precision}")

    def initial(self, event: tuple[int, ...], streams: Streams) -> State:
        return initial_state(self.network_config(event), streams)

    def fit(
        self, training_set: TrainingSet, start: State, steps: range, train: Train, streams: Streams,
        total_steps: int | None = None,
    ) -> FitResult:  # fmt: skip
        if start.is_pack and self._trains_as_pack(start, train):
            loss = packs.perceptron_loss(self.errors)
            fitted = packs.fit(loss, training_set, start, steps, train, streams, total_steps, self.noise_coupling)
            return fitted if are_points(start.event) else _mark_diverged(fitted)
        batches = partial(Batches, coupling=self.noise_coupling)
        return loop.fit(self.loss, training_set, start, steps, train, streams, total_steps, make_batches=batches)

    def _trains_as_pack(self, start: State, train: Train) -> bool:
        """Return whether a state trains as a pack; one of several seeds does so on each of several ranks."""
        return start.seeds > 1 or (PartialState().num_processes == 1 and self.packs_settings(start.event, train))

    def sample(self, state: State, first: int, count: int, sample: Sample, streams: Streams) -> np.ndarray:
        arguments = first, count, sample
        if are_points(state.event):
            return packs.sample_rows(self.sampler(sample), state, *arguments, streams, self.is_stochastic(sample))

        def sample_seed(index: int) -> np.ndarray:
            single = state.map_tensors(lambda tensor: tensor[index]) if state.is_pack else state
            if state.seeds > 1 and not all(tensor.isfinite().all() for tensor in single.ema.values()):
                return np.zeros((1, count, *state.event), np.uint8)  # a seed that has diverged
            seed_streams = streams.select_seeds(slice(index, index + 1))
            return sample_rows(self.sampler(sample), single, *arguments, seed_streams, self.is_stochastic(sample))

        return np.concatenate([sample_seed(index) for index in range(len(streams.seeds))])

    def guided_state(self, base: State, state: State, guide: Guide) -> State:
        """Return the state of negative guidance (SIMS, Alemohammad et al. 2024, and Neon, Alemohammad et al. 2025).

        The network's output, noise or velocity, is an affine function of the score, whose coefficients depend on x_t
        and t alone, and 1 + w and -w sum to 1. So extrapolated outputs are those of the extrapolated score.
        """
        return guided_state(base, state, guide)

    def save(self, state: State, folder: Path, training_state: bool) -> None:
        state_files.save(state, folder, training_state, self.scheduler, self.pipeline)

    def load(self, folder: Path) -> State:
        if folder.is_file():
            return load_checkpoint(folder, self.network, self.scheduler)
        return state_files.load(folder, self.network, self.scheduler)

    def parameter_count(self, event: tuple[int, ...]) -> int:
        return parameter_count(self.network_config(event))


def _mark_diverged(fitted: FitResult) -> FitResult:
    """Return a fit of images with NaN for the EMA weights of diverged seeds: ``sample`` draws no rows of them."""
    diverged = torch.from_numpy(np.asarray(fitted.diverged)).to(fitted.state.device)
    if not diverged.any():
        return fitted
    ema = {
        name: value.masked_fill(diverged.view(-1, *[1] * (value.ndim - 1)), nan)
        for name, value in fitted.state.ema.items()
    }
    return replace(fitted, state=replace(fitted.state, ema=ema))
