"""DDPM++: sizes of the papers to the unit, and outputs of the formulas written out in ``tests/public_networks.py``."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.models.networks.build import parameter_count, random_weights, with_weights
from raysc.models.networks.ddpmpp import Ddpmpp, ddpmpp_config
from raysc.models.networks.network import AUGMENT_DIM
from raysc.models.networks.unet import UNetSizes

SMALL = UNetSizes(channels=8, multipliers=(1, 2), res_blocks=1, attention=(4,), head_channels=8)
PAPER = UNetSizes(channels=128, multipliers=(2, 2, 2), res_blocks=4, attention=(16,), head_channels=8)


@pytest.mark.parametrize(
    ("side", "multipliers", "count"), [(32, (2, 2, 2), 55_733_891), (64, (1, 2, 2, 2), 61_805_571)]
)
def test_the_networks_of_the_papers_have_their_parameters(side: int, multipliers: tuple[int, ...], count: int) -> None:
    config = ddpmpp_config((3, side, side), replace(PAPER, multipliers=multipliers))
    assert parameter_count(config | {AUGMENT_DIM: 9}) == count
    assert parameter_count(config) == count - 9 * 128


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="ddpmpp needs images"):
        ddpmpp_config((2,), SMALL)
    with pytest.raises(InputError, match=r"model\.channels: group normalisation of 18 channels has min\(32, C/4\)"):
        ddpmpp_config((3, 8, 8), replace(SMALL, channels=18))
    with pytest.raises(InputError, match=r"model\.attention: no level of the U-Net is 16 pixels high"):
        ddpmpp_config((3, 8, 8), replace(SMALL, attention=(16,)))


def test_last_convolutions_start_near_0_and_the_rest_by_xavier() -> None:
    weights = random_weights(ddpmpp_config((3, 8, 8), SMALL), np.random.default_rng(0))
    for name, tensor in weights.items():
        if name.endswith("bias"):
            assert not tensor.any()
        elif "norm" not in name:
            fans = (tensor.shape[0] + tensor.shape[1]) * tensor[0, 0].numel()
            gain = 1e-5 if "conv_2" in name or "proj" in name or "conv_out" in name else 1.0
            gain = 0.2**0.5 if "qkv" in name else gain
            bound = gain * (6 / fans) ** 0.5
            assert 0.8 * bound < tensor.abs().max() <= bound * (1 + 1e-6), name


def test_gradient_checkpointing_changes_no_gradient() -> None:
    config = ddpmpp_config((3, 8, 8), SMALL)
    weights = random_weights(config, np.random.default_rng(0))
    rows, times = torch.randn(2, 3, 8, 8), torch.tensor([3.0, 700.0])
    gradients = []
    for recomputes in (False, True):
        network = with_weights(config, {name: tensor.clone() for name, tensor in weights.items()})
        assert isinstance(network, Ddpmpp)
        if recomputes:
            network.enable_gradient_checkpointing()
        network(rows, times).square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)
