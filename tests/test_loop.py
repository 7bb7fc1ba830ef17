"""The loop against a crew that only writes down what it is asked."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Fit, From, Rules, Uses, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.rows import Block, MemoryBlock, Rows, SpentBlock, TrainingSet
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.fresh import Fresh
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Regime, Source, Take, synthetic
from raysc.regimes.recipe import fresh as fresh_rows
from raysc.regimes.replace import Replace
from raysc.sweepfile import Budget, Cell, Component, Initial, Sample, Train

SEEDS = (0, 1)
N = 10


@dataclass
class Notebook:
    """A crew whose rows say which generation they are of and where in it they stand."""

    diverges: dict[int, list[bool]] = field(default_factory=dict)
    fits: list[tuple[int, From, range, int]] = field(default_factory=list)
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    sets: list[TrainingSet] = field(default_factory=list)

    def fit(self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train) -> Fit:
        self.fits.append((generation, start, steps, training_set.count))
        self.sets.append(training_set)
        return Fit(np.array(self.diverges.get(generation, [False, False])))

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        self.samples.append((generation, first, count))
        values = generation + np.arange(first, first + count) / 1000
        return (shelf.put(synthetic(generation), SEEDS, first, np.tile(values[None, :, None], (2, 1, 1))),)


@dataclass
class Best:
    """The half of the candidates of each generation that is nearest to the real mean, of all of them or the newest."""

    every: bool = True
    calls: list[int] = field(default_factory=list)

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        made = range(0 if self.every else generation - 1, generation)
        half = (Take(synthetic(t), rows, among=2 * rows, choose=self.choose) for t in made)
        return Recipe((Take(REAL, rows), *half) if self.every else tuple(half))

    def choose(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
    ) -> np.ndarray:
        self.calls.append(count)
        away = np.abs(candidates - real.mean(axis=0)).sum(axis=1) + generator.random(len(candidates))
        return np.argsort(away)[:count]


def rules(regime: Regime, lambda_: float | None, budget: Budget | None = None) -> Rules:
    cell = Cell(
        data=Component(name="d"), model=Component(name="m"), initial=Initial(steps=7), train=Train(batch=4),
        sample=Sample(), loop_train=Train(batch=4), loop_sample=Sample(), start="previous",
        budget=budget or Budget(steps=5), regime=Component(name="r"), lambda_=lambda_, axes={},
    )  # fmt: skip
    return Rules(cell, regime, N)


def new_rows(generation: int, count: int) -> Rows:
    return Rows(fresh_rows(generation), (MemoryBlock(generation, 0, np.full((2, count, 1), -float(generation))),))


def run(crew: Notebook, going_by: Rules, last: int) -> tuple[list[int], dict[Source, Rows]]:
    real = Rows(REAL, (MemoryBlock("real", 0, np.full((1, N, 1), 0.5)),))
    sources = {REAL: real}
    shelf = MemoryShelf()
    loop = self_consuming_loop(going_by, crew, sources, SEEDS, range(last + 1), new_rows, lambda t: shelf)
    return [generation.t for generation in loop], sources


def test_it_fits_samples_and_goes_on_from_what_it_sampled() -> None:
    crew = Notebook()
    assert run(crew, rules(Mix(), 1.0), 2)[0] == [0, 1, 2]
    assert crew.fits == [
        (0, "initial", range(7), N), (1, "previous", range(5), 2 * N), (2, "previous", range(5), 2 * N),
    ]  # fmt: skip
    assert crew.samples == [(0, 0, N), (1, 0, N), (2, 0, N)]
    newest = crew.sets[2].parts[1].rows
    assert newest.source == synthetic(1)
    np.testing.assert_array_equal(np.floor(newest.load()), 1.0)


def test_the_newest_generation_is_extended_and_never_drawn_again() -> None:
    crew = Notebook()
    run(crew, rules(Replace(), 2.5), 2)
    assert crew.samples == [(0, 0, N), (0, N, 15), (1, 0, N), (1, N, 15), (2, 0, N)]
    loaded = crew.sets[1].load()[0, :, 0]
    np.testing.assert_array_equal(loaded, np.arange(25) / 1000)


def test_rows_that_no_later_recipe_takes_are_dropped() -> None:
    assert set(run(Notebook(), rules(Mix(), 1.0), 4)[1]) == {synthetic(4)}
    crew = Notebook()
    run(crew, rules(Accumulate(), 1.0), 4)
    assert [part.rows.source for part in crew.sets[4].parts] == [REAL, *(synthetic(t) for t in range(4))]


def sources_by_generation(
    regime: Regime, lambda_: float, last: int, initial_rows: int | None = None
) -> list[set[Source]]:
    """Which sources still have rows after each generation of a family that remembers."""
    going_by = rules(regime, lambda_)
    going_by = replace(going_by, cell=going_by.cell.model_copy(update={"initial": Initial(steps=7, rows=initial_rows)}))
    sources, shelf = {REAL: Rows(REAL, (MemoryBlock("real", 0, np.zeros((1, N, 1))),))}, MemoryShelf()
    loop = self_consuming_loop(
        going_by, Notebook(), sources, SEEDS, range(last + 1), new_rows, lambda t: shelf,
        Uses.of(going_by, range(last + 1), remembers=True),
    )  # fmt: skip
    return [
        {source for source, rows in sources.items() if not any(isinstance(b, SpentBlock) for b in rows.blocks)}
        for _ in loop
    ]


@pytest.mark.parametrize("lambda_", [0.5, 1.0, 2.5])
def test_a_family_that_remembers_reads_each_part_of_accumulate_once(lambda_: float) -> None:
    assert sources_by_generation(Accumulate(), lambda_, 4) == [{synthetic(t)} for t in range(5)]


def test_what_a_family_cannot_have_remembered_stays() -> None:
    # Generation 0 read a prefix of the real rows, generation 1 reads all of them.
    assert REAL in sources_by_generation(Accumulate(), 1.0, 4, initial_rows=3)[0]
    assert REAL not in sources_by_generation(Accumulate(), 1.0, 4, initial_rows=3)[1]
    # Under mix the newest rows come between those of before and nothing is ever the last set and one more part.
    assert REAL in sources_by_generation(Mix(), 1.0, 4)[3]
    kept = sources_by_generation(AccumulateSubsample(), 1.0, 4)
    assert kept[3] == {REAL, *(synthetic(t) for t in range(4))}


def test_new_real_rows_are_asked_for_at_every_generation() -> None:
    crew = Notebook()
    run(crew, rules(Fresh(rows=3), 0.5), 2)
    assert [part.rows.source for part in crew.sets[2].parts] == [fresh_rows(2), synthetic(1)]
    assert crew.sets[2].count == 3 + 5


def test_one_seed_that_diverges_does_not_stop_the_others() -> None:
    assert run(Notebook({1: [True, False]}), rules(Mix(), 1.0), 3)[0] == [0, 1, 2, 3]


def test_it_ends_when_all_seeds_have_diverged() -> None:
    crew = Notebook({2: [True, True]})
    assert run(crew, rules(Mix(), 1.0), 5)[0] == [0, 1, 2]
    assert crew.samples[-1][0] == 1


@pytest.mark.parametrize(
    ("budget", "rows", "steps"),
    [
        (Budget(steps=9), 1000, 9),
        (Budget(epochs=1), 1000, 8),
        (Budget(epochs=2), 1000, 16),
        (Budget(epochs=0.01), 10, 1),
        (Budget(rows_seen=1281), 10, 11),
    ],
)
def test_budgets(budget: Budget, rows: int, steps: int) -> None:
    assert budget.optimiser_steps(rows, 128) == steps


@given(st.integers(1, 400), st.integers(1, 10_000), st.integers(1, 300))
def test_epochs_are_the_decimal_as_it_was_written(tenths: int, rows: int, batch: int) -> None:
    steps = Budget(epochs=float(f"{tenths / 10:.1f}")).optimiser_steps(rows, batch)
    assert steps == -(-tenths * rows // (10 * batch))


def test_one_epoch_of_a_growing_set_takes_more_steps() -> None:
    crew = Notebook()
    going_by = rules(Accumulate(), 1.0, Budget(epochs=1))
    run(crew, replace(going_by), 3)
    assert [len(steps) for _, _, steps, _ in crew.fits] == [7, 5, 8, 10]


def test_the_newest_generation_is_extended_to_what_is_chosen_among() -> None:
    crew, regime = Notebook(), Best(every=False)
    _, sources = run(crew, rules(regime, 1.0), 2)
    assert crew.samples == [(0, 0, N), (0, N, N), (1, 0, N), (1, N, N), (2, 0, N)]
    assert [training_set.count for training_set in crew.sets] == [N, N, N]
    for t in (1, 2):
        own = crew.sets[t].load()
        assert len(np.unique(own[0])) == N
        assert ((own >= t - 1) & (own < t - 1 + 0.002 * N)).all()
    assert REAL not in sources, "nobody compares with them any more"


def test_what_is_chosen_is_chosen_once_and_stays() -> None:
    crew, regime = Notebook(), Best()
    run(crew, rules(regime, 1.0), 4)
    assert regime.calls == [N] * len(SEEDS) * 4
    for earlier, later in zip(crew.sets[1:], crew.sets[2:], strict=False):
        assert later.parts[: len(earlier.parts)] == earlier.parts


@pytest.mark.parametrize("every", [True, False])
def test_real_rows_stay_while_something_is_chosen(every: bool) -> None:
    left = sources_by_generation(Best(every), 1.0, 4)
    assert left[:4] == [{REAL, synthetic(t)} for t in range(4)]


def fitted(regime: Regime, seeds: tuple[int, ...], generations: int, remembers: bool) -> np.ndarray:
    """Means of the Gaussian of the last generation, (seeds, 2), by the family's own loop."""
    going_by, crew = rules(regime, 1.0), ClosedFormRank(Gaussian(), seeds)
    real = np.random.default_rng(5).normal(size=(1, N, 2))
    sources, shelf = {REAL: Rows(REAL, (MemoryBlock("real", 0, real),))}, MemoryShelf()
    uses = Uses.of(going_by, range(generations + 1), remembers)
    loop = self_consuming_loop(
        going_by, crew, sources, seeds, range(generations + 1), new_rows, lambda t: shelf, uses
    )  # fmt: skip
    assert len(list(loop)) == generations + 1
    return crew.state["mean"]


@pytest.mark.parametrize("every", [True, False])
def test_a_family_that_remembers_chosen_parts_fits_what_one_that_reads_them_again_does(every: bool) -> None:
    regime = Best(every)
    kept, read_again = (fitted(regime, (0, 1, 2), 5, remembers) for remembers in (True, False))
    np.testing.assert_allclose(kept, read_again, rtol=1e-12)
    alone = fitted(Best(every), (1,), 5, True)
    np.testing.assert_allclose(alone[0], kept[1], rtol=1e-9)


def test_a_choice_that_is_none_names_its_regime_and_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    regime = Best(every=False)
    monkeypatch.setattr(Best, "choose", lambda *given: np.zeros(3))
    with pytest.raises(InputError, match=r"regime r, generation 1: choose was asked for 10 of 20 .* float64 \(3,\)"):
        run(Notebook(), rules(regime, 1.0), 2)
