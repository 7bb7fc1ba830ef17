"""A noisy oracle with a known threshold: margins of seeds that share part of their noise over all values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from raysc.results.thresholds.criterion import Probe, tolerance_probe
from raysc.results.thresholds.proposals import Answer, SearchSettings, next_step


@dataclass
class Oracle:
    """Margins ``curve(value)`` plus noise; a share of the noise's variance is the seed's at every value."""

    curve: Callable[[float], float]
    noise: float
    repetition: int = 0
    shared: float = 0.7
    _noise: dict[float, np.ndarray] = field(default_factory=dict)

    def probe(self, value: float, seeds: Sequence[int]) -> Probe:
        """Judge the margins of some seeds, as an excess with the tolerance 1."""
        of_seed = np.random.default_rng(self.repetition).standard_normal(4000)
        if value not in self._noise:
            self._noise[value] = np.random.default_rng([self.repetition, int(1e6 * value)]).standard_normal(4000)
        index = list(seeds)
        noise = np.sqrt(self.shared) * of_seed[index] + np.sqrt(1 - self.shared) * self._noise[value][index]
        return tolerance_probe(value, seeds, 1 + self.curve(value) + self.noise * noise, 1.0, two_sided=False)


def search(settings: SearchSettings, oracle: Oracle) -> tuple[Answer, list[Probe]]:
    """Run a search to its answer."""
    probes: dict[float, Probe] = {}
    while not isinstance(step := next_step(settings, list(probes.values())), Answer):
        for proposal in step:
            old = probes[proposal.value].seeds if proposal.value in probes else ()
            assert not set(old) & set(proposal.seeds)
            probes[proposal.value] = oracle.probe(proposal.value, (*old, *proposal.seeds))
    return step, list(probes.values())
