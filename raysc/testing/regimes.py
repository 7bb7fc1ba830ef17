"""Conformance of regimes."""

import pickle
from fractions import Fraction

import numpy as np

from raysc.datasets.points.gaussian import Gaussian as Normal
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Rules, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.shelf import MemoryShelf
from raysc.regimes.recipe import REAL, Recipe, Regime, Source, fresh, synthetic
from raysc.settings import CellSettings, Component, Initial, Sample, Train

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
            allowed = {REAL, fresh(t), *(synthetic(earlier) for earlier in range(t))}
            sources = {take.source for take in recipe.takes if take.count}
            assert sources <= allowed, f"generation {t} takes rows of {sources - allowed}"

    def test_no_source_is_taken_twice(self, regime: Regime) -> None:
        for recipe in self.recipes(regime).values():
            sources = [take.source for take in recipe.takes if take.count]
            assert len(sources) == len(set(sources))

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
            for generation, real, synthetic_rows in self._run(regime, lambda_):
                recipe = regime.recipe(generation, self.rows, lambda_)
                assert (real + synthetic_rows == recipe.rows).all()
                if recipe.subsample is None:
                    counts = [take.count for take in recipe.takes if take.source.kind == "synthetic"]
                    assert (synthetic_rows == sum(counts)).all()

    def _run(self, regime: Regime, lambda_: Fraction) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Run the loop with a Gaussian for two seeds; return (t, real rows, synthetic rows) for each t >= 1."""
        seeds, data = (0, 1), Normal(dim=2, rows=self.rows)
        cell = CellSettings(
            data=Component(name="gaussian"), model=Component(name="gaussian"), regime=Component(name="regime"),
            lambda_=float(lambda_), initial=Initial(), train=Train(), sample=Sample(), loop_train=Train(),
            loop_sample=Sample(), start="previous", budget=None, axes={}, control=False,
        )  # fmt: skip
        sources: dict[Source, Rows] = {REAL: Rows(REAL, (MemoryBlock(REAL, 0, data.train(seeds)),))}
        shelf = MemoryShelf()

        def fresh_rows(generation: int, count: int) -> Rows:
            rows = data.fresh(seeds, generation, count)
            return Rows(fresh(generation), (MemoryBlock(fresh(generation), 0, rows),))

        loop = self_consuming_loop(
            Rules(cell, regime, self.rows), ClosedFormRank(Gaussian(), seeds), sources, seeds,
            range(GENERATIONS + 1), fresh_rows, lambda _: shelf,
        )  # fmt: skip
        return [
            (generation.t, generation.rows_real, generation.rows_synthetic) for generation in loop if generation.t > 0
        ]
