"""What every regime keeps to."""

import pickle
from fractions import Fraction

import numpy as np

from raysc.datasets.gaussian import Gaussian as Normal
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Rules, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.rows import MemoryBlock, Rows
from raysc.pool.shelf import MemoryShelf
from raysc.regimes.recipe import REAL, Recipe, Regime, Source, fresh, synthetic
from raysc.settings import Cell, Component, Initial, Sample, Train

GENERATIONS = 6


class RegimeTests:
    """Give a fixture ``regime``. Its recipes are asked for with n = ``rows`` real rows; raise that if it takes more.

    Attributes:
        rows: n.
        lambdas: synthetic rows per real row, as exact decimals; not used by a regime that takes no lambda.
    """

    rows = 40
    lambdas: tuple[str, ...] = ("0.25", "1", "1.5")

    def recipes(self, regime: Regime) -> dict[tuple[Fraction, int], Recipe]:
        """By lambda and generation."""
        taken = ["0"] if regime.default_lambda == "not taken" else self.lambdas
        asked = [(Fraction(lambda_), t) for lambda_ in taken for t in range(1, GENERATIONS + 1)]
        return {(lambda_, t): regime.recipe(t, self.rows, lambda_) for lambda_, t in asked}

    def test_it_declares_its_version_and_its_lambda(self, regime: Regime) -> None:
        assert isinstance(regime.version, int)
        default = regime.default_lambda
        assert default is None or default == "not taken" or float(default) >= 0

    def test_it_can_be_sent_to_another_process(self, regime: Regime) -> None:
        assert pickle.loads(pickle.dumps(regime)) == regime, "a dataclass whose fields are the rule's parameters is"

    def test_the_same_question_has_the_same_answer(self, regime: Regime) -> None:
        assert self.recipes(regime) == self.recipes(regime)

    def test_counts_are_whole_and_there_is_something_to_train_on(self, regime: Regime) -> None:
        for (lambda_, t), recipe in self.recipes(regime).items():
            counts = [take.count for take in recipe.takes]
            among = [take.candidates for take in recipe.takes]
            where = f"generation {t}, lambda {float(lambda_)}: counts {counts} among {among}"
            assert all(isinstance(count, int) and count >= 0 for count in counts + among), where
            assert recipe.rows > 0, where
            assert recipe.subsample is None or recipe.subsample <= sum(counts), f"{where}, of these {recipe.subsample}"

    def test_it_takes_no_more_real_rows_than_there_are(self, regime: Regime) -> None:
        for recipe in self.recipes(regime).values():
            assert sum(take.candidates for take in recipe.takes if take.source == REAL) <= self.rows

    def test_it_looks_back_only(self, regime: Regime) -> None:
        for (_, t), recipe in self.recipes(regime).items():
            allowed = {REAL, fresh(t), *(synthetic(earlier) for earlier in range(t))}
            taken = {take.source for take in recipe.takes if take.count}
            assert taken <= allowed, f"generation {t} asks for {taken - allowed}"

    def test_no_source_is_taken_twice(self, regime: Regime) -> None:
        for recipe in self.recipes(regime).values():
            sources = [take.source for take in recipe.takes if take.count]
            assert len(sources) == len(set(sources))

    def test_it_never_asks_for_more_of_a_model_that_is_gone(self, regime: Regime) -> None:
        """Only the newest model can draw more rows than ``sample.rows`` (n): the crew holds no other."""
        drawn: dict[tuple[Fraction, Source], int] = {}
        for (lambda_, t), recipe in self.recipes(regime).items():
            for take in recipe.takes:
                there = drawn.get((lambda_, take.source), self.rows)
                if take.source == synthetic(t - 1):
                    drawn[lambda_, take.source] = max(take.candidates, there)
                elif take.source.kind == "synthetic":
                    asked = f"generation {t} asks {take.candidates} of S_{take.source.generation}"
                    assert take.candidates <= there, asked

    def test_the_loop_trains_on_what_it_says(self, regime: Regime) -> None:
        for lambda_ in dict.fromkeys(lambda_ for lambda_, _ in self.recipes(regime)):
            for generation, real, made in self._run(regime, lambda_):
                recipe = regime.recipe(generation, self.rows, lambda_)
                assert (real + made == recipe.rows).all()
                if recipe.subsample is None:
                    kinds = [take.count for take in recipe.takes if take.source.kind == "synthetic"]
                    assert (made == sum(kinds)).all()

    def _run(self, regime: Regime, lambda_: Fraction) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """The real loop with a Gaussian for two seeds: (generation, real rows, synthetic rows) of its retrainings."""
        seeds, data = (0, 1), Normal(dim=2, rows=self.rows)
        cell = Cell(
            data=Component(name="gaussian"), model=Component(name="gaussian"), regime=Component(name="regime"),
            lambda_=float(lambda_), initial=Initial(), train=Train(), sample=Sample(), loop_train=Train(),
            loop_sample=Sample(), start="previous", budget=None, axes={}, control=False,
        )  # fmt: skip
        sources: dict[Source, Rows] = {REAL: Rows(REAL, (MemoryBlock(REAL, 0, data.train(seeds)),))}
        shelf = MemoryShelf()

        def new(generation: int, count: int) -> Rows:
            rows = data.fresh(seeds, generation, count)
            return Rows(fresh(generation), (MemoryBlock(fresh(generation), 0, rows),))

        loop = self_consuming_loop(
            Rules(cell, regime, self.rows), ClosedFormRank(Gaussian(), seeds), sources, seeds,
            range(GENERATIONS + 1), new, lambda _: shelf,
        )  # fmt: skip
        return [(one.t, one.rows_real, one.rows_synthetic) for one in loop if one.t > 0]
