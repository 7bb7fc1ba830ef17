import itertools
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from raysc.models.diffusion.noise_schedule import COSINE, LINEAR, Betas, compute_alphas_cumprod, compute_timesteps


@pytest.mark.parametrize(("betas", "schedule"), [("linear", LINEAR), ("cosine", COSINE)])
def test_the_noise_schedules_are_those_of_diffusers(betas: Betas, schedule: dict[str, Any]) -> None:
    expected = DDIMScheduler(**schedule).alphas_cumprod
    assert torch.allclose(compute_alphas_cumprod(betas), expected, rtol=1e-4, atol=1e-9)


def test_the_cosine_schedule_is_that_of_the_formula() -> None:
    time = np.arange(1, 1001) / 1000
    alphas_cumprod = np.cos((time + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(compute_alphas_cumprod("cosine")[:-1], alphas_cumprod[:-1], rtol=1e-4, atol=1e-7)
    assert 0 < compute_alphas_cumprod("cosine")[-1] < 1e-5  # the largest beta is clipped, so it is not the formula's 0


def test_quadratic_timesteps_are_the_squares_of_even_strides_up_to_800() -> None:
    assert compute_timesteps(5, "quadratic") == [800, 450, 200, 50, 0]
    timesteps = compute_timesteps(100, "quadratic")
    assert timesteps[:3] == [800, 783, 768]
    assert timesteps[-3:] == [2, 1, 0]
    assert all(before > after for before, after in itertools.pairwise(timesteps))
    roots = np.sqrt(np.array(timesteps[:60]))
    assert np.abs(-np.diff(roots) - 800**0.5 / 99).max() < 0.05


def test_rounded_quadratic_timesteps_keep_equal_ones() -> None:
    assert compute_timesteps(5, "quadratic_rounded") == [800, 450, 200, 50, 0]
    timesteps = compute_timesteps(100, "quadratic_rounded")
    assert len(timesteps) == 100
    assert timesteps[:3] == [800, 784, 768]
    assert timesteps[-6:] == [2, 1, 1, 0, 0, 0]
