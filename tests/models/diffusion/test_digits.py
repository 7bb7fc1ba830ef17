"""EDM and OT-CFM learn the digits: a short run comes near to a long one, and does not repeat its training rows."""

import pytest

from raysc.datasets.images.digits import Digits
from raysc.metrics.core.classifier import Classifier, train_classifier
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.neighbours.nn_train_share import NnTrainShare
from raysc.models.diffusion.edm import Edm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

pytestmark = pytest.mark.slow

DATA, SEED_0 = Digits(), Streams((0,), 0)
LONG = {"edm": 2.41, "ot_cfm": 3.20}
"""Fréchet distance after 20,000 steps, from benchmarks/RESULTS.md."""


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return train_classifier(DATA.labelled_train(), DATA.labelled_test())


@pytest.mark.parametrize(
    ("name", "family", "steps"),
    [("edm", Edm(), 2000), ("ot_cfm", FlowMatching(coupling="optimal_transport"), 1500)],
    ids=["edm", "ot_cfm"],
)
def test_a_short_run_is_within_twice_the_distance_of_a_long_one(
    name: str, family: TrainedFamily, steps: int, digits: TrainingSet, classifier: Classifier
) -> None:
    train = Train(batch=128, lr=6e-3, schedule="cosine", warmup=0.05, ema=Ema(half_life=50))
    state = family.fit(digits, family.initial(DATA.event, SEED_0), range(steps), train, SEED_0).state
    samples = family.sample(state, 0, DATA.count, Sample(), SEED_0)
    real = RealSets(DATA.kind, DATA.train((0,)), DATA.test(), {"classifier": classifier}, DATA)
    values = measure([FrechetDistance(), NnTrainShare()], samples, real)
    assert values["frechet_distance"].item() < 2 * LONG[name]
    assert 0.45 < values["nn_train_share"].item() < 0.6
