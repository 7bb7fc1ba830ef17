"""What a neural family hands from one generation to the next."""

from dataclasses import dataclass, field

import torch
from accelerate.state import PartialState

from raysc.models.networks import Config, Tensors, random_weights
from raysc.streams import Streams


@dataclass(frozen=True)
class State:
    """A neural model with everything that training needs to go on. No tensor of it is ever changed.

    Attributes:
        config: its network.
        weights: raw weights by parameter name, float32.
        ema: their exponential moving average, the model that samples; the raw weights where none is kept.
        moments: AdamW's state, "<parameter name>/<entry>"; empty before the first step.
        scaler: the loss scaling of fp16; empty for other precisions.
    """

    config: Config
    weights: Tensors
    ema: Tensors
    moments: Tensors = field(default_factory=dict)
    scaler: dict[str, float] = field(default_factory=dict)

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of a row."""
        return tuple(self.config["event"])

    @property
    def device(self) -> torch.device:
        """Where its tensors are."""
        return next(iter(self.weights.values())).device


def initial_state(config: Config, streams: Streams) -> State:
    """An untrained state on Accelerate's device: random weights from role "init", EMA equal to them."""
    (generator,) = streams.each("init")
    device = PartialState().device
    weights = {name: weight.to(device) for name, weight in random_weights(config, generator).items()}
    return State(config, weights, weights)
