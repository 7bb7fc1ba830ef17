"""Multilayer perceptron over flattened rows, conditioned on time."""

from collections.abc import Mapping
from functools import lru_cache
from math import log, prod

import torch
from torch import Tensor, nn

from raysc.models.networks.network import Config

FREQUENCIES = 32
"""Frequencies of the embedding of times; it has a sine and a cosine of each."""


def mlp_config(event: tuple[int, ...], width: int, depth: int) -> Config:
    """Return the configuration of a perceptron for rows of a shape; see ``Mlp``."""
    return {"network": "mlp", "event": list(event), "width": width, "depth": depth}


class Mlp(nn.Module):
    """A multilayer perceptron whose hidden layers are shifted by a function of the time.

    The rows, times a gate that depends on the time, are added to the output. Most of the noise in a row can be read off
    the row itself, so hidden layers narrower than a row need not carry it.
    """

    def __init__(self, event: tuple[int, ...], width: int, depth: int) -> None:
        """Build the layers.

        Args:
            event: shape of a row.
            width: units of a hidden layer.
            depth: number of hidden layers.
        """
        super().__init__()
        self.first = nn.Linear(prod(event), width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.times = nn.Linear(2 * FREQUENCIES, width * depth)
        self.last = nn.Linear(width, prod(event))
        self.gate = nn.Linear(2 * FREQUENCIES, prod(event))

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        """Map rows (batch, *event) at times (batch,) in [0, 1000] to (batch, *event)."""
        embedding = sinusoidal_embedding(_distinct(times))
        shifts = self.times(embedding).chunk(len(self.hidden) + 1, dim=1)
        flat = rows.flatten(1)
        hidden = nn.functional.silu(self.first(flat) + shifts[0])
        for layer, shift in zip(self.hidden, shifts[1:], strict=True):
            hidden = nn.functional.silu(layer(hidden) + shift)
        output: Tensor = self.last(hidden) + self.gate(embedding) * flat
        return output.view_as(rows)


def forward_pack(weights: Mapping[str, Tensor], rows: Tensor, times: Tensor) -> Tensor:
    """Evaluate the perceptrons of a pack of seeds, each on its own rows.

    The output equals that of ``Mlp`` up to rounding. That of a seed does not depend on the weights, rows and times of
    the other seeds; its rounding may depend on how many seeds the pack has.

    Args:
        weights: parameters of ``Mlp`` by name, with the seeds as leading axis.
        rows: (seeds, batch, *event).
        times: in [0, 1000], (seeds, batch).

    Returns:
        (seeds, batch, *event).
    """

    def linear(name: str, bias: Tensor, inputs: Tensor) -> Tensor:
        return torch.baddbmm(bias, inputs, weights[f"{name}.weight"].mT)

    hidden_layers = sum(name.startswith("hidden.") for name in weights) // 2
    layers = ["first", *(f"hidden.{index}" for index in range(hidden_layers))]
    flat = rows.flatten(2)
    embedding = sinusoidal_embedding(times)
    # A layer's bias joins the shift: adding it once a step, not once a row, is a fifth of a small network's step.
    biases = torch.cat([weights[f"{name}.bias"] for name in layers], dim=1) + weights["times.bias"]
    hidden = flat
    for name, shift in zip(layers, linear("times", biases[:, None], embedding).chunk(len(layers), dim=2), strict=True):
        hidden = nn.functional.silu(linear(name, shift, hidden))
    gate = linear("gate", weights["gate.bias"][:, None], embedding)
    return torch.addcmul(linear("last", weights["last.bias"][:, None], hidden), gate, flat).view_as(rows)


def _distinct(times: Tensor) -> Tensor:
    """Return times (..., batch) as (..., 1) if they are one number, expanded: sampling embeds it once, not per row."""
    return times[..., :1] if times.stride(-1) == 0 else times


def sinusoidal_embedding(times: Tensor) -> Tensor:
    """Return sines and cosines of times, (..., 2 * FREQUENCIES); periods grow from 2 pi to 10^4 2 pi."""
    angles = times[..., None] * _angular_frequencies(times.device)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@lru_cache(maxsize=8)
def _angular_frequencies(device: torch.device) -> Tensor:
    """Return frequencies from 1 down to 10^-4, geometric, float32 (FREQUENCIES,)."""
    with torch.inference_mode(False):  # the first call may be one of sampling, and training reads the tensor too
        exponents = torch.arange(FREQUENCIES, device=device, dtype=torch.float32) / FREQUENCIES
        return torch.exp(-log(1e4) * exponents)
