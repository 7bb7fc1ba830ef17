from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raysc.models.flows.ode import integrate
from raysc.settings import Sample


class VelocityNetwork(nn.Module):
    """A network whose velocity is ``velocity(x, t)``."""

    def __init__(self, velocity: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.velocity = velocity

    def forward(self, rows: Tensor, times: Tensor) -> Tensor:
        return -self.velocity(rows, (1 - times / 1000)[:, None])


def test_the_sampler_integrates_from_noise_to_data() -> None:
    latents = torch.tensor([[0.5, -1.0]])
    linear = VelocityNetwork(lambda x, t: 2 * t + 0 * x)
    assert torch.allclose(integrate(linear, latents, Sample(steps=1)), latents + 1)
    exponential = integrate(VelocityNetwork(lambda x, t: x), latents, Sample(steps=50))
    assert torch.allclose(exponential, latents * np.e, rtol=1e-4)


@pytest.mark.parametrize(("sampler", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_the_rules_have_their_order(sampler: Literal["euler", "midpoint", "heun"], order: int) -> None:
    latents = torch.ones(1, 1, dtype=torch.float64)
    network = VelocityNetwork(lambda x, t: x)
    errors = [
        abs(integrate(network, latents, Sample(sampler=sampler, steps=steps)).item() - np.e) for steps in (20, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)


def test_dopri5_meets_its_tolerance_and_takes_more_evaluations_for_a_smaller_one() -> None:
    times = []

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        times.append(t)
        return torch.cos(8 * t) * x

    latents = torch.tensor([[1.0], [-0.5]], dtype=torch.float64)
    exact = latents * np.exp(np.sin(8) / 8)
    network, tolerances = VelocityNetwork(velocity), (1e-2, 1e-4, 1e-6)
    errors, evaluations = [], []
    for tolerance in tolerances:
        times.clear()
        sample = Sample(sampler="dopri5", rtol=tolerance, atol=tolerance)
        errors.append((integrate(network, latents, sample) - exact).abs().max().item())
        evaluations.append(len(times))
    # The error of one step is within the tolerance; that of the whole integration is a few times as large.
    assert all(error < 30 * tolerance for error, tolerance in zip(errors, tolerances, strict=True))
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert evaluations[0] < evaluations[1] < evaluations[2]
    default = integrate(network, latents, Sample(sampler="dopri5"))
    assert torch.equal(default, integrate(network, latents, Sample(sampler="dopri5", rtol=1e-5, atol=1e-5)))
