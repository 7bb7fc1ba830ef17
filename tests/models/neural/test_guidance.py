"""Negative guidance between two states: extrapolated outputs and weights."""

from typing import Any

import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import with_weights
from raysc.models.neural.guidance import guided_state
from raysc.rng import Streams
from raysc.settings import Guide, Sample, Train

STREAMS, SAMPLE = Streams((0,), 1), Sample(steps=2)
FAMILIES = {"ddpm": Ddpm(width=8, depth=1), "edm": Edm(width=8, depth=1), "flow": FlowMatching(width=8, depth=1)}
IMAGES = {"unet": FlowMatching(network="unet", channels=8, multipliers=(1,))}


def states(family: Any, event: tuple[int, ...]) -> tuple[Any, Any]:
    """Return two states with different weights."""
    return family.initial(event, Streams((0,), 0)), family.initial(event, Streams((0,), 1))


@pytest.mark.parametrize("of", ["outputs", "weights"])
@pytest.mark.parametrize(
    ("name", "event"), [("ddpm", (2,)), ("edm", (2,)), ("flow", (2,)), ("flow", (1, 8, 8)), ("unet", (1, 8, 8))]
)
def test_the_factors_0_and_minus_1_sample_one_of_the_two_states(name: str, event: tuple[int, ...], of: Any) -> None:
    family = {**FAMILIES, **IMAGES}[name]
    base, state = states(family, event)
    for weight, expected in ((0.0, base), (-1.0, state)):
        guided = family.guided_state(base, state, Guide(weight=weight, of=of))
        rows = [family.sample(each, 0, 20, SAMPLE, STREAMS).astype(float) for each in (guided, expected)]
        np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)


def test_outputs_are_extrapolated_in_each_evaluation() -> None:
    base, state = states(FAMILIES["flow"], (1, 8, 8))
    guided = guided_state(base, state, Guide(weight=0.75))
    rows, times = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([0.0, 10.0, 900.0])
    singles = [each.map_tensors(lambda tensor: tensor[0]) for each in (base, state, guided)]
    networks = [with_weights(each.config, each.ema) for each in singles]
    outputs = [network(rows, times) for network in networks]
    torch.testing.assert_close(outputs[2], 1.75 * outputs[0] - 0.75 * outputs[1])
    sampled = [FAMILIES["flow"].sample(each, 0, 20, SAMPLE, STREAMS) for each in (base, guided)]
    assert not np.array_equal(sampled[0], sampled[1])


def test_weights_are_extrapolated_and_neither_state_is_changed() -> None:
    base, state = states(FAMILIES["flow"], (2,))
    before = {name: tensor.clone() for name, tensor in base.ema.items()}
    guided = guided_state(base, state, Guide(weight=0.5, of="weights"))
    for name, tensor in guided.ema.items():
        torch.testing.assert_close(tensor, 1.5 * before[name] - 0.5 * state.ema[name])
        torch.testing.assert_close(base.ema[name], before[name])


def test_a_learned_variance_is_refused() -> None:
    family = Ddpm(network="ddpmpp", channels=8, variance="learned")
    with pytest.raises(InputError, match=r"sample\.guide: a learned variance cannot be extrapolated"):
        family.check_settings((1, 8, 8), Train(), Sample(guide=Guide(weight=0.5)))
    family.check_settings((1, 8, 8), Train(), Sample(guide=Guide(weight=0.5, of="weights")))
