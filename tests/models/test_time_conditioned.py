"""Base of ddpm, edm and flow_matching: their sizes and their signatures."""

import inspect

import pytest

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching

SIZES = ["network", "width", "depth", "channels", "multipliers", "res_blocks"]


def test_sizes_of_the_other_kind_of_network_are_refused() -> None:
    with pytest.raises(InputError, match=r"model\.channels: .*mlp takes width, depth, not channels"):
        FlowMatching(channels=16)
    with pytest.raises(
        InputError,
        match=r"model\.depth: .*unet takes channels, .*, head_channels, not depth",
    ):
        Ddpm(network="unet", depth=2)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        (Ddpm, [*SIZES, "attention", "head_channels", "betas", "variance"]),
        (Edm, [*SIZES, "attention", "head_channels", "preconditioning", "sigma_data"]),
        (FlowMatching, [*SIZES, "coupling", "attention", "head_channels"]),
    ],
)
def test_parameters_have_the_order_that_raysc_list_shows(family: type, parameters: list[str]) -> None:
    assert list(inspect.signature(family).parameters) == parameters
