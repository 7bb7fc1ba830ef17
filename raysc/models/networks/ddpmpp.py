"""DDPM++: the U-Net of Song et al. 2021 (arXiv 2011.13456), as Karras et al. 2022 (arXiv 2206.00364, table 7) use it.

Residual branches and skip connections are added and scaled by sqrt(1/2). The last convolution of each branch and of the
network starts near 0. Self-attention has a single head. Group normalisation has min(32, C/4) groups. The resolution
changes within residual blocks, by the filter [1, 1]: averages of 2 x 2 pixels, and repeated pixels.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, scaled_dot_product_attention, silu
from torch.utils.checkpoint import checkpoint

from raysc.errors import InputError
from raysc.models.networks.network import AUGMENT_DIM, Config
from raysc.models.networks.unet import UNetSizes, levels_with_attention
from raysc.models.networks.xavier import XavierConv2d, XavierLinear

SKIP_SCALE = sqrt(0.5)
"""Factor of the sum of a branch and its skip connection, which keeps the variance."""
LAST_GAIN, ATTENTION_GAIN = 1e-5, sqrt(0.2)
"""Gains of initial weights: of the last convolution of each branch; of queries, keys and values."""
EPSILON = 1e-6
"""Added to the variance by group normalisation."""
MAX_PERIOD = 10_000


@dataclass(frozen=True)
class BlockPlan:
    """Place and sizes of a residual block.

    Attributes:
        level: halvings of the image before or, going up, after it.
        label: its place in the level: down, up, in0, in1 or block0, block1, ...
        in_channels: channels of its input, those of a skip connection included.
        out_channels: channels of its output.
        attention: self-attention follows.
        resample: change of the resolution at its start.
        takes_skip: the output of an encoder block is concatenated to its input.
    """

    level: int
    label: str
    in_channels: int
    out_channels: int
    attention: bool = False
    resample: Literal["down", "up"] | None = None
    takes_skip: bool = False


def ddpmpp_config(event: tuple[int, ...], sizes: UNetSizes, outputs: int = 1) -> Config:
    """Return the configuration of a DDPM++ for rows of a shape; ``sizes.head_channels`` is not read.

    Args:
        event: shape of a row.
        sizes: sizes of the network.
        outputs: output values per input value, one after the other along the channels.

    Raises:
        InputError: the rows are not images, or cannot be halved as often as the levels need; no level has the height of
            an ``attention`` entry; or channels cannot be divided into groups.
    """
    levels_with_attention("ddpmpp", event, sizes)
    config: Config = {
        "network": "ddpmpp",
        "event": list(event),
        "channels": sizes.channels,
        "multipliers": list(sizes.multipliers),
        "res_blocks": sizes.res_blocks,
        "attention": list(sizes.attention),
        "outputs": outputs,
    }
    encoder, decoder = block_plans(config)
    for channels in (sizes.channels, *(plan.in_channels for plan in (*encoder, *decoder))):
        if channels < 4 or channels % min(32, channels // 4):
            raise InputError(
                f"model.channels: group normalisation of {channels} channels has min(32, C/4) groups of one size; take "
                "a multiple of 4 and, above 128, of 32"
            )
    return config


def block_plans(config: Config) -> tuple[list[BlockPlan], list[BlockPlan]]:
    """Return the blocks of encoder and decoder of a configuration, in the order of the forward pass."""
    height, channels, res_blocks = config["event"][1], config["channels"], config["res_blocks"]
    widths = [channels * multiplier for multiplier in config["multipliers"]]
    attends = [height // 2**level in config["attention"] for level in range(len(widths))]
    encoder, width, skips = [], channels, [channels]
    for level, level_width in enumerate(widths):
        if level:
            encoder.append(BlockPlan(level, "down", width, width, resample="down"))
            skips.append(width)
        for index in range(res_blocks):
            encoder.append(BlockPlan(level, f"block{index}", width, level_width, attends[level]))
            width = level_width
            skips.append(width)
    bottom = len(widths) - 1
    decoder = [BlockPlan(bottom, "in0", width, width, attention=True), BlockPlan(bottom, "in1", width, width)]
    for level in range(bottom, -1, -1):
        if level < bottom:
            decoder.append(BlockPlan(level, "up", width, width, resample="up"))
        for index in range(res_blocks + 1):
            attention = index == res_blocks and attends[level]
            in_channels = width + skips.pop()
            width = widths[level]
            decoder.append(BlockPlan(level, f"block{index}", in_channels, width, attention, takes_skip=True))
    return encoder, decoder


class Ddpmpp(nn.Module):
    """The network; see the module."""

    def __init__(self, config: Config) -> None:
        """Build the layers of a configuration of ``ddpmpp_config``.

        With ``AUGMENT_DIM`` in it, an embedding of augmentation labels is added to that of the times. It has no bias:
        labels of 0 have no effect.
        """
        super().__init__()
        channels, (in_channels, *_) = config["channels"], config["event"]
        self.channels, self._recomputes = channels, False
        if AUGMENT_DIM in config:
            self.augmentation = XavierLinear(config[AUGMENT_DIM], channels, bias=False)
        self.time_1, self.time_2 = XavierLinear(channels, 4 * channels), XavierLinear(4 * channels, 4 * channels)
        encoder, decoder = block_plans(config)
        self.conv_in = XavierConv2d(in_channels, channels, 3)
        self.encoder = nn.ModuleList(ResidualBlock(plan, 4 * channels) for plan in encoder)
        self.decoder = nn.ModuleList(ResidualBlock(plan, 4 * channels) for plan in decoder)
        self.takes_skip = [plan.takes_skip for plan in decoder]
        self.norm_out = group_norm(decoder[-1].out_channels)
        self.conv_out = XavierConv2d(decoder[-1].out_channels, config["outputs"] * in_channels, 3, LAST_GAIN)

    def forward(self, rows: Tensor, times: Tensor, augment_labels: Tensor | None = None) -> Tensor:
        """Map rows (batch, *event) at times (batch,) to (batch, outputs * channels, height, width)."""
        embedding = positional_embedding(times, self.channels)
        if augment_labels is not None:
            embedding = embedding + self.augmentation(augment_labels)
        embedding = silu(self.time_2(silu(self.time_1(embedding))))
        hidden = self.conv_in(rows)
        skips = [hidden]
        for block in self.encoder:
            hidden = self._apply_block(block, hidden, embedding)
            skips.append(hidden)
        for block, takes_skip in zip(self.decoder, self.takes_skip, strict=True):
            hidden = self._apply_block(block, torch.cat([hidden, skips.pop()], 1) if takes_skip else hidden, embedding)
        output: Tensor = self.conv_out(silu(self.norm_out(hidden)))
        return output

    def enable_gradient_checkpointing(self) -> None:
        """Keep the inputs of blocks only, and compute the rest again in the backward pass."""
        self._recomputes = True

    def _apply_block(self, block: nn.Module, hidden: Tensor, embedding: Tensor) -> Tensor:
        recomputes = self._recomputes and torch.is_grad_enabled()
        output: Tensor = (
            checkpoint(block, hidden, embedding, use_reentrant=False) if recomputes else block(hidden, embedding)
        )
        return output


class ResidualBlock(nn.Module):
    """A residual block, with self-attention after it where its plan says so."""

    def __init__(self, plan: BlockPlan, embedding_dim: int) -> None:
        super().__init__()
        in_channels, out_channels = plan.in_channels, plan.out_channels
        self.resample = plan.resample
        self.norm_1 = group_norm(in_channels)
        self.conv_1 = XavierConv2d(in_channels, out_channels, 3)
        self.time = XavierLinear(embedding_dim, out_channels)
        self.norm_2 = group_norm(out_channels)
        self.dropout = nn.Dropout(0.0)  # training replaces it: ``WholeBatchDropout``
        self.conv_2 = XavierConv2d(out_channels, out_channels, 3, LAST_GAIN)
        projects = in_channels != out_channels or plan.resample is not None
        self.skip = XavierConv2d(in_channels, out_channels, 1) if projects else nn.Identity()
        self.attention = SelfAttention(out_channels) if plan.attention else nn.Identity()

    def forward(self, values: Tensor, embedding: Tensor) -> Tensor:
        """Map values (batch, in_channels, height, width), given the embedding (batch, embedding_dim)."""
        hidden = self.conv_1(self._resampled(silu(self.norm_1(values))))
        hidden = silu(self.norm_2(hidden + self.time(embedding)[:, :, None, None]))
        hidden = self.conv_2(self.dropout(hidden))
        output: Tensor = self.attention((hidden + self.skip(self._resampled(values))) * SKIP_SCALE)
        return output

    def _resampled(self, values: Tensor) -> Tensor:
        if self.resample == "down":
            return avg_pool2d(values, 2)
        return interpolate(values, scale_factor=2, mode="nearest") if self.resample == "up" else values


class SelfAttention(nn.Module):
    """Self-attention of one head over all pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.qkv = XavierConv2d(channels, 3 * channels, 1, ATTENTION_GAIN)
        self.proj = XavierConv2d(channels, channels, 1, LAST_GAIN)

    def forward(self, values: Tensor) -> Tensor:
        """Map values (batch, channels, height, width) to the same shape."""
        heads = self.qkv(self.norm(values)).flatten(2).transpose(1, 2)[:, None]
        mixed = scaled_dot_product_attention(*heads.chunk(3, dim=3))[:, 0]
        output: Tensor = (self.proj(mixed.transpose(1, 2).reshape(values.shape)) + values) * SKIP_SCALE
        return output


def group_norm(channels: int) -> nn.GroupNorm:
    """Build group normalisation of min(32, C/4) groups."""
    return nn.GroupNorm(min(32, channels // 4), channels, eps=EPSILON)


def positional_embedding(times: Tensor, dim: int) -> Tensor:
    """Return sines, then cosines of times, (batch, dim); periods grow from 2 pi to 10^4 2 pi, both included."""
    half = dim // 2
    exponents = torch.arange(half, device=times.device, dtype=torch.float32) / max(half - 1, 1)
    angles = times[:, None] * torch.exp(-log(MAX_PERIOD) * exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
