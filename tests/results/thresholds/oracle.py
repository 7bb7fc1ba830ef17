"""A noisy oracle with a known threshold: margins of seeds that share part of their noise over all values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from raysc.results.thresholds.criterion import Probe, tolerance_probe
from raysc.results.thresholds.proposals import Answer, SearchSettings, next_step


@dataclass
class Oracle:
    """Margins ``curve(value)`` plus noise, of this size after ten generations, which falls as 1 / T.

    A share of the noise's variance is the seed's at every value.
    """

    curve: Callable[[float], float]
    noise: float
    repetition: int = 0
    shared: float = 0.7
    _noise: dict[float, np.ndarray] = field(default_factory=dict)

    def probe(self, value: float, seeds: Sequence[int], generations: int = 10) -> Probe:
        """Judge the margins of some seeds, as an excess with the tolerance 1."""
        of_seed = np.random.default_rng(self.repetition).standard_normal(4000)
        if value not in self._noise:
            self._noise[value] = np.random.default_rng([self.repetition, int(1e6 * value)]).standard_normal(4000)
        index = list(seeds)
        noise = np.sqrt(self.shared) * of_seed[index] + np.sqrt(1 - self.shared) * self._noise[value][index]
        excess = 1 + self.curve(value) + self.noise * 10 / generations * noise
        return replace(tolerance_probe(value, seeds, excess, 1.0, two_sided=False), generations=generations)


def search(
    settings: SearchSettings, oracle: Oracle, after_round: Callable[[list[Probe]], None] = lambda probes: None
) -> tuple[Answer, list[Probe]]:
    """Run a search to its answer; ``after_round`` is called with the evidence of each round."""
    probes: dict[float, Probe] = {}
    while not isinstance(step := next_step(settings, list(probes.values())), Answer):
        for proposal in step:
            old = probes.get(proposal.value)
            seeds = sorted({*(old.seeds if old else ()), *proposal.seeds})
            generations = max(old.generations if old else 0, proposal.generations)
            assert old is None or len(seeds) > len(old.seeds) or generations > old.generations, "nothing new"
            probes[proposal.value] = oracle.probe(proposal.value, seeds, generations)
        after_round(list(probes.values()))
    return step, list(probes.values())
