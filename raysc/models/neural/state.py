"""What a neural family hands from one generation to the next."""

from dataclasses import dataclass, field

import torch
from accelerate.state import PartialState

from raysc.models.networks.architectures import Config, Tensors, random_weights
from raysc.rng import Streams


@dataclass(frozen=True)
class State:
    """A neural model with everything that training needs to go on. No tensor of it is ever changed.

    Models of points are packs: every tensor, AdamW's count of steps apart, has the seeds as leading axis.

    Attributes:
        config: its network.
        weights: raw weights by parameter name, float32.
        ema: their exponential moving average, the model that samples; the raw weights where none is kept.
        moments: AdamW's state, "<parameter name>/<entry>"; empty before the first step.
        scaler: the loss scaling of fp16; empty for other precisions.
        steps: optimiser steps since its weights were random.
    """

    config: Config
    weights: Tensors
    ema: Tensors
    moments: Tensors = field(default_factory=dict)
    scaler: dict[str, float] = field(default_factory=dict)
    steps: int = 0

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of a row."""
        return tuple(self.config["event"])

    @property
    def packed(self) -> bool:
        """Whether it is a pack of seeds."""
        return self.config["network"] != "causal_lm" and packed(self.event)

    @property
    def seeds(self) -> int:
        """Seeds of the pack, 1 if it is none."""
        return len(next(iter(self.weights.values()))) if self.packed else 1

    @property
    def device(self) -> torch.device:
        """Where its tensors are."""
        return next(iter(self.weights.values())).device


def packed(event: tuple[int, ...]) -> bool:
    """Whether seeds of models of such rows train together: those of points do."""
    return len(event) == 1


def initial_state(config: Config, streams: Streams) -> State:
    """An untrained state on Accelerate's device: random weights from role "init", EMA equal to them."""
    device = PartialState().device
    drawn = [random_weights(config, generator) for generator in streams.each("init")]
    if packed(tuple(config["event"])):
        weights = {name: torch.stack([one[name] for one in drawn]).to(device) for name in drawn[0]}
    else:
        (alone,) = drawn
        weights = {name: weight.to(device) for name, weight in alone.items()}
    return State(config, weights, weights)
