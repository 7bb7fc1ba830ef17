from dataclasses import replace
from typing import Any

import pytest

from raysc.errors import InputError
from raysc.models.networks.unet import UNetSizes, unet_config


def sizes(**changes: Any) -> UNetSizes:
    defaults = UNetSizes(channels=8, multipliers=(1, 2), res_blocks=1, attention=(), head_channels=8)
    return replace(defaults, **changes)


def test_a_unet_needs_images_that_it_can_halve() -> None:
    with pytest.raises(InputError, match="unet needs images"):
        unet_config((2,), sizes())
    with pytest.raises(InputError, match=r"model\.multipliers: a U-Net has at least one level"):
        unet_config((1, 28, 28), sizes(multipliers=()))
    with pytest.raises(InputError, match="4 levels halve an image 3 times, which 28x28 pixels do not allow"):
        unet_config((1, 28, 28), sizes(multipliers=(1, 2, 2, 2)))


def test_attention_needs_a_level_of_its_height_and_channels_that_heads_divide() -> None:
    config = unet_config((3, 16, 8), sizes(attention=(8,), head_channels=4), outputs=2)["unet"]
    assert config["down_block_types"] == ["DownBlock2D", "AttnDownBlock2D"]
    assert config["up_block_types"] == ["AttnUpBlock2D", "UpBlock2D"]
    assert (config["sample_size"], config["out_channels"], config["attention_head_dim"]) == ([16, 8], 6, 4)
    with pytest.raises(InputError, match=r"model\.attention: no level of the U-Net is 4 pixels high; they are 16, 8"):
        unet_config((3, 16, 16), sizes(attention=(4,)))
    with pytest.raises(InputError, match=r"model\.head_channels: 16 channels cannot be divided into heads of 5"):
        unet_config((3, 16, 16), sizes(head_channels=5))
