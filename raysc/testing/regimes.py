"""Conformance of regimes."""

import pickle
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from raysc.datasets.points.gaussian import Gaussian as Normal
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Fit, Rules, StartWeights, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.blocks import MemoryBlock
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.mixing import counts_by_kind
from raysc.pool.rows import Rows
from raysc.pool.shelf import MemoryShelf
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Recipe, Regime, Source, fresh, synthetic
from raysc.settings import CellSettings, Component, Initial, Sample, Train

GENERATIONS = 6
"""Number of generations of which recipes are tested."""

SEEDS = (0, 1)
"""Seeds of the loops that are run."""


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
            sources = self._run(regime, lambda_, crews[0], range(GENERATIONS + 1))
            crews[1].state = crews[0].states[GENERATIONS - 1]
            self._run(regime, lambda_, crews[1], range(GENERATIONS, GENERATIONS + 1), sources)
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
            self._run(regime, lambda_, crew, range(GENERATIONS + 1))
            for generation, (real, synthetic_rows) in enumerate(crew.counts[1:], start=1):
                recipe = regime.recipe(generation, self.rows, lambda_)
                assert (real + synthetic_rows == recipe.rows).all()
                if recipe.subsample is None:
                    counts = [take.count for take in recipe.takes if take.source.kind == "synthetic"]
                    assert (synthetic_rows == sum(counts)).all()

    def _run(
        self,
        regime: Regime,
        lambda_: Fraction,
        crew: "RecordingRank",
        generations: range,
        samples: dict[Source, Rows] | None = None,
    ) -> dict[Source, Rows]:
        """Run the loop with a Gaussian for two seeds; return the samples of all generations."""
        data = Normal(dim=2, rows=self.rows)
        cell = CellSettings(
            data=Component(name="gaussian"), model=Component(name="gaussian"), regime=Component(name="regime"),
            lambda_=float(lambda_), initial=Initial(), train=Train(), sample=Sample(), loop_train=Train(),
            loop_sample=Sample(), start="previous", budget=None, axes={}, control=False,
        )  # fmt: skip
        # Rows of the earlier loop without its cached selections, as they are read from a store.
        read = {source: Rows(source, rows.blocks) for source, rows in (samples or {}).items()}
        sources: dict[Source, Rows] = {REAL: Rows(REAL, (MemoryBlock(REAL, 0, data.train(SEEDS)),)), **read}
        shelf = MemoryShelf()

        def new_rows(generation: int, first: int, count: int) -> Rows:
            rows = data.fresh(SEEDS, generation, count)
            return Rows(fresh(generation), (MemoryBlock(fresh(generation), 0, rows),))

        loop = self_consuming_loop(
            Rules(cell, regime, self.rows), crew, sources, SEEDS, generations, new_rows, lambda _: shelf,
            Lifetimes({}, {}), PointViews(crew),
        )  # fmt: skip
        for _ in loop:
            pass
        return {source: rows for source, rows in sources.items() if source.kind == "synthetic"}


@dataclass
class RecordingRank(ClosedFormRank):
    """A closed-form rank that keeps its states and training sets."""

    states: list[Any] = field(default_factory=list)
    training_sets: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    counts: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        weights = training_set.weights
        weights = np.ones((1, training_set.count)) if weights is None else weights
        self.training_sets.append((training_set.load(), weights))
        self.counts.append(counts_by_kind(training_set, len(SEEDS)))
        fit = super().fit(generation, training_set, start, steps, train, length)
        self.states.append(self.state)
        return fit


@dataclass(frozen=True)
class PointViews:
    """Views of points: their coordinates as text, the sign of the first as class."""

    crew: ClosedFormRank

    def texts(self, rows: np.ndarray) -> list[str]:
        return [" ".join(f"{value:.3f}" for value in row) for row in rows]

    def labels(self, rows: np.ndarray) -> np.ndarray:
        return (rows[:, 0] > 0).astype(np.int64)

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return self.crew.scores(rows)
