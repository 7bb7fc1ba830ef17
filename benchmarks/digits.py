"""Distances of short runs of EDM and OT-CFM on digits beside those of long ones.

    python benchmarks/digits.py [steps of the long runs]

Three seeds of each on one core. Fréchet distances are those of 1437 samples to the 360 held-out digits, on the features
of the digits' classifier; the last line is that of the training digits in the place of samples. nn_train_share tells
whether a long run repeats its training rows: 0.5 is none of it. tests/models/test_digits.py makes one short run of each
and holds it against the long ones written down there.
"""

import sys
from time import perf_counter

import numpy as np
import torch

from raysc.datasets.images.digits import Digits
from raysc.metrics.core.classifier import train_classifier
from raysc.metrics.core.measure import RealSets, floors, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.metrics.neighbours.nn_train_share import NnTrainShare
from raysc.models.diffusion.edm import Edm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

FAMILIES: dict[str, tuple[TrainedFamily, int]] = {
    "EDM": (Edm(), 2000),
    "OT-CFM": (FlowMatching(coupling="optimal_transport"), 1500),
}
"""With the steps of a short run."""
TRAIN = Train(batch=128, lr=6e-3, schedule="cosine", warmup=0.05, ema=Ema(half_life=50))
SEEDS = range(3)
METRICS = (FrechetDistance(), NnTrainShare())


def main(longest: int) -> None:
    torch.set_num_threads(1)
    data = Digits()
    rows = data.train((0,))
    classifier = train_classifier(data.labelled_train(), data.labelled_test())
    real = RealSets(data.kind, rows, data.test(), {"classifier": classifier}, data)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("digits", 0, rows),)),))

    def run(family: TrainedFamily, steps: int, seed: int) -> tuple[float, float, float]:
        began, streams = perf_counter(), Streams((seed,), 0)
        state = family.fit(training_set, family.initial(data.event, streams), range(steps), TRAIN, streams).state
        seconds = perf_counter() - began
        values = measure(METRICS, family.sample(state, 0, data.count, Sample(), streams), real)
        return values["frechet_distance"][0], values["nn_train_share"][0], seconds

    print(f"{'':8}{'steps':>8}  frechet_distance  nn_train_share   seconds")
    for name, (family, short) in FAMILIES.items():
        for steps in (short, longest):
            distances, shares, seconds = zip(*(run(family, steps, seed) for seed in SEEDS), strict=True)
            print(f"{name:8}{steps:8,}  {told(distances):>16}  {told(shares):>14}  {np.mean(seconds):8.0f}", flush=True)
    floor = floors(METRICS, data.count, real)["frechet_distance_floor"].values[0]
    print(f"{'digits':16}  {floor:8.2f}")


def told(values: tuple[float, ...]) -> str:
    """Mean and standard deviation."""
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
