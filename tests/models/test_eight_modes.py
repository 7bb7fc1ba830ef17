"""Every neural family learns the eight Gaussians: all modes, each with its share."""

import numpy as np
import pytest

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Vectors
from raysc.metrics.modes.modes_covered import ModesCovered
from raysc.metrics.modes.nearest import nearest_modes
from raysc.metrics.modes.off_mode_mass import OffModeMass
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

pytestmark = pytest.mark.slow

# With these numbers of rows the shares of the training set and of the samples vary by half a percentage point.
DATA, SAMPLES = EightGaussians(rows=8000), 4096
STREAMS = Streams((0, 1), 0)


@pytest.mark.parametrize(
    ("family", "steps", "batch", "lr"),
    [
        (Ddpm(width=64), 1200, 256, 3e-3),
        (FlowMatching(width=64), 1200, 256, 3e-3),
        (FlowMatching(width=64, coupling="optimal_transport"), 600, 128, 3e-3),
        (Edm(width=64, sigma_data=3.0), 1200, 256, 5e-3),
        (NormalizingFlow(width=32), 400, 256, 5e-3),
    ],
    ids=["ddpm", "flow_matching", "ot", "edm", "normalizing_flow"],
)
def test_all_modes_with_shares_within_three_points(family: TrainedFamily, steps: int, batch: int, lr: float) -> None:
    rows = DATA.train(STREAMS.seeds)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("rows", 0, rows),)),))
    train = Train(batch=batch, lr=lr, schedule="cosine", ema=Ema(half_life=30))
    state = family.fit(training_set, family.initial((2,), STREAMS), range(steps), train, STREAMS).state
    samples = family.sample(state, 0, SAMPLES, Sample(), STREAMS)
    real = RealSets("points", rows, DATA.test(), data=DATA)
    values = measure([ModesCovered(), OffModeMass()], samples, real)
    assert values["modes_covered"].tolist() == [8, 8]
    assert values["off_mode_mass"].max() < 0.13
    for points in samples:
        nearest, _ = nearest_modes(Vectors(points.astype(np.float64)), *DATA.modes())
        shares = np.bincount(nearest, minlength=8) / SAMPLES
        assert np.abs(shares - 1 / 8).max() < 0.03
