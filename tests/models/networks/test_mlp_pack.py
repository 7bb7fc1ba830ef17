"""The perceptrons of a pack: outputs and gradients of each seed's network by itself."""

import pytest
import torch
from torch.func import functional_call

from raysc.models.networks.mlp import Mlp
from raysc.models.networks.mlp_pack import forward_pack

SEEDS, BATCH = 3, 5


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("event", [(2,), (1, 4, 4)])
def test_output_and_gradients_of_a_seed_are_those_of_its_network(event: tuple[int, ...], depth: int) -> None:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    network = Mlp(event, width=8, depth=depth).double()
    weights = {name: normal(SEEDS, *value.shape).requires_grad_() for name, value in network.named_parameters()}
    rows, times, targets = normal(SEEDS, BATCH, *event), 1000 * normal(SEEDS, BATCH).abs(), normal(SEEDS, BATCH, *event)

    packed = forward_pack(weights, rows, times)
    alone = torch.stack(
        [
            functional_call(network, {name: value[seed] for name, value in weights.items()}, (rows[seed], times[seed]))
            for seed in range(SEEDS)
        ]
    )
    torch.testing.assert_close(packed, alone)
    gradients, expected = (
        torch.autograd.grad((output - targets).square().sum(), list(weights.values())) for output in (packed, alone)
    )
    for name, gradient, expected_gradient in zip(weights, gradients, expected, strict=True):
        torch.testing.assert_close(gradient, expected_gradient, msg=name)
        assert gradient.is_contiguous(), f"{name}: the optimiser would copy it"
