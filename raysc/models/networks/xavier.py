"""Layers whose initial weights are uniform by Glorot and Bengio 2010: within gain * sqrt(6 / (fan_in + fan_out))."""

from math import prod
from typing import Any

import numpy as np
from torch import nn


class XavierLinear(nn.Linear):
    """A linear layer that starts with Xavier-uniform weights and biases of 0; ``gain`` scales the weights."""

    gain = 1.0


class XavierConv2d(nn.Conv2d):
    """A convolution that keeps height and width; it starts as ``XavierLinear`` does."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, gain: float = 1.0) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.gain = gain


def draw_xavier(module: Any, parameter_name: str, generator: np.random.Generator) -> np.ndarray:
    """Draw initial values of a parameter of one of the layers, float32."""
    shape = tuple(getattr(module, parameter_name).shape)
    if parameter_name == "bias":
        return np.zeros(shape, np.float32)
    fan_in, fan_out = prod(shape[1:]), shape[0] * prod(shape[2:])
    bound = module.gain * (6 / (fan_in + fan_out)) ** 0.5
    values: np.ndarray = (generator.random(shape, dtype=np.float32) * 2 - 1) * np.float32(bound)
    return values
