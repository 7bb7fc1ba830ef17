"""The self-consuming loop, the algorithm of Bertrand et al. 2023 (section 2) and Kazdan et al. 2024 (section 2).

    G_0 = fit(real rows)
    S_0 ~ G_0
    for t = 1, ..., T:
        D_t = mix(real rows, S_0, ..., S_{t-1}), as the regime's recipe says
        G_t = fit(D_t), starting from G_{t-1} or from initial weights
        S_t ~ G_t

The loop does not depend on Ray and does no I/O. A crew holds the models, and block stores store the rows. The caller
measures and publishes each generation before it requests the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from time import perf_counter
from typing import Literal, Protocol

import numpy as np

from raysc.curation.curation import Curation
from raysc.curation.none import Uncurated
from raysc.errors import InputError
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.lifetimes import Lifetimes, appended_takes
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import Rows
from raysc.pool.selection import Views
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Recipe, Source, Take, exact, fresh, synthetic
from raysc.regimes.regime import Regime
from raysc.settings import CellSettings, Sample, Start, Train

StartWeights = Start | Literal["current"]
"""Weights from which a fit starts; "current": those of the crew, when a fit is a later part of a generation."""


NewRows = Callable[[int, int, int], Rows]
"""(generation, first, count) -> new real rows for a generation; the generations before it took ``first`` of them."""


@dataclass(frozen=True)
class Fit:
    """Result of one fit.

    Attributes:
        diverged: bool (seeds,): a loss or parameter was not finite.
        loss: mean training loss, float64 (seeds,); NaN for closed-form families.
        weights_moved: False for a seed whose weights are those of the start, although steps with a learning rate above
            0 were taken; bool (seeds,), or True for all.
        skipped_steps: steps that loss scaling (fp16) skipped.
    """

    diverged: np.ndarray
    loss: np.ndarray | float = float("nan")
    weights_moved: np.ndarray | bool = True
    skipped_steps: int = 0


class Crew(Protocol):
    """The ranks of a trial. They hold the model of one generation; all calls concern that model."""

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Fit the model of a generation and hold it.

        ``length``: optimiser steps of the whole generation if ``steps`` is a part of them.
        """
        ...

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw rows ``first`` to ``first + count`` from the model; every rank stores its own blocks."""
        ...


@dataclass(frozen=True)
class Rules:
    """Settings of one cell, with its regime, its curation and the number of real rows.

    Attributes:
        settings: the settings.
        regime: the rule for training sets.
        rows: n, the initial real rows per seed.
        steps_of: of a matched control: the regime whose training sets convert epochs to optimiser steps.
        curation: the rule for the synthetic rows of the regime's training sets.
    """

    settings: CellSettings
    regime: Regime
    rows: int
    steps_of: Regime | None = None
    curation: Curation = field(default_factory=Uncurated)

    @property
    def sample_rows(self) -> int:
        """Rows that every generation samples."""
        return self.settings.sample.rows or self.rows

    def recipe(self, generation: int) -> Recipe:
        """Return the recipe of a generation: the first ``initial.rows`` real rows for 0, else the regime's, curated."""
        if generation == 0:
            return Recipe((Take(REAL, self.settings.initial.rows or self.rows),))
        recipe = self.regime.recipe(generation, self.rows, exact(self.settings.lambda_))
        # Long accumulations have thousands of takes. A plug-in may return anything; the plan refuses it.
        if isinstance(self.curation, Uncurated) or not isinstance(recipe, Recipe):
            return recipe
        return replace(recipe, takes=tuple(map(self._curate, recipe.takes)))

    def _curate(self, take: Take) -> Take:
        """Return a take as it is trained on; equal takes give one object, which is compared fast."""
        if take.source.kind != "synthetic":
            return take
        if take not in self._curated_takes:
            self._curated_takes[take] = curated = self.curation.curate(take)
            if not isinstance(curated, Take) or (curated.source, curated.count) != (take.source, take.count):
                raise InputError(
                    f"curation: {self.settings.curation.name} must return a take of {take.count} {take.source.kind} "
                    f"rows of generation {take.source.generation}, got {curated}"
                )
        return self._curated_takes[take]

    @cached_property
    def _curated_takes(self) -> dict[Take, Take]:
        return {}

    def fresh_rows(self, generation: int) -> int:
        """Return the number of new real rows that a generation is the first to train on."""
        takes = self.recipe(generation).takes
        return max((take.source_rows for take in takes if take.source == fresh(generation)), default=0)

    def fresh_rows_before(self, generation: int) -> int:
        """Return the number of new real rows that all earlier generations trained on."""
        ends = self._fresh_ends
        while len(ends) <= generation:
            ends.append(ends[-1] + self.fresh_rows(len(ends)))
        return ends[generation - 1]

    @cached_property
    def _fresh_ends(self) -> list[int]:
        """New real rows up to each generation, as far as they were counted; generation 0 takes none."""
        return [0]

    def train(self, generation: int) -> Train:
        """Return the training settings of a generation."""
        return self.settings.train if generation == 0 else self.settings.loop_train

    def sample(self, generation: int) -> Sample:
        """Return the sampling settings of a generation."""
        return self.settings.sample if generation == 0 else self.settings.loop_sample

    def start(self, generation: int) -> Start:
        """Return the weights from which the fit of a generation starts."""
        return "initial" if generation == 0 else self.settings.start

    def steps(self, generation: int, rows: int) -> int:
        """Return the optimiser steps of a generation on ``rows`` training rows; 0 for none, or a closed-form family."""
        if generation == 0:
            return self.settings.initial.steps or 0
        if rows == 0:
            return 0
        if self.steps_of is not None and self.settings.steps_of is not None:
            rows = self.steps_of.recipe(generation, self.rows, exact(self.settings.steps_of.lambda_)).rows
        budget = self.settings.budget
        return budget.optimiser_steps(rows, self.settings.loop_train.batch) if budget else 0


@dataclass(frozen=True)
class Generation:
    """Result of one generation.

    Attributes:
        t: the generation.
        rows: S_t, ``sample_rows`` rows; None if every seed diverged.
        extended: rows that this training set needed beyond those of S_{t-1}, drawn in this generation.
        rows_real: int64 (seeds,), real rows (initial and fresh) in the training set.
        rows_synthetic: int64 (seeds,), synthetic rows in the training set.
        steps: optimiser steps.
        diverged: bool (seeds,).
        loss: mean training loss; float64 (seeds,) if there are several seeds.
        seconds: wall time by phase: fit (with mixing) and sample.
        weights_moved: see ``Fit``.
        skipped_steps: see ``Fit``.
    """

    t: int
    rows: Rows | None
    extended: tuple[Block, ...]
    rows_real: np.ndarray
    rows_synthetic: np.ndarray
    steps: int
    diverged: np.ndarray
    loss: np.ndarray | float
    seconds: dict[str, float] = field(default_factory=dict)
    weights_moved: np.ndarray | bool = True
    skipped_steps: int = 0


def self_consuming_loop(
    rules: Rules,
    crew: Crew,
    sources: dict[Source, Rows],
    seeds: tuple[int, ...],
    generations: range,
    new_rows: NewRows,
    block_store: Callable[[int], BlockStore],
    lifetimes: Lifetimes | None = None,
    views: Views | None = None,
) -> Iterator[Generation]:
    """Run generations of one lineage for a pack of seeds.

    Args:
        rules: settings, regime and number of real rows.
        crew: holds the model of generation ``generations.start - 1``, if there is one.
        sources: real rows and the samples of earlier generations. The loop adds its samples and drops, in place, the
            sources that no later recipe of ``generations`` takes.
        seeds: the pack, the leading axis of all rows.
        generations: generations to run, in order; the loop ends early when every seed has diverged.
        new_rows: gives new real rows.
        block_store: generation -> block store for the rows drawn in that generation.
        lifetimes: lifetimes of the sources; None: those of a family that reads all rows at every fit. They may belong
            to a range that begins before ``generations``, if no source needed now was freed there.
        views: of candidates, for choosers that need them.

    Yields:
        Each generation, once its rows are sampled.
    """
    lifetimes = lifetimes or Lifetimes.of(rules.recipe, generations, reads_rows_once=False)
    previous: tuple[Take, ...] = ()
    for t in generations:
        start_time = perf_counter()
        recipe = rules.recipe(t)
        extended: tuple[Block, ...] = ()
        for take in appended_takes(recipe.takes, previous):
            if take.source.kind == "fresh" and take.source not in sources:
                sources[take.source] = _new_rows(new_rows, rules, take.source.generation)
            if take.source_rows > sources[take.source].count:
                extended = _extend(sources, take, rules, crew, t, block_store)
        previous = recipe.takes
        draw_end = perf_counter()

        training_set = _mix(recipe, sources, seeds, t, rules, views)  # D_t
        rows_real, rows_synthetic = counts_by_kind(training_set, len(seeds))
        steps = rules.steps(t, training_set.count)
        fit = crew.fit(t, training_set, rules.start(t), range(steps), rules.train(t))  # G_t
        fit_end = perf_counter()

        rows = None
        if not fit.diverged.all():
            blocks = crew.sample(t, 0, rules.sample_rows, rules.sample(t), block_store(t))
            rows = sources[synthetic(t)] = Rows(synthetic(t), blocks)  # S_t
        lifetimes.release(sources, t)

        seconds = {"fit": fit_end - draw_end, "sample": perf_counter() - fit_end + draw_end - start_time}
        yield Generation(
            t, rows, extended, rows_real, rows_synthetic, steps, fit.diverged, fit.loss, seconds,
            fit.weights_moved, fit.skipped_steps,
        )  # fmt: skip
        if rows is None:
            return


def coupled_loops(
    loops: Sequence[Iterator[Generation]],
    sources: Sequence[dict[Source, Rows]],
    read: Callable[[int, int, Sequence[Rows | None]], Rows],
) -> Iterator[tuple[Generation | None, ...]]:
    """Run the loops of several models in step; each model trains on rows that all of them have sampled.

        for t = 0, ..., T:
            D_t^i, G_t^i, S_t^i as above, for every model i
            from now on model i takes ``read(i, t, S_t^1, ..., S_t^K)`` as S_t

    Args:
        loops: the loop of every model.
        sources: the sources of every loop.
        read: (model, generation, samples of all models) -> the rows that the model reads.

    Yields:
        The generation of every model; None for a model whose seeds had all diverged before.
    """
    for t in count():
        generations = tuple(next(loop, None) for loop in loops)
        if all(generation is None for generation in generations):
            return
        sampled = [None if generation is None else generation.rows for generation in generations]
        for model, of_model in enumerate(sources):
            if (newest := synthetic(t)) in of_model:  # unless no later generation takes it
                of_model[newest] = read(model, t, sampled)
        yield generations


def _new_rows(new_rows: NewRows, rules: Rules, generation: int) -> Rows:
    """Return the new real rows of a generation, the same in a loop that begins later."""
    return new_rows(generation, rules.fresh_rows_before(generation), rules.fresh_rows(generation))


def _mix(
    recipe: Recipe, sources: dict[Source, Rows], seeds: tuple[int, ...], t: int, rules: Rules, views: Views | None
) -> TrainingSet:
    """Return D_t; errors name the regime, the curation if there is one, and the generation."""
    try:
        return mix(recipe, sources, seeds, t, rules.sample_rows, views)
    except InputError as error:
        curation = "" if isinstance(rules.curation, Uncurated) else f", curation {rules.settings.curation.name}"
        raise InputError(f"regime {rules.settings.regime.name}{curation}, generation {t}: {error}") from error


def _extend(
    sources: dict[Source, Rows], take: Take, rules: Rules, crew: Crew, t: int, block_store: Callable[[int], BlockStore]
) -> tuple[Block, ...]:
    """Draw the rows that a take lacks from G_{t-1} and return them; earlier rows stay, since they were measured."""
    if take.source != synthetic(t - 1):  # the crew holds the newest model alone
        raise InputError(
            f"regime {rules.settings.regime.name}, generation {t}: it takes {take.source_rows} rows of generation "
            f"{take.source.generation}, which has sampled {sources[take.source].count}; set sample.rows to at least "
            f"{take.source_rows}"
        )
    newest = sources[take.source]
    blocks = crew.sample(t - 1, newest.count, take.source_rows - newest.count, rules.sample(t - 1), block_store(t))
    sources[take.source] = Rows(take.source, newest.blocks + blocks)
    return blocks
