"""The networks of the neural families: a multilayer perceptron for anything small, a U-Net for images.

A network maps rows of noisy values, float32 (batch, *event), and their times, float32 (batch,) in [0, 1000], to an
output of the rows' shape. It is described by a configuration of JSON values, and is built without weights: those are
always a state's.
"""

from collections.abc import Callable
from math import gcd, log, prod
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas

Config = dict[str, Any]
"""What a network is, as JSON values: "network" is its kind, "event" the shape of a row; the rest is its size."""

Tensors = dict[str, Tensor]

Network = Callable[..., Any]
"""A network as a function: a module, or one that is called with other weights than its own."""

TIMES = 1000.0
"""Times run from 0 to this, as those of diffusers' networks do."""

HEAD_CHANNELS = 8
"""Channels of one attention head, as diffusers' U-Nets have them unless told otherwise."""

CONDITIONS = "conditions"
"""Of a configuration: how many numbers a U-Net is told beside the time; it is told none if this is not there."""

MLP_SIZES = ("width", "depth")
UNET_SIZES = ("channels", "multipliers", "res_blocks", "attention", "head_channels")


class Sizes(Protocol):
    """The parameters that a neural family has, whatever it learns.

    Attributes:
        network: the kind of network.
        width: of the perceptron: units of a hidden layer.
        depth: of the perceptron: hidden layers.
        channels: of the U-Net: channels at full resolution.
        multipliers: of the U-Net: channels of each level over ``channels``; each level halves the resolution.
        res_blocks: of the U-Net: residual blocks per level.
        attention: of the U-Net: heights in pixels of the levels that have self-attention, beside the middle.
        head_channels: of the U-Net: channels of one attention head.
    """

    @property
    def network(self) -> Literal["mlp", "unet"]: ...
    @property
    def width(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def multipliers(self) -> tuple[int, ...]: ...
    @property
    def res_blocks(self) -> int: ...
    @property
    def attention(self) -> tuple[int, ...]: ...
    @property
    def head_channels(self) -> int: ...


def check_sizes(sizes: Sizes) -> None:
    """Refuse a size that the chosen kind of network does not have; InputError."""
    own, other = (MLP_SIZES, UNET_SIZES) if sizes.network == "mlp" else (UNET_SIZES, MLP_SIZES)
    for name in other:
        if getattr(sizes, name) != getattr(type(sizes), name):
            raise InputError(f"model.{name}: a network of kind {sizes.network} takes {', '.join(own)}, not {name}")


def config_of(sizes: Sizes, event: tuple[int, ...], outputs: int = 1) -> Config:
    """The configuration of a family's network for rows of some shape.

    Args:
        sizes: the family.
        event: shape of a row.
        outputs: of the U-Net: how many values it says of each value of a row, one after the other along the channels.

    Raises:
        InputError: the rows are no images, or images that the U-Net cannot halve often enough; no level is as high as
            attention wants, or its heads do not fit.
    """
    if sizes.network == "mlp":
        return {"network": "mlp", "event": list(event), "width": sizes.width, "depth": sizes.depth}
    if len(event) != 3:
        raise InputError(f"model.network: unet needs images, and these rows have the shape {event}; use mlp")
    halvings = len(sizes.multipliers) - 1
    if any(side % 2**halvings for side in event[1:]):
        raise InputError(
            f"model.multipliers: {len(sizes.multipliers)} levels halve an image {halvings} times, which "
            f"{event[1]}x{event[2]} pixels do not allow; give fewer"
        )
    heights = [event[1] // 2**level for level in range(halvings + 1)]
    if lacking := [height for height in sizes.attention if height not in heights]:
        raise InputError(
            f"model.attention: no level of the U-Net is {lacking[0]} pixels high; they are "
            f"{', '.join(str(height) for height in heights)}"
        )
    attends = [height in sizes.attention for height in heights]
    widths = [sizes.channels * multiplier for multiplier in sizes.multipliers]
    for width, own in zip(widths, [*attends[:-1], True], strict=True):
        if own and sizes.head_channels != HEAD_CHANNELS and width % sizes.head_channels:
            raise InputError(f"model.head_channels: {width} channels cannot be cut into heads of {sizes.head_channels}")
    return {"network": "unet", "event": list(event), "unet": _unet_config(sizes, event, attends, outputs)}


def _unet_config(sizes: Sizes, event: tuple[int, ...], attends: list[bool], outputs: int) -> Config:
    """The arguments of diffusers' UNet2DModel: residual levels, with self-attention in some and in the middle."""
    channels, height, width = event
    heads = {} if sizes.head_channels == HEAD_CHANNELS else {"attention_head_dim": sizes.head_channels}
    return {
        "sample_size": height if height == width else [height, width],
        "in_channels": channels,
        "out_channels": outputs * channels,
        "block_out_channels": [sizes.channels * multiplier for multiplier in sizes.multipliers],
        "layers_per_block": sizes.res_blocks,
        "down_block_types": ["AttnDownBlock2D" if own else "DownBlock2D" for own in attends],
        "up_block_types": ["AttnUpBlock2D" if own else "UpBlock2D" for own in reversed(attends)],
        "norm_num_groups": gcd(32, sizes.channels),
        **heads,
    }


def build(config: Config) -> nn.Module:
    """The network without weights: until a state's are loaded, parameters are on the meta device or mean nothing."""
    if config["network"] == "spline_flow":
        return _spline_flow(config)
    with torch.device("meta"):
        if config["network"] == "mlp":
            return Mlp(tuple(config["event"]), config["width"], config["depth"])
        declare_missing_schemas()
        from diffusers import UNet2DModel  # takes seconds, which nobody else should wait for

        unet: Any = UNet2DModel(**config["unet"])
        if CONDITIONS in config:
            # where diffusers adds what it knows of classes to the time; no bias: zeros are as good as no layer
            wide = unet.time_embedding.linear_2.out_features
            unet.class_embedding = nn.Linear(config[CONDITIONS], wide, bias=False)
        network: nn.Module = unet
        return network


def _spline_flow(config: Config) -> nn.Module:
    """It has constants too, which the meta device could not hold; so torch draws weights that nobody uses."""
    from raysc.models.networks.spline_flow import (
        SplineFlow,  # zuko takes half a second, which nobody else should wait for
    )

    (dim,) = config["event"]
    with torch.random.fork_rng(devices=[]):
        return SplineFlow(dim, config["transforms"], config["bins"], config["width"], config["depth"])


def parameter_count(config: Config) -> int:
    """How many numbers the network has."""
    return sum(parameter.numel() for parameter in build(config).parameters())


def with_weights(config: Config, weights: Tensors) -> nn.Module:
    """The network with some weights: these very tensors, not copies."""
    network = build(config)
    network.load_state_dict(weights, assign=True)
    return network


def random_weights(config: Config, generator: np.random.Generator) -> Tensors:
    """Initial weights as torch draws them by default, but from a stream: uniform within 1/sqrt(fan-in).

    Normalisations start as the identity.
    """
    weights: Tensors = {}
    for name, module in build(config).named_modules():
        own = dict(module.named_parameters(recurse=False))
        for parameter_name, parameter in own.items():
            shape = tuple(parameter.shape)
            if isinstance(module, nn.Linear | nn.Conv2d):
                bound = prod(module.weight.shape[1:]) ** -0.5
                values = generator.random(shape, dtype=np.float32) * (2 * bound) - bound
            elif isinstance(module, nn.GroupNorm):
                values = np.full(shape, 1.0 if parameter_name == "weight" else 0.0, np.float32)
            else:
                raise TypeError(f"no rule for the initial weights of {type(module).__name__}")
            weights[f"{name}.{parameter_name}"] = torch.from_numpy(np.asarray(values, np.float32))
    return weights


def predict(network: Network, rows: Tensor, times: Tensor, condition: Tensor | None = None) -> Tensor:
    """What a network of either kind says: (batch, *event), like the rows.

    ``condition``: what else it is told, (batch, conditions), if its configuration has conditions.
    """
    output = network(rows, times) if condition is None else network(rows, times, condition)
    prediction: Tensor = output if isinstance(output, Tensor) else output.sample
    return prediction


class Mlp(nn.Module):
    """A multilayer perceptron over flattened rows that is told the time in every hidden layer.

    The rows, scaled by a gate that depends on the time, are added to its output: most of the noise in a row can be
    read off the row itself, and hidden layers narrower than that need not carry it.
    """

    def __init__(self, event: tuple[int, ...], width: int, depth: int) -> None:
        """Args are the shape of a row, units of a hidden layer, and the number of hidden layers."""
        super().__init__()
        self.frequencies = 32
        self.first = nn.Linear(prod(event), width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.times = nn.Linear(2 * self.frequencies, width * depth)
        self.last = nn.Linear(width, prod(event))
        self.gate = nn.Linear(2 * self.frequencies, prod(event))

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        """Maps rows (batch, *event) at times (batch,) in [0, 1000] to (batch, *event)."""
        embedded = _sinusoids(times, self.frequencies)
        shifts = self.times(embedded).chunk(len(self.hidden) + 1, dim=1)
        flat = rows.flatten(1)
        values = nn.functional.silu(self.first(flat) + shifts[0])
        for layer, shift in zip(self.hidden, shifts[1:], strict=True):
            values = nn.functional.silu(layer(values) + shift)
        out: Tensor = self.last(values) + self.gate(embedded) * flat
        return out.view_as(rows)


def _sinusoids(times: Tensor, frequencies: int) -> Tensor:
    """Sines and cosines of the times, (batch, 2 * frequencies); periods rise geometrically from 2 pi to 10^4 2 pi."""
    exponents = torch.arange(frequencies, device=times.device, dtype=torch.float32) / frequencies
    angles = times[:, None] * torch.exp(-log(1e4) * exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
