"""Measure how often intervals of crossed designs miss the truth: of a mean, and of components of variance.

    python benchmarks/variance_components.py [SAMPLES]

Effects are normal. Nominal are 95 % of intervals that hold the truth. For means the interval for independent values,
which counts every replicate as a seed of its own, stands beside.
"""

import sys
from itertools import product

import numpy as np

from raysc.results.statistics.averages import seed_mean
from raysc.results.statistics.crossed import CrossedDesign, Effect
from raysc.results.statistics.variance_components import variance_components
from raysc.seeds import PURPOSES, PurposeSeeds, join

CASES: tuple[tuple[PurposeSeeds, dict[Effect, float]], ...] = (
    (PurposeSeeds(8, 1, 4, 1), {("data",): 1.0, ("train",): 0.7, ("data", "train"): 1.0}),
    (PurposeSeeds(8, 1, 2, 1), {("data",): 1.0, ("train",): 0.7, ("data", "train"): 1.0}),
    (PurposeSeeds(8, 1, 1, 8), {("data",): 1.0, ("sample",): 1.0, ("data", "sample"): 1.0}),
    (PurposeSeeds(8, 1, 4, 4), {("data",): 1.0, ("data", "train", "sample"): 0.5}),
    (PurposeSeeds(8, 1, 4, 4), {("data",): 1.0, ("train",): 0.5, ("sample",): 0.5, ("data", "train", "sample"): 1.0}),
    (PurposeSeeds(8, 1, 4, 4), {("data",): 0.2, ("data", "sample"): 0.5, ("data", "train", "sample"): 1.0}),
    (PurposeSeeds(4, 4, 1, 4), {("data",): 1.0, ("initial",): 1.0, ("sample",): 1.0}),
    (PurposeSeeds(3, 1, 1, 3), {("data",): 1.0, ("sample",): 1.0, ("data", "sample"): 1.0}),
)
"""Number of seeds by purpose, and the standard deviation of each effect; those that are not listed are 0."""


def sample(design: CrossedDesign, deviations: dict[Effect, float], generator: np.random.Generator) -> np.ndarray:
    """Draw the values of one sweep, float64 (seeds,)."""
    values = np.zeros(design.sizes)
    for effect, deviation in deviations.items():
        shape = [n if name in effect else 1 for name, n in zip(design.purposes, design.sizes, strict=True)]
        values = values + deviation * generator.standard_normal(shape)
    return values.ravel()


def measure(sizes: PurposeSeeds, deviations: dict[Effect, float], samples: int) -> None:
    """Print the shares of intervals that hold the truth, in per cent."""
    seeds = [join(PurposeSeeds(*combination)) for combination in product(*map(range, sizes))]
    design = CrossedDesign.of(seeds)
    assert design is not None
    generator = np.random.default_rng(1)
    means, components = [], []
    truths = [deviations.get(effect, 0.0) ** 2 for effect in design.effects]
    truths.append(sum(truths))
    for _ in range(samples):
        values = sample(design, deviations, generator)
        intervals = seed_mean(values, seeds=seeds), seed_mean(values)
        means.append([interval.low <= 0 <= interval.high for interval in intervals])
        parts = variance_components(design, values)
        components.append([part.low <= truth <= part.high for part, truth in zip(parts, truths, strict=True)])
    crossed, independent = 100 * np.mean(means, axis=0)
    by_component = 100 * np.mean(components, axis=0)
    names = [*(" x ".join(effect) for effect in design.effects), "total"]
    counts = ", ".join(f"{purpose} {n}" for purpose, n in zip(PURPOSES, sizes, strict=True) if n > 1)
    effects = ", ".join(f"{' x '.join(effect)} {deviation:g}" for effect, deviation in deviations.items())
    print(f"{counts}; standard deviations {effects}")
    print(f"    mean {crossed:.1f} % (for independent values {independent:.1f} %)")
    print("    " + ", ".join(f"{name} {share:.1f} %" for name, share in zip(names, by_component, strict=True)))


if __name__ == "__main__":
    for sizes, deviations in CASES:
        measure(sizes, deviations, int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
