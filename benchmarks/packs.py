"""Time of an optimiser step of digits, alone and in packs: `python benchmarks/packs.py [repeats]`.

The perceptron of the quickstart trains on one thread: one seed by the loop with Accelerate, then 3, 6 and 15 seeds as
packs, in turn. Microseconds are of processor time, per step and seed, the least of the repeats: other work on the
machine only ever adds to them.
"""

import sys
from time import process_time

import torch

from raysc.datasets.images.digits import Digits
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Train

PACKED = Train(batch=128, lr=1e-3, ema=Ema(half_life=70))
ALONE = PACKED.model_copy(update={"micro_batch": 128})  # a setting that packs do not support
RUNS = ((1, ALONE), (3, PACKED), (6, PACKED), (15, PACKED))
STEPS = 40


def microseconds(seeds: int, train: Train) -> float:
    """Return the processor time of a step of one of the seeds."""
    family, streams = FlowMatching(), Streams(tuple(range(seeds)), 0)
    rows = TrainingSet((Rows(REAL, (MemoryBlock(("digits", streams.seeds), 0, Digits().train([0])),)),))
    start = family.initial((1, 8, 8), streams)
    began = process_time()
    state = family.fit(rows, start, range(1), train, streams).state  # what a fit takes beyond its steps
    first = process_time()
    family.fit(rows, state, range(1, 1 + STEPS), train, streams)
    return 1e6 * ((process_time() - first) - (first - began)) / (STEPS - 1) / seeds


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    torch.set_num_threads(1)
    microseconds(1, PACKED)  # imports
    least = [float("inf")] * len(RUNS)
    for _ in range(repeats):
        least = [min(value, microseconds(*run)) for value, run in zip(least, RUNS, strict=True)]
    for value, (seeds, train) in zip(least, RUNS, strict=True):
        name = "1 seed alone" if train is ALONE else f"pack of {seeds}"
        print(f"{name:14}{value:8.0f} us a step and seed{value / least[0]:8.2f}")


if __name__ == "__main__":
    main()
