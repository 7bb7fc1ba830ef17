from collections.abc import Callable

import numpy as np
import pytest

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.errors import InputError
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

SEED_0 = Streams((0,), 0)


@pytest.mark.parametrize(
    ("event", "sample", "message"),
    [
        ((2,), Sample(sampler="dopri5"), "sample.sampler: dopri5 chooses its steps by the rows"),
        ((1, 8, 8), Sample(sampler="dopri5", steps=5), "sample.steps: dopri5 chooses its steps itself"),
        ((1, 8, 8), Sample(rtol=1e-3), "sample.rtol: a tolerance goes with sampler: dopri5"),
        ((2,), Sample(sampler="ancestral"), "sample.sampler: flow_matching takes .*, not ancestral"),
    ],
)
def test_settings_of_other_samplers_are_refused(event: tuple[int, ...], sample: Sample, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FlowMatching().check_settings(event, Train(), sample)


def test_images_are_sampled_by_dopri5(digits: TrainingSet) -> None:
    family = FlowMatching(width=16)
    state = family.fit(digits, family.initial((1, 8, 8), SEED_0), range(5), Train(batch=16), SEED_0).state
    dopri5, midpoint = (
        family.sample(state, 0, 2, sample, SEED_0).astype(int)
        for sample in (Sample(sampler="dopri5"), Sample(sampler="midpoint", steps=100))
    )
    assert np.abs(dopri5 - midpoint).max() <= 1


def test_it_learns_eight_gaussians(training_set: Callable[[np.ndarray], TrainingSet]) -> None:
    data = EightGaussians()
    family = FlowMatching(width=64)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    result = family.fit(training_set(data.train([0])[0]), family.initial((2,), SEED_0), range(800), train, SEED_0)
    rows = family.sample(result.state, 0, 1000, Sample(), SEED_0)[0]
    modes = np.round(np.arctan2(rows[:, 1], rows[:, 0]) / (np.pi / 4)).astype(int) % 8
    centres = 4 * np.stack([np.cos(modes * np.pi / 4), np.sin(modes * np.pi / 4)], axis=1)
    near = np.linalg.norm(rows - centres, axis=1) < 3 * 0.5
    assert near.mean() > 0.9
    assert np.bincount(modes[near], minlength=8).min() > 60
