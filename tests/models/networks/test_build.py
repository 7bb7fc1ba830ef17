import numpy as np
import pytest
import torch
from torch import nn

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import random_weights, with_weights
from raysc.models.networks.network import predict

IMAGE = (1, 8, 8)
UNET = FlowMatching(network="unet", channels=8)


def network_of(family: FlowMatching, event: tuple[int, ...]) -> nn.Module:
    config = family.network_config(event)
    return with_weights(config, random_weights(config, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("family", "event"), [(FlowMatching(width=16), (3,)), (FlowMatching(width=16), IMAGE), (UNET, (3, 8, 4))]
)
def test_the_output_has_the_shape_of_the_rows_and_depends_on_the_time(
    family: FlowMatching, event: tuple[int, ...]
) -> None:
    network = network_of(family, event)
    rows = torch.ones(5, *event)
    early, late = (predict(network, rows, torch.full((5,), time)) for time in (10.0, 900.0))
    assert early.shape == rows.shape
    assert early.dtype == torch.float32
    assert not torch.allclose(early, late)


def test_the_times_of_a_batch_may_differ() -> None:
    network = network_of(FlowMatching(width=16), (2,))
    rows = torch.ones(2, 2)
    batch = predict(network, rows, torch.tensor([10.0, 900.0]))
    single = predict(network, rows[:1], torch.tensor([900.0]))
    assert torch.allclose(batch[1], single[0])


@pytest.mark.parametrize("family", [FlowMatching(), UNET])
def test_initial_weights_have_the_spread_of_torchs_own(family: FlowMatching) -> None:
    config = family.network_config(IMAGE)
    weights = random_weights(config, np.random.default_rng(0))
    with torch.random.fork_rng():
        reference = with_weights(config, {name: torch.empty_like(weight) for name, weight in weights.items()})
        for module in reference.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.GroupNorm):
                module.reset_parameters()
    for name, weight in weights.items():
        expected = reference.state_dict()[name]
        if weight.numel() >= 1000:
            assert weight.abs().max() <= 1.05 * expected.abs().max(), name
            assert torch.isclose(weight.std(), expected.std(), rtol=0.1), name
            assert abs(weight.mean()) < 0.1 * weight.std(), name
        elif weight.numel() > 1 and expected.unique().numel() == 1:
            assert torch.equal(weight, expected), name
