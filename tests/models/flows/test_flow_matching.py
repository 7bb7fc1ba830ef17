import numpy as np
import pytest
import torch
from torch import nn

from raysc.datasets.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.models.flows.flow_matching import FlowMatching, integrate
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

SEED_0 = Streams((0,), 0)


class Field(nn.Module):
    """Answers as a network whose velocity is ``velocity(x, t)``."""

    def __init__(self, velocity):
        super().__init__()
        self.velocity = velocity

    def forward(self, rows, times):
        return -self.velocity(rows, (1 - times / 1000)[:, None])


def test_the_sampler_integrates_from_noise_to_data():
    latents = torch.tensor([[0.5, -1.0]])
    assert torch.allclose(integrate(Field(lambda x, t: 2 * t + 0 * x), latents, Sample(steps=1)), latents + 1)
    grown = integrate(Field(lambda x, t: x), latents, Sample(steps=50))
    assert torch.allclose(grown, latents * np.e, rtol=1e-4)


@pytest.mark.parametrize(("sampler", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_the_rules_have_their_order(sampler, order):
    one = torch.ones(1, 1, dtype=torch.float64)
    errors = [
        abs(integrate(Field(lambda x, t: x), one, Sample(sampler=sampler, steps=steps)).item() - np.e)
        for steps in (20, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)


def test_dopri5_keeps_its_tolerance_and_spends_more_on_a_smaller_one():
    asked = []

    def velocity(x, t):
        asked.append(t)
        return torch.cos(8 * t) * x

    latents = torch.tensor([[1.0], [-0.5]], dtype=torch.float64)
    exact = latents * np.exp(np.sin(8) / 8)
    errors, calls = [], []
    for tolerance in (1e-2, 1e-4, 1e-6):
        asked.clear()
        sample = Sample(sampler="dopri5", rtol=tolerance, atol=tolerance)
        errors.append((integrate(Field(velocity), latents, sample) - exact).abs().max().item())
        calls.append(len(asked))
    # A step's error is within the tolerance; that of the whole way is a few times as large.
    assert all(error < 30 * tolerance for error, tolerance in zip(errors, (1e-2, 1e-4, 1e-6), strict=True))
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert calls[0] < calls[1] < calls[2]
    default = integrate(Field(velocity), latents, Sample(sampler="dopri5"))
    assert torch.equal(default, integrate(Field(velocity), latents, Sample(sampler="dopri5", rtol=1e-5, atol=1e-5)))


@pytest.mark.parametrize(
    ("event", "sample", "message"),
    [
        ((2,), Sample(sampler="dopri5"), "sample.sampler: dopri5 chooses its steps by the rows"),
        ((1, 8, 8), Sample(sampler="dopri5", steps=5), "sample.steps: dopri5 chooses its steps itself"),
        ((1, 8, 8), Sample(rtol=1e-3), "sample.rtol: a tolerance goes with sampler: dopri5"),
    ],
)
def test_settings_of_other_samplers_are_refused(event, sample, message):
    with pytest.raises(InputError, match=message):
        FlowMatching().check_settings(event, Train(), sample)


def test_images_are_sampled_by_dopri5(digits):
    family = FlowMatching(width=16)
    state = family.fit(digits, family.initial((1, 8, 8), SEED_0), range(5), Train(batch=16), SEED_0).state
    tight, fine = (
        family.sample(state, 0, 2, sample, SEED_0).astype(int)
        for sample in (Sample(sampler="dopri5"), Sample(sampler="midpoint", steps=100))
    )
    assert np.abs(tight - fine).max() <= 1


def test_it_learns_eight_gaussians(training_set):
    data = EightGaussians()
    family = FlowMatching(width=64)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    fitted = family.fit(training_set(data.train([0])[0]), family.initial((2,), SEED_0), range(800), train, SEED_0)
    rows = family.sample(fitted.state, 0, 1000, Sample(), SEED_0)[0]
    angles = np.round(np.arctan2(rows[:, 1], rows[:, 0]) / (np.pi / 4)).astype(int) % 8
    centres = 4 * np.stack([np.cos(angles * np.pi / 4), np.sin(angles * np.pi / 4)], axis=1)
    near = np.linalg.norm(rows - centres, axis=1) < 3 * 0.5
    assert near.mean() > 0.9
    assert np.bincount(angles[near], minlength=8).min() > 60
