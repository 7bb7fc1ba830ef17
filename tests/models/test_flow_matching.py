import numpy as np
import pytest
import torch
from torch import nn

from raysc.datasets.eight_gaussians import EightGaussians
from raysc.models.flow_matching import FlowMatching, midpoint
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Sample, Train

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
    assert torch.allclose(midpoint(Field(lambda x, t: 2 * t + 0 * x), latents, 1), latents + 1)
    grown = midpoint(Field(lambda x, t: x), latents, 50)
    assert torch.allclose(grown, latents * np.e, rtol=1e-4)


def test_the_sampler_is_of_second_order():
    errors = [
        abs(midpoint(Field(lambda x, t: x), torch.ones(1, 1, dtype=torch.float64), steps).item() - np.e)
        for steps in (10, 20)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


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
