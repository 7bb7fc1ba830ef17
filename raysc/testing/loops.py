"""The loop of conformance tests: a Gaussian of points, two seeds, and a crew that records its training sets."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from raysc.curation.curation import Curation
from raysc.curation.none import Uncurated
from raysc.datasets.points.gaussian import Gaussian as Normal
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Fit, Rules, StartWeights, self_consuming_loop
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.mixing import counts_by_kind
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Source, fresh
from raysc.regimes.regime import Regime
from raysc.settings import CellSettings, Component, Initial, Sample, Train

SEEDS = (0, 1)
"""Seeds of the loops that are run."""


def rules_of(regime: Regime, lambda_: Fraction, rows: int, curation: Curation | None = None) -> Rules:
    """Return the rules of a cell with default settings."""
    cell = CellSettings(
        data=Component(name="gaussian"), model=Component(name="gaussian"), regime=Component(name="regime"),
        lambda_=float(lambda_), initial=Initial(), train=Train(), sample=Sample(), loop_train=Train(),
        loop_sample=Sample(), start="previous", budget=None, axes={}, control=False,
    )  # fmt: skip
    return Rules(cell, regime, rows, curation=curation or Uncurated())


def run_loop(
    regime: Regime,
    lambda_: Fraction,
    rows: int,
    crew: "RecordingRank",
    generations: range,
    samples: dict[Source, Rows] | None = None,
    curation: Curation | None = None,
) -> dict[Source, Rows]:
    """Run the loop on points of two dimensions; return the samples of all generations.

    Args:
        regime: the rule for training sets.
        lambda_: synthetic rows per real row.
        rows: n, the number of real rows.
        crew: holds the model of generation ``generations.start - 1``, if there is one.
        generations: the generations to run.
        samples: samples of earlier generations, of an earlier loop.
        curation: the rule for samples; None: none.
    """
    data = Normal(dim=2, rows=rows)
    # Rows of the earlier loop without its cached selections, as they are read from a store.
    read = {source: Rows(source, rows.blocks) for source, rows in (samples or {}).items()}
    sources: dict[Source, Rows] = {REAL: Rows(REAL, (MemoryBlock(REAL, 0, data.train(SEEDS)),)), **read}
    block_store = MemoryBlockStore()

    def new_rows(generation: int, first: int, count: int) -> Rows:
        rows = data.fresh(SEEDS, generation, count)
        return Rows(fresh(generation), (MemoryBlock(fresh(generation), 0, rows),))

    loop = self_consuming_loop(
        rules_of(regime, lambda_, rows, curation), crew, sources, SEEDS, generations, new_rows, lambda _: block_store,
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
