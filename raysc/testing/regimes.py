"""Conformance of regimes."""

import pickle
from fractions import Fraction

import numpy as np

from raysc.models.closed_form.gaussian import Gaussian
from raysc.regimes.recipe import REAL, Recipe, Source, fresh, synthetic
from raysc.regimes.regime import Regime
from raysc.testing.loops import SEEDS, RecordingRank, run_loop

GENERATIONS = 6
"""Number of generations of which recipes are tested."""


class RegimeTests:
    """Conformance tests of a regime, for a fixture ``regime``.

    Attributes:
        rows: n, the number of real rows; raise it if the regime takes more.
        lambdas: synthetic rows per real row, as exact decimals; not used for a regime without lambda.
    """

    rows = 40
    lambdas: tuple[str, ...] = ("0.25", "1", "1.5")

    def recipes(self, regime: Regime) -> dict[tuple[Fraction, int], Recipe]:
        """Return the recipes by lambda and generation."""
        lambdas = ["0"] if regime.default_lambda == "not taken" else self.lambdas
        arguments = [(Fraction(lambda_), t) for lambda_ in lambdas for t in range(1, GENERATIONS + 1)]
        return {(lambda_, t): regime.recipe(t, self.rows, lambda_) for lambda_, t in arguments}

    def test_its_declarations_are_valid(self, regime: Regime) -> None:
        assert isinstance(regime.version, int)
        default = regime.default_lambda
        assert default is None or default == "not taken" or float(default) >= 0

    def test_it_can_be_sent_to_another_process(self, regime: Regime) -> None:
        assert pickle.loads(pickle.dumps(regime)) == regime, "write it as a dataclass whose fields are its parameters"

    def test_equal_arguments_give_equal_recipes(self, regime: Regime) -> None:
        assert self.recipes(regime) == self.recipes(regime)

    def test_counts_are_whole_and_training_sets_have_rows(self, regime: Regime) -> None:
        for (lambda_, t), recipe in self.recipes(regime).items():
            counts = [take.count for take in recipe.takes]
            source_rows = [take.source_rows for take in recipe.takes]
            where = f"generation {t}, lambda {float(lambda_)}: counts {counts} of {source_rows} rows"
            assert all(isinstance(count, int) and count >= 0 for count in counts + source_rows), where
            assert recipe.rows > 0, where
            assert recipe.subsample is None or recipe.subsample <= sum(counts), f"{where}, subsample {recipe.subsample}"

    def test_it_takes_no_more_real_rows_than_exist(self, regime: Regime) -> None:
        for recipe in self.recipes(regime).values():
            assert sum(take.source_rows for take in recipe.takes if take.source == REAL) <= self.rows

    def test_it_takes_rows_of_earlier_generations_only(self, regime: Regime) -> None:
        for (_, t), recipe in self.recipes(regime).items():
            allowed = {REAL, *(fresh(s) for s in range(1, t + 1)), *(synthetic(earlier) for earlier in range(t))}
            sources = {take.source for take in recipe.takes if take.count}
            assert sources <= allowed, f"generation {t} takes rows of {sources - allowed}"

    def test_no_source_is_taken_twice(self, regime: Regime) -> None:
        for recipe in self.recipes(regime).values():
            sources = [take.source for take in recipe.takes if take.count]
            assert len(sources) == len(set(sources))

    def test_it_takes_no_more_new_real_rows_than_their_generation_took(self, regime: Regime) -> None:
        """A loop that begins later draws as many of them again."""
        recipes = self.recipes(regime)
        for (lambda_, t), recipe in recipes.items():
            for take in recipe.takes:
                if take.source.kind == "fresh" and take.source.generation < t:
                    first = recipes[lambda_, take.source.generation]
                    taken = [earlier.source_rows for earlier in first.takes if earlier.source == take.source]
                    assert take.source_rows <= max(taken, default=0), (
                        f"generation {t} takes {take.source_rows} new rows of generation {take.source.generation}"
                    )

    def test_its_functions_give_the_same_rows_and_weights_in_a_loop_that_begins_later(self, regime: Regime) -> None:
        for lambda_ in dict.fromkeys(lambda_ for lambda_, _ in self.recipes(regime)):
            crews = [RecordingRank(Gaussian(), SEEDS) for _ in range(2)]
            sources = run_loop(regime, lambda_, self.rows, crews[0], range(GENERATIONS + 1))
            crews[1].state = crews[0].states[GENERATIONS - 1]
            run_loop(regime, lambda_, self.rows, crews[1], range(GENERATIONS, GENERATIONS + 1), sources)
            for first, second in zip(crews[0].training_sets[-1], crews[1].training_sets[-1], strict=True):
                np.testing.assert_array_equal(first, second)

    def test_it_takes_rows_that_earlier_models_have_sampled(self, regime: Regime) -> None:
        """Only the newest model can sample more rows than ``sample.rows`` (n), since no other is in memory."""
        sampled: dict[tuple[Fraction, Source], int] = {}
        for (lambda_, t), recipe in self.recipes(regime).items():
            for take in recipe.takes:
                available = sampled.get((lambda_, take.source), self.rows)
                if take.source == synthetic(t - 1):
                    sampled[lambda_, take.source] = max(take.source_rows, available)
                elif take.source.kind == "synthetic":
                    assert take.source_rows <= available, (
                        f"generation {t} takes {take.source_rows} rows of S_{take.source.generation}"
                    )

    def test_the_loop_trains_on_the_rows_of_the_recipe(self, regime: Regime) -> None:
        for lambda_ in dict.fromkeys(lambda_ for lambda_, _ in self.recipes(regime)):
            crew = RecordingRank(Gaussian(), SEEDS)
            run_loop(regime, lambda_, self.rows, crew, range(GENERATIONS + 1))
            for generation, (real, synthetic_rows) in enumerate(crew.counts[1:], start=1):
                recipe = regime.recipe(generation, self.rows, lambda_)
                assert (real + synthetic_rows == recipe.rows).all()
                if recipe.subsample is None:
                    counts = [take.count for take in recipe.takes if take.source.kind == "synthetic"]
                    assert (synthetic_rows == sum(counts)).all()
