"""State of a neural family: the model that one generation passes to the next."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from accelerate.state import PartialState
from torch import Tensor

from raysc.models.networks.build import random_weights
from raysc.models.networks.network import Config, Tensors
from raysc.rng import Streams


@dataclass(frozen=True)
class State:
    """A neural model with everything that training needs to continue. Its tensors are never modified.

    Perceptrons and models of points are packs: every tensor except AdamW's step count has the seeds as leading axis.

    Attributes:
        config: configuration of the network.
        weights: raw weights by parameter name, float32.
        ema: the model that samples: the exponential moving average of the weights, or the raw weights if there is no
            EMA or ``train.ema.samples`` is false.
        moments: AdamW's state, "<parameter name>/<entry>"; empty before the first step.
        scaler: the loss scaling of fp16; empty for other precisions.
        steps: optimiser steps since the weights were random.
        average: the EMA where it is not the model that samples; else empty.
    """

    config: Config
    weights: Tensors
    ema: Tensors
    moments: Tensors = field(default_factory=dict)
    scaler: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    average: Tensors = field(default_factory=dict)

    @property
    def averaged_weights(self) -> Tensors:
        """The EMA of the weights, or the raw weights if there is no EMA."""
        return self.average or self.ema

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of a row."""
        return tuple(self.config["event"])

    @property
    def is_pack(self) -> bool:
        """True if the tensors have a leading seed axis."""
        return has_seed_axis(self.config)

    @property
    def seeds(self) -> int:
        """Seeds of the pack; 1 for a state that is no pack."""
        return len(next(iter(self.weights.values()))) if self.is_pack else 1

    @property
    def device(self) -> torch.device:
        """Device of the tensors."""
        return next(iter(self.weights.values())).device

    def map_tensors(self, function: Callable[[Tensor], Tensor]) -> "State":
        """Return the state with a function applied to each tensor but AdamW's step counts."""

        def apply(tensors: Tensors) -> Tensors:
            return {name: value if name.endswith("/step") else function(value) for name, value in tensors.items()}

        return replace(
            self,
            weights=apply(self.weights),
            ema=apply(self.ema),
            moments=apply(self.moments),
            average=apply(self.average),
        )


def has_seed_axis(config: Config) -> bool:
    """Return whether states of a network have a seed axis: of perceptrons, and of all networks of points."""
    if config["network"] == "guided":
        return has_seed_axis(config["base"])
    return config["network"] == "mlp" or (config["network"] != "causal_lm" and are_points(tuple(config["event"])))


def are_points(event: tuple[int, ...]) -> bool:
    """Return whether rows of a shape are points (one axis)."""
    return len(event) == 1


def initial_state(config: Config, streams: Streams) -> State:
    """Return an untrained state on Accelerate's device: random weights from role "init", EMA equal to them."""
    device = PartialState().device
    seeds = [random_weights(config, generator) for generator in streams.generators("init")]
    if has_seed_axis(config):
        weights = {name: torch.stack([seed[name] for seed in seeds]).to(device) for name in seeds[0]}
    else:
        (seed,) = seeds
        weights = {name: weight.to(device) for name, weight in seed.items()}
    return State(config, weights, weights)
