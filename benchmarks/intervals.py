"""Measure how often the mean of normal and skewed values lies beyond each limit of its 95 % interval.

    python benchmarks/intervals.py [SAMPLES]

Each sample has as many values as a sweep has seeds. Nominal are 2.5 % on each side. Column "within" is the rate at
which a claim with this relation holds although the true mean is at a bound, at the worse of the two bounds.
"""

import sys

import numpy as np
from scipy import stats

from raysc.results.claims.verdicts import judge, within
from raysc.results.statistics.censored import censor
from raysc.results.statistics.intervals import SkewAdjustedInterval

SEEDS = (3, 5, 8, 12, 20, 50, 100)
MEANS = {
    "chi-square(1)": 1.0,
    "lognormal": float(np.exp(0.5)),
    "exponential": 1.0,
    "log chi-square(1)": -1.2703628,
    "normal, mean 0": 0.0,
    "normal, mean 3": 3.0,
    "Student's t(3)": 0.0,
}
"""Distribution -> its mean. The lognormal one has sigma 1."""
REACH = 100.0
"""Standard deviations between the bounds of ``within``."""


def draw(name: str, shape: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Return independent values of a distribution of ``MEANS``, float64 of a shape."""
    match name:
        case "chi-square(1)":
            return generator.chisquare(1, shape)
        case "lognormal":
            return generator.lognormal(size=shape)
        case "exponential":
            return generator.exponential(size=shape)
        case "log chi-square(1)":
            return np.log(generator.chisquare(1, shape))
        case "Student's t(3)":
            return generator.standard_t(3, shape)
    return generator.normal(MEANS[name], 1, shape)


def miss_rates(name: str, seeds: int, samples: int) -> tuple[float, float, float]:
    """Return the rates of means below the lower and above the upper limit, and the median width over Student's."""
    values = draw(name, (seeds, samples), np.random.default_rng(seeds))
    low, high = SkewAdjustedInterval(values).interval(0.95)
    student = 2 * stats.t.ppf(0.975, seeds - 1) * values.std(axis=0, ddof=1) / np.sqrt(seeds)
    return (
        float((MEANS[name] < low).mean()),
        float((MEANS[name] > high).mean()),
        float(np.median((high - low) / student)),
    )


def rate_within(name: str, seeds: int, samples: int) -> float:
    """Return the rate at which ``within`` holds with the true mean at a bound, at the worse of the two bounds."""
    values = draw(name, (samples, seeds), np.random.default_rng(seeds))
    mean, far = MEANS[name], REACH * values.std()
    regions = (within(mean - far, mean), within(mean, mean + far))
    rates = [np.mean([judge(censor(sample[:, None]), region).holds for sample in values]) for region in regions]
    return float(max(rates))


def main() -> None:
    """Print the table."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"{samples:,} samples a row; % of means below and above the interval; width over Student's, median;")
    print("% of verdicts of `within` that hold with the mean at a bound\n")
    print(f"{'values':20}{'seeds':>6}{'below':>8}{'above':>8}{'width':>8}{'within':>8}")
    for name in MEANS:
        for seeds in SEEDS:
            below, above, width = miss_rates(name, seeds, samples)
            false = rate_within(name, seeds, samples)
            print(f"{name:20}{seeds:6}{100 * below:8.1f}{100 * above:8.1f}{width:8.2f}{100 * false:8.1f}", flush=True)


if __name__ == "__main__":
    main()
