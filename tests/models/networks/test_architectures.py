import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.architectures import config_of, predict, random_weights, with_weights

IMAGE = (1, 8, 8)
UNET = FlowMatching(network="unet", channels=8)


def network_of(family, event, seed=0):
    config = config_of(family, event)
    return with_weights(config, random_weights(config, np.random.default_rng(seed)))


@pytest.mark.parametrize(
    ("family", "event"), [(FlowMatching(width=16), (3,)), (FlowMatching(width=16), IMAGE), (UNET, (3, 8, 4))]
)
def test_a_network_answers_in_the_shape_of_its_rows_and_sees_the_time(family, event):
    network = network_of(family, event)
    rows = torch.ones(5, *event)
    early, late = (predict(network, rows, torch.full((5,), time)) for time in (10.0, 900.0))
    assert early.shape == rows.shape
    assert early.dtype == torch.float32
    assert not torch.allclose(early, late)


def test_the_mlp_tells_times_apart_within_a_batch():
    network = network_of(FlowMatching(width=16), (2,))
    rows = torch.ones(2, 2)
    together = predict(network, rows, torch.tensor([10.0, 900.0]))
    alone = predict(network, rows[:1], torch.tensor([900.0]))
    assert torch.allclose(together[1], alone[0])


@pytest.mark.parametrize("family", [FlowMatching(), UNET])
def test_initial_weights_have_the_spread_of_torchs_own(family):
    config = config_of(family, IMAGE)
    ours = random_weights(config, np.random.default_rng(0))
    with torch.random.fork_rng():
        theirs = {name: torch.empty_like(weight) for name, weight in ours.items()}
        reference = with_weights(config, theirs)
        for module in reference.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    for name, weight in ours.items():
        expected = reference.state_dict()[name]
        if weight.numel() >= 1000:
            assert weight.abs().max() <= 1.05 * expected.abs().max(), name
            assert torch.isclose(weight.std(), expected.std(), rtol=0.1), name
            assert abs(weight.mean()) < 0.1 * weight.std(), name
        elif weight.numel() > 1 and expected.unique().numel() == 1:
            assert torch.equal(weight, expected), name


def test_sizes_of_the_other_kind_of_network_are_refused():
    with pytest.raises(InputError, match=r"model\.channels: .*mlp takes width, depth, not channels"):
        FlowMatching(channels=16)
    with pytest.raises(
        InputError,
        match=r"model\.depth: .*unet takes channels, .*, head_channels, not depth",
    ):
        Ddpm(network="unet", depth=2)


def test_a_unet_needs_images_that_it_can_halve():
    with pytest.raises(InputError, match="unet needs images"):
        config_of(UNET, (2,))
    with pytest.raises(InputError, match="4 levels halve an image 3 times, which 28x28 pixels do not allow"):
        config_of(FlowMatching(network="unet", multipliers=(1, 2, 2, 2)), (1, 28, 28))
