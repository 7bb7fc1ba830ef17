"""U-Net for images: diffusers' UNet2DModel, with sizes checked against the images."""

from dataclasses import dataclass
from math import gcd
from typing import Any

from torch import nn

from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.networks.network import AUGMENT_DIM, Config

HEAD_CHANNELS = 8
"""Channels of one attention head, the default of diffusers."""


@dataclass(frozen=True)
class UNetSizes:
    """Sizes of a U-Net.

    Attributes:
        channels: channels at full resolution.
        multipliers: channels of each level over ``channels``; each level halves the resolution.
        res_blocks: residual blocks per level.
        attention: heights in pixels of the levels with self-attention, apart from the middle block, which has it.
        head_channels: channels of one attention head.
    """

    channels: int
    multipliers: tuple[int, ...]
    res_blocks: int
    attention: tuple[int, ...]
    head_channels: int


def unet_config(event: tuple[int, ...], sizes: UNetSizes, outputs: int = 1) -> Config:
    """Return the configuration of a U-Net for rows of a shape.

    Args:
        event: shape of a row.
        sizes: sizes of the network.
        outputs: output values per input value, one after the other along the channels.

    Raises:
        InputError: the rows are not images, or cannot be halved as often as the levels need; no level has the height of
            an ``attention`` entry; or the channels of a level with attention cannot be divided into heads.
    """
    has_attention = levels_with_attention("unet", event, sizes)
    widths = [sizes.channels * multiplier for multiplier in sizes.multipliers]
    for width, attends in zip(widths, [*has_attention[:-1], True], strict=True):
        if attends and sizes.head_channels != HEAD_CHANNELS and width % sizes.head_channels:
            raise InputError(
                f"model.head_channels: {width} channels cannot be divided into heads of {sizes.head_channels}"
            )
    return {"network": "unet", "event": list(event), "unet": _diffusers_config(event, sizes, has_attention, outputs)}


def levels_with_attention(network: str, event: tuple[int, ...], sizes: UNetSizes) -> list[bool]:
    """Return for each level whether it has self-attention.

    Raises:
        InputError: the rows are not images, or cannot be halved as often as the levels need; or there are no levels, or
            ``attention`` names the height of none.
    """
    if len(event) != 3:
        raise InputError(f"model.network: {network} needs images, and these rows have the shape {event}; use mlp")
    if not sizes.multipliers:
        raise InputError("model.multipliers: a U-Net has at least one level; give a number for each")
    halvings = len(sizes.multipliers) - 1
    if any(side % 2**halvings for side in event[1:]):
        raise InputError(
            f"model.multipliers: {len(sizes.multipliers)} levels halve an image {halvings} times, which "
            f"{event[1]}x{event[2]} pixels do not allow; give fewer"
        )
    heights = [event[1] // 2**level for level in range(len(sizes.multipliers))]
    if unknown := [height for height in sizes.attention if height not in heights]:
        raise InputError(
            f"model.attention: no level of the U-Net is {unknown[0]} pixels high; they are "
            f"{', '.join(str(height) for height in heights)}"
        )
    return [height in sizes.attention for height in heights]


def _diffusers_config(
    event: tuple[int, ...], sizes: UNetSizes, has_attention: list[bool], outputs: int
) -> dict[str, Any]:
    """Return the arguments of diffusers' UNet2DModel: residual levels, some with self-attention."""
    channels, height, width = event
    heads = {} if sizes.head_channels == HEAD_CHANNELS else {"attention_head_dim": sizes.head_channels}
    return {
        "sample_size": height if height == width else [height, width],
        "in_channels": channels,
        "out_channels": outputs * channels,
        "block_out_channels": [sizes.channels * multiplier for multiplier in sizes.multipliers],
        "layers_per_block": sizes.res_blocks,
        "down_block_types": ["AttnDownBlock2D" if attends else "DownBlock2D" for attends in has_attention],
        "up_block_types": ["AttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(has_attention)],
        "norm_num_groups": gcd(32, sizes.channels),
        **heads,
    }


def build_unet(config: Config) -> nn.Module:
    """Build the U-Net; with ``AUGMENT_DIM`` in the configuration, it has an embedding of augmentation labels."""
    declare_missing_schemas()
    from diffusers import UNet2DModel  # imported here: it takes seconds

    unet: Any = UNet2DModel(**config["unet"])
    if AUGMENT_DIM in config:
        # diffusers adds the class embedding to the time embedding. No bias: zero labels then have no effect.
        embedding_dim = unet.time_embedding.linear_2.out_features
        unet.class_embedding = nn.Linear(config[AUGMENT_DIM], embedding_dim, bias=False)
    network: nn.Module = unet
    return network
