"""Conformance of curations."""

import pickle
from fractions import Fraction

import numpy as np

from raysc.curation.curation import Curation
from raysc.models.closed_form.gaussian import Gaussian
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Take, synthetic
from raysc.regimes.regime import Regime
from raysc.testing.loops import SEEDS, RecordingRank, rules_of, run_loop

GENERATIONS = 4
"""Last generation of the loops that are run."""


class CurationTests:
    """Conformance tests of a curation, for a fixture ``curation``.

    Attributes:
        rows: n, the number of real rows.
        regimes: the regimes under which it is run, at lambda 1/2.
    """

    rows = 40
    regimes: tuple[Regime, ...] = (Mix(), Accumulate())

    def test_its_declarations_are_valid(self, curation: Curation) -> None:
        assert isinstance(curation.version, int)

    def test_it_can_be_sent_to_another_process(self, curation: Curation) -> None:
        assert pickle.loads(pickle.dumps(curation)) == curation, "write it as a dataclass whose fields are parameters"

    def test_it_keeps_source_and_number_of_rows(self, curation: Curation) -> None:
        for take in (Take(synthetic(0), 7), Take(synthetic(3), self.rows), Take(synthetic(1), 0)):
            curated = curation.curate(take)
            assert (curated.source, curated.count, curated.redraw) == (take.source, take.count, take.redraw)
            assert isinstance(curated.source_rows, int)
            assert curated.source_rows >= take.count

    def test_equal_takes_give_equal_takes(self, curation: Curation) -> None:
        assert curation.curate(Take(synthetic(2), 9)) == curation.curate(Take(synthetic(2), 9))

    def test_real_rows_stay(self, curation: Curation) -> None:
        assert rules_of(Mix(), Fraction(1), self.rows, curation).recipe(1).takes[0] == Take(REAL, self.rows)

    def test_the_loop_trains_on_as_many_rows_as_without_it(self, curation: Curation) -> None:
        for regime in self.regimes:
            crew = RecordingRank(Gaussian(), SEEDS)
            run_loop(regime, Fraction(1, 2), self.rows, crew, range(GENERATIONS + 1), curation=curation)
            for generation, (real, sampled) in enumerate(crew.counts[1:], start=1):
                counts = {"real": 0, "synthetic": 0, "fresh": 0}
                for take in regime.recipe(generation, self.rows, Fraction(1, 2)).takes:
                    counts[take.source.kind] += take.count
                assert (real == counts["real"]).all()
                assert (sampled == counts["synthetic"]).all()

    def test_it_gives_the_same_rows_in_a_loop_that_begins_later(self, curation: Curation) -> None:
        for regime in self.regimes:
            crews = [RecordingRank(Gaussian(), SEEDS) for _ in range(2)]
            arguments = (regime, Fraction(1, 2), self.rows)
            sources = run_loop(*arguments, crews[0], range(GENERATIONS + 1), curation=curation)
            crews[1].state = crews[0].states[GENERATIONS - 1]
            run_loop(*arguments, crews[1], range(GENERATIONS, GENERATIONS + 1), sources, curation)
            for first, second in zip(crews[0].training_sets[-1], crews[1].training_sets[-1], strict=True):
                np.testing.assert_array_equal(first, second)
