"""Every neural family finds the eight Gaussians: all modes, each with its share."""

import numpy as np
import pytest

from raysc.datasets.eight_gaussians import EightGaussians
from raysc.metrics.measure import Real, measure
from raysc.metrics.mode_share_distance import ModeShareDistance
from raysc.metrics.modes import distances
from raysc.metrics.modes_covered import ModesCovered
from raysc.metrics.metric import Vectors
from raysc.metrics.off_mode_mass import OffModeMass
from raysc.models.ddpm import Ddpm
from raysc.models.flow_matching import FlowMatching
from raysc.models.normalizing_flow import NormalizingFlow
from raysc.pool.rows import MemoryBlock, Part, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.streams import Streams
from raysc.sweepfile.settings import Ema, Sample, Train

DATA = EightGaussians(rows=8000)
STREAMS = Streams((0, 1), 0)


@pytest.mark.parametrize(
    ("family", "steps", "off"),
    [
        (Ddpm(), 1200, 0.1),
        (FlowMatching(), 1200, 0.1),
        (FlowMatching(coupling="optimal_transport"), 600, 0.1),
        (NormalizingFlow(), 600, 0.15),
    ],
    ids=["ddpm", "flow_matching", "ot", "normalizing_flow"],
)
def test_all_modes_with_shares_within_three_points(family, steps, off):
    rows = DATA.train(STREAMS.seeds)
    training_set = TrainingSet((Part(Rows(REAL, (MemoryBlock("rows", 0, rows),))),))
    train = Train(batch=256, lr=3e-3, schedule="cosine", ema=Ema(half_life=30))
    state = family.fit(training_set, family.initial((2,), STREAMS), range(steps), train, STREAMS).state
    drawn = family.sample(state, 0, 4096, Sample(), STREAMS)
    found = measure([ModesCovered(), OffModeMass(), ModeShareDistance()], drawn, Real("points", rows, DATA.test(), data=DATA))
    assert found["modes_covered"].tolist() == [8, 8]
    print(found)
    for own in drawn:
        nearest, _ = distances(Vectors(own.astype(np.float64)), *DATA.modes())
        shares = np.bincount(nearest, minlength=8) / len(own)
        assert np.abs(shares - 1 / 8).max() < 0.03
    assert found["off_mode_mass"].max() < off
