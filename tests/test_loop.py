"""The loop, with a crew that records its calls."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.curation.verified import Verified
from raysc.errors import InputError
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Fit, Rules, StartWeights, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.block_store import BlockStore, MemoryBlockStore
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.fresh import Fresh
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.regimes.recipe import fresh as fresh_rows
from raysc.regimes.regime import Regime
from raysc.regimes.replace import Replace
from raysc.sweepfile import Budget, CellSettings, Component, Initial, Sample, Train

SEEDS = (0, 1)
N = 10


@dataclass
class RecordingCrew:
    """A crew that records its calls. Row i of S_t has the value t + i / 1000."""

    diverges: dict[int, list[bool]] = field(default_factory=dict)
    fits: list[tuple[int, StartWeights, range, int]] = field(default_factory=list)
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    sets: list[TrainingSet] = field(default_factory=list)

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        self.fits.append((generation, start, steps, training_set.count))
        self.sets.append(training_set)
        return Fit(np.array(self.diverges.get(generation, [False, False])))

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        self.samples.append((generation, first, count))
        values = generation + np.arange(first, first + count) / 1000
        return (block_store.put(synthetic(generation), SEEDS, first, np.tile(values[None, :, None], (2, 1, 1))),)


@dataclass
class NearestHalf:
    """The half of each generation's candidates that is nearest to the real mean, of all generations or the newest."""

    all_generations: bool = True
    calls: list[int] = field(default_factory=list)

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        sampled = range(0 if self.all_generations else generation - 1, generation)
        halves = (Take(synthetic(t), rows, among=2 * rows, choose=self.choose) for t in sampled)
        return Recipe((Take(REAL, rows), *halves) if self.all_generations else tuple(halves))

    def choose(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
    ) -> np.ndarray:
        self.calls.append(count)
        distances = np.abs(candidates - real.mean(axis=0)).sum(axis=1) + generator.random(len(candidates))
        return np.argsort(distances)[:count]


def make_rules(regime: Regime, lambda_: float | None, budget: Budget | None = None) -> Rules:
    cell = CellSettings(
        data=Component(name="d"), model=Component(name="m"), initial=Initial(steps=7), train=Train(batch=4),
        sample=Sample(), loop_train=Train(batch=4), loop_sample=Sample(), start="previous",
        budget=budget or Budget(steps=5), regime=Component(name="r"), lambda_=lambda_, axes={},
    )  # fmt: skip
    return Rules(cell, regime, N)


def new_rows(generation: int, first: int, count: int) -> Rows:
    return Rows(fresh_rows(generation), (MemoryBlock(generation, 0, np.full((2, count, 1), -float(generation))),))


def run(crew: RecordingCrew, rules: Rules, last: int) -> tuple[list[int], dict[Source, Rows]]:
    real = Rows(REAL, (MemoryBlock("real", 0, np.full((1, N, 1), 0.5)),))
    sources = {REAL: real}
    block_store = MemoryBlockStore()
    loop = self_consuming_loop(rules, crew, sources, SEEDS, range(last + 1), new_rows, lambda t: block_store)
    return [generation.t for generation in loop], sources


def test_it_fits_and_samples_and_trains_on_its_samples() -> None:
    crew = RecordingCrew()
    assert run(crew, make_rules(Mix(), 1.0), 2)[0] == [0, 1, 2]
    assert crew.fits == [
        (0, "initial", range(7), N), (1, "previous", range(5), 2 * N), (2, "previous", range(5), 2 * N),
    ]  # fmt: skip
    assert crew.samples == [(0, 0, N), (1, 0, N), (2, 0, N)]
    newest = crew.sets[2].parts[1].rows
    assert newest.source == synthetic(1)
    np.testing.assert_array_equal(np.floor(newest.load()), 1.0)


def test_the_newest_generation_is_extended_and_not_redrawn() -> None:
    crew = RecordingCrew()
    run(crew, make_rules(Replace(), 2.5), 2)
    assert crew.samples == [(0, 0, N), (0, N, 15), (1, 0, N), (1, N, 15), (2, 0, N)]
    loaded = crew.sets[1].load()[0, :, 0]
    np.testing.assert_array_equal(loaded, np.arange(25) / 1000)


@dataclass(frozen=True)
class GrowingFirst:
    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(synthetic(0), rows + generation),))


def test_an_older_generation_cannot_be_extended() -> None:
    with pytest.raises(InputError, match="generation 2: it takes 12 rows of generation 0, which has sampled 11; set"):
        run(RecordingCrew(), make_rules(GrowingFirst(), 1.0), 2)


def test_sources_that_no_later_recipe_takes_are_dropped() -> None:
    assert set(run(RecordingCrew(), make_rules(Mix(), 1.0), 4)[1]) == {synthetic(4)}
    crew = RecordingCrew()
    run(crew, make_rules(Accumulate(), 1.0), 4)
    assert [part.rows.source for part in crew.sets[4].parts] == [REAL, *(synthetic(t) for t in range(4))]


def test_fresh_rows_are_drawn_at_every_generation() -> None:
    crew = RecordingCrew()
    run(crew, make_rules(Fresh(rows=3), 0.5), 2)
    assert [part.rows.source for part in crew.sets[2].parts] == [fresh_rows(2), synthetic(1)]
    assert crew.sets[2].count == 3 + 5


def test_one_diverged_seed_does_not_stop_the_pack() -> None:
    assert run(RecordingCrew({1: [True, False]}), make_rules(Mix(), 1.0), 3)[0] == [0, 1, 2, 3]


def test_the_loop_ends_when_all_seeds_have_diverged() -> None:
    crew = RecordingCrew({2: [True, True]})
    assert run(crew, make_rules(Mix(), 1.0), 5)[0] == [0, 1, 2]
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
def test_optimiser_steps_of_a_budget(budget: Budget, rows: int, steps: int) -> None:
    assert budget.optimiser_steps(rows, 128) == steps


@given(st.integers(1, 400), st.integers(1, 10_000), st.integers(1, 300))
def test_epochs_are_exact_decimals(tenths: int, rows: int, batch: int) -> None:
    steps = Budget(epochs=float(f"{tenths / 10:.1f}")).optimiser_steps(rows, batch)
    assert steps == -(-tenths * rows // (10 * batch))


def test_one_epoch_of_a_growing_training_set_takes_more_steps() -> None:
    crew = RecordingCrew()
    run(crew, make_rules(Accumulate(), 1.0, Budget(epochs=1)), 3)
    assert [len(steps) for _, _, steps, _ in crew.fits] == [7, 5, 8, 10]


def test_the_newest_generation_is_extended_to_the_number_of_candidates() -> None:
    crew, regime = RecordingCrew(), NearestHalf(all_generations=False)
    _, sources = run(crew, make_rules(regime, 1.0), 2)
    assert crew.samples == [(0, 0, N), (0, N, N), (1, 0, N), (1, N, N), (2, 0, N)]
    assert [training_set.count for training_set in crew.sets] == [N, N, N]
    for t in (1, 2):
        loaded = crew.sets[t].load()
        assert len(np.unique(loaded[0])) == N
        assert ((loaded >= t - 1) & (loaded < t - 1 + 0.002 * N)).all()
    assert REAL not in sources, "no later selection compares with real rows"


def test_a_selection_is_made_once_and_stays() -> None:
    crew, regime = RecordingCrew(), NearestHalf()
    run(crew, make_rules(regime, 1.0), 4)
    assert regime.calls == [N] * len(SEEDS) * 4
    for earlier, later in zip(crew.sets[1:], crew.sets[2:], strict=False):
        assert later.parts[: len(earlier.parts)] == earlier.parts


def fitted_means(regime: Regime, seeds: tuple[int, ...], generations: int, reads_rows_once: bool) -> np.ndarray:
    """Means of the Gaussian of the last generation, float64 (seeds, 2)."""
    loop_rules, crew = make_rules(regime, 1.0), ClosedFormRank(Gaussian(), seeds)
    real = np.random.default_rng(5).normal(size=(1, N, 2))
    sources, block_store = {REAL: Rows(REAL, (MemoryBlock("real", 0, real),))}, MemoryBlockStore()
    lifetimes = Lifetimes.of(loop_rules.recipe, range(generations + 1), reads_rows_once)
    loop = self_consuming_loop(
        loop_rules, crew, sources, seeds, range(generations + 1), new_rows, lambda t: block_store, lifetimes
    )  # fmt: skip
    assert len(list(loop)) == generations + 1
    means: np.ndarray = crew.state["mean"]
    return means


@pytest.mark.parametrize("all_generations", [True, False])
def test_reading_selected_rows_once_or_at_every_fit_gives_the_same_model(all_generations: bool) -> None:
    regime = NearestHalf(all_generations)
    once, every_fit = (fitted_means(regime, (0, 1, 2), 5, reads_rows_once) for reads_rows_once in (True, False))
    np.testing.assert_allclose(once, every_fit, rtol=1e-12)
    single = fitted_means(NearestHalf(all_generations), (1,), 5, True)
    np.testing.assert_allclose(single[0], once[1], rtol=1e-9)


def test_invalid_indices_name_the_regime_and_the_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    regime = NearestHalf(all_generations=False)
    monkeypatch.setattr(NearestHalf, "choose", lambda *arguments: np.zeros(3))
    with pytest.raises(InputError, match=r"regime r, generation 1: choose must return 10 of 20 .* float64 \(3,\)"):
        run(RecordingCrew(), make_rules(regime, 1.0), 2)


def test_errors_of_a_curation_name_it_beside_the_regime() -> None:
    rules = make_rules(Mix(), 1.0)
    curated = rules.settings.model_copy(update={"curation": Component(name="c")})
    rules = replace(rules, settings=curated, curation=Verified(threshold=1.0))  # rewards are at most 0
    with pytest.raises(InputError, match=r"^regime r, curation c, generation 1: none of 20 candidates is accepted"):
        run(RecordingCrew(), rules, 2)
