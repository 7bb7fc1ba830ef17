"""The self-consuming loop: mix, fit, sample, again.

This is the algorithm of Bertrand et al. 2023 (section 2) and Kazdan et al. 2024 (section 2) with the rule for the
training set left to a regime. It knows no Ray and does no I/O: a crew holds the models, shelves hold the rows, and
whoever iterates over the loop measures and publishes each generation before asking for the next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, Protocol

import numpy as np

from raysc.errors import InputError
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import Block, Rows, TrainingSet
from raysc.pool.shelf import Shelf
from raysc.regimes.recipe import REAL, Recipe, Regime, Source, Take, exact, synthetic
from raysc.settings import Cell, Sample, Start, Train

From = Start | Literal["held"]
"""Which weights a fit starts from; "held": those that the crew holds, in the middle of a run."""


@dataclass(frozen=True)
class Fit:
    """What a crew says of one fit.

    Attributes:
        diverged: bool (seeds,): a loss or parameter was not finite.
        loss: mean training loss, float64 (seeds,); NaN for closed-form families.
    """

    diverged: np.ndarray
    loss: np.ndarray | float = float("nan")


class Crew(Protocol):
    """The ranks that hold generation k's model for the whole trial; all calls are about that model."""

    def fit(
        self, generation: int, training_set: TrainingSet, start: From, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Make the model of a generation; it is then the one that the crew holds.

        ``length``: optimiser steps of the whole generation where ``steps`` is a part of them.
        """
        ...

    def sample(self, generation: int, first: int, count: int, sample: Sample, shelf: Shelf) -> tuple[Block, ...]:
        """Draw rows ``first`` to ``first + count`` from the model that is held; every rank shelves its own blocks."""
        ...


@dataclass(frozen=True)
class Rules:
    """What the loop goes by: a cell's settings with its regime and the size of its data.

    Attributes:
        cell: the settings.
        regime: the rule for training sets.
        rows: n, the initial real rows per seed.
        steps_of: the rule by whose training sets epochs are counted out: a matched control's.
    """

    cell: Cell
    regime: Regime
    rows: int
    steps_of: Regime | None = None

    @property
    def sample_rows(self) -> int:
        """Rows that every generation samples."""
        return self.cell.sample.rows or self.rows

    def recipe(self, generation: int) -> Recipe:
        """Generation 0 trains on (the first ``initial.rows``) real rows only, the others on what the regime says."""
        if generation == 0:
            return Recipe((Take(REAL, self.cell.initial.rows or self.rows),))
        return self.regime.recipe(generation, self.rows, exact(self.cell.lambda_))

    def train(self, generation: int) -> Train:
        """Training settings of a generation."""
        return self.cell.train if generation == 0 else self.cell.loop_train

    def sample(self, generation: int) -> Sample:
        """Sampling settings of a generation."""
        return self.cell.sample if generation == 0 else self.cell.loop_sample

    def steps(self, generation: int, rows: int) -> int:
        """Optimiser steps of a generation on ``rows`` training rows; 0 for closed-form families."""
        if generation == 0:
            return self.cell.initial.steps or 0
        if self.steps_of is not None and self.cell.steps_of is not None:
            rows = self.steps_of.recipe(generation, self.rows, exact(self.cell.steps_of.lambda_)).rows
        return self.cell.budget.optimiser_steps(rows, self.cell.loop_train.batch) if self.cell.budget else 0


@dataclass(frozen=True)
class Generation:
    """One turn of the loop.

    Attributes:
        t: the generation.
        rows: S_t, ``sample_rows`` rows; None if every seed diverged.
        extended: rows beyond those of S_{t-1} that this training set needed and that were drawn in this turn.
        rows_real: int64 (seeds,), real rows (initial and fresh) in the training set.
        rows_synthetic: int64 (seeds,), synthetic rows in it.
        steps: optimiser steps.
        diverged: bool (seeds,).
        loss: mean training loss, of each seed where there are several.
        seconds: wall time by phase: fit (mixing included) and sample.
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


@dataclass(frozen=True)
class Uses:
    """What of the sources a loop lets go after each generation.

    Attributes:
        spent: those whose rows are read for the last time, and that are still counted later.
        dropped: those that are taken for the last time.
    """

    spent: Mapping[int, Sequence[Source]]
    dropped: Mapping[int, Sequence[Source]]

    @classmethod
    def of(cls, rules: Rules, generations: range, remembers: bool) -> "Uses":
        """Look at all recipes of some generations, from the last to the first.

        Args:
            rules: settings, regime and size of the data.
            generations: those of the loop.
            remembers: the family reads no rows again that were a whole part of its last training set.
        """
        taken: dict[Source, int] = {}
        read: dict[Source, int] = {}
        recipe, following = rules.recipe(generations.stop - 1), Recipe(())
        for t in reversed(generations):
            if recipe.takes != following.takes[: len(recipe.takes)]:
                for source in _looked_at(recipe.takes):
                    taken.setdefault(source, t)
            before = rules.recipe(t - 1) if t > 0 else None
            # What was merged before this run began is not remembered by anybody.
            for source in _looked_at(_unread(recipe, before if remembers and t > generations.start else None)):
                read.setdefault(source, t)
            if before is not None:
                recipe, following = before, recipe
        spent: dict[int, list[Source]] = {}
        dropped: dict[int, list[Source]] = {}
        for source, last in taken.items():
            dropped.setdefault(last, []).append(source)
            if read[source] < last:
                spent.setdefault(read[source], []).append(source)
        return cls(spent, dropped)


def self_consuming_loop(
    rules: Rules,
    crew: Crew,
    sources: dict[Source, Rows],
    seeds: tuple[int, ...],
    generations: range,
    fresh: Callable[[int, int], Rows],
    shelf: Callable[[int], Shelf],
    uses: Uses | None = None,
) -> Iterator[Generation]:
    """Run generations of one lineage for a pack of seeds.

    Args:
        rules: settings, regime and size of the data.
        crew: holds the model of generation ``generations.start - 1``, if there is one.
        sources: the rows that exist: real ones and what earlier generations sampled. The loop adds what it samples and
            drops what no later recipe of ``generations`` takes.
        seeds: the pack, the leading axis of all rows.
        generations: which to run, in order; ends early when every seed has diverged.
        fresh: (generation, count) -> new real rows.
        shelf: where the rows are put that are drawn in a generation's turn.
        uses: what is let go; None: of a family that remembers nothing. They may be those of a range that begins before
            ``generations``, if nothing that is needed now was let go there.

    Yields:
        Each generation once its rows are sampled.
    """
    uses = uses or Uses.of(rules, generations, remembers=False)
    before: tuple[Take, ...] = ()
    for t in generations:
        began = perf_counter()
        recipe = rules.recipe(t)
        extended: tuple[Block, ...] = ()
        for take in _beyond(recipe.takes, before):
            if take.source.kind == "fresh":
                sources[take.source] = fresh(t, take.candidates)
            missing = take.candidates - sources[take.source].count
            if missing > 0:
                extended = _extend(sources, take, missing, rules, crew, t, shelf)
        before = recipe.takes
        drawn = perf_counter()
        try:
            training_set = mix(recipe, sources, seeds, t, rules.sample_rows)
        except InputError as error:
            raise InputError(f"regime {rules.cell.regime.name}, generation {t}: {error}") from error
        rows_real, rows_synthetic = counts_by_kind(training_set, len(seeds))
        steps = rules.steps(t, training_set.count)
        start: From = "initial" if t == 0 else rules.cell.start
        fit = crew.fit(t, training_set, start, range(steps), rules.train(t))
        fitted = perf_counter()
        rows = None
        if not fit.diverged.all():
            blocks = crew.sample(t, 0, rules.sample_rows, rules.sample(t), shelf(t))
            rows = sources[synthetic(t)] = Rows(synthetic(t), blocks)
        for source in uses.spent.get(t, ()):
            sources[source] = sources[source].spent()
        for source in uses.dropped.get(t, ()):
            sources.pop(source, None)
        seconds = {"fit": fitted - drawn, "sample": perf_counter() - fitted + drawn - began}
        yield Generation(t, rows, extended, rows_real, rows_synthetic, steps, fit.diverged, fit.loss, seconds)
        if rows is None:
            return


def _looked_at(takes: tuple[Take, ...]) -> Iterator[Source]:
    """Whose rows takes need: their sources', and the real ones where some are chosen."""
    for take in takes:
        yield take.source
        if take.choose is not None:
            yield REAL


def unread(rules: Rules, t: int, remembers: bool) -> tuple[Take, ...]:
    """The takes of a generation whose rows a fit reads: all of them, or those that its family does not remember.

    Under accumulate a training set is the last one and one more part: only that part is read.
    """
    return _unread(rules.recipe(t), rules.recipe(t - 1) if remembers and t > 0 else None)


def _unread(recipe: Recipe, before: Recipe | None) -> tuple[Take, ...]:
    """The same, given the recipe of the generation before, if what that read is remembered."""
    if before is None or recipe.subsample is not None or before.subsample is not None:
        return recipe.takes
    return _beyond(recipe.takes, before.takes)


def _beyond(takes: tuple[Take, ...], before: tuple[Take, ...]) -> tuple[Take, ...]:
    """The takes that follow those of before, all of them if those are not the beginning."""
    return takes[len(before) :] if takes[: len(before)] == before else takes


def _extend(
    sources: dict[Source, Rows],
    take: Take,
    missing: int,
    rules: Rules,
    crew: Crew,
    t: int,
    shelf: Callable[[int], Shelf],
) -> tuple[Block, ...]:
    """Draw more rows of the newest generation: those that are there stay, so that what was measured stays true."""
    newest = sources[take.source]
    assert take.source == synthetic(t - 1), (
        "only the newest generation's model is held: an older one cannot be extended"
    )
    blocks = crew.sample(t - 1, newest.count, missing, rules.sample(t - 1), shelf(t))
    sources[take.source] = Rows(take.source, newest.blocks + blocks)
    return blocks
