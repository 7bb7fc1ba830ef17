"""The sweeps that schedules run, with the result of an undisturbed run of each."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pandas as pd

from raysc import registry
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.runner import Outcome, RunOptions, run_sweep
from raysc.sweepfile import Sweep, read_sweep_mapping
from tests.simulation.cheap_formats import cheap_formats
from tests.simulation.invariants import Watch, results
from tests.simulation.without_ray import SilentDisplay
from tests.simulation.world import World, entered

TRAINED: dict[str, Any] = {
    "name": "simulated",
    "data": {"name": "gaussian", "dim": 1, "rows": 6},
    "model": "tests.simulation.tiny:Tiny",
    "initial": {"steps": 4},
    "train": {"batch": 2},
    "space": {"regime": ["mix"], "lambda": 1.0},
    "control": False,
    "seeds": 1,
    "metrics": ["feature_variance"],
}
CLOSED_FORM: dict[str, Any] = {
    "name": "simulated",
    "data": {"name": "gaussian", "dim": 1, "rows": 6},
    "model": "gaussian",
    "space": {"regime": ["mix"], "lambda": 1.0},
    "control": False,
    "seeds": 2,
    "metrics": ["feature_variance"],
}
COUPLED_MODELS: dict[str, Any] = {
    **CLOSED_FORM,
    "data": {"name": "gaussian", "dim": 1, "rows": 6},
    "models": {"count": 2, "reads": "complete"},
}
"""Two models that read each other's samples: one unit publishes two lineages."""
SEARCH: dict[str, Any] = {
    **CLOSED_FORM,
    "data": {"name": "gaussian", "dim": 2, "rows": 100},
    "space": {"regime": "mix", "sample.covariance_scale": [2.0]},
    "search": {"threshold": "lambda", "range": [0.25, 16], "width": 1.0},
    "metrics": ["trace_ratio"],
    "control": True,
    "seeds": 4,
}
"""A search for a threshold: what is published decides what runs next."""
CHECKPOINTS = "resources.checkpoint_minutes=0.0000001"
"""Override that saves a checkpoint after every piece of a fit."""

VARIANTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "plain": (3, ()),
    "checkpoints": (2, (CHECKPOINTS,)),
    "two lineages": (2, ("space.regime=[mix, accumulate]",)),
    "object store": (3, ("pool=object_store",)),
    "keep little": (3, ("keep={models: last, training_state: none}",)),
    "keep nothing, checkpoints": (2, ("keep={training_state: none}", CHECKPOINTS)),
    "from scratch, all rows": (3, ("loop.start=scratch", "keep={rows: all}")),
    "snapshots": (2, ("space.initial.steps=[2, 4]",)),
    "early stopping": (4, ("loop.until={metric: feature_variance, above: 0.2}", "seeds=2")),
    "subsample": (3, ("space.regime=accumulate_subsample",)),
}
"""Name -> generations and overrides of a trained sweep."""
PAIR = "models={count: 2, reads: complete}", "metrics=[feature_variance, model_diversity]"
COUPLED_VARIANTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "coupled, checkpoints": (2, (*PAIR, CHECKPOINTS)),
    "coupled, keep little": (3, (*PAIR, "keep={models: last, training_state: none}")),
    "coupled, object store": (2, (*PAIR, "pool=object_store", "space.regime=accumulate")),
}
"""The same for two models that read each other's samples: their generations are published one by one."""
CLOSED, COUPLED, THRESHOLD = "closed form", "coupled models", "search"
CLOSED_FORMS: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    CLOSED: (3, CLOSED_FORM),
    COUPLED: (3, COUPLED_MODELS),
    THRESHOLD: (4, SEARCH),
}
"""Name -> generations and text of a sweep of a closed-form family."""
NAMES = (*VARIANTS, CLOSED)
"""The sweeps of most profiles."""


@dataclass(frozen=True)
class Expected:
    """The result of an undisturbed run.

    Attributes:
        table: the tidy table without seconds; empty with cheap formats.
        results: digests of models and rows by manifest.
        metrics: names of the metric files, which end with digests of their values.
        generations: T.
        fits: number of fits.
        operations: number of requests.
    """

    table: pd.DataFrame
    results: Mapping[str, Mapping[str, str]]
    metrics: frozenset[str]
    generations: int
    fits: int
    operations: int


@dataclass(frozen=True)
class Case:
    """A sweep, the same sweep with one generation more, and what undisturbed runs of both give.

    Attributes:
        name: of the variant.
        resolved: the sweep.
        longer: the same with one generation more.
        cheap: True if its schedules use cheap formats and no table.
    """

    name: str
    resolved: ResolvedSweep
    longer: ResolvedSweep
    cheap: bool

    def formats(self) -> AbstractContextManager[None]:
        """Return the context in which its schedules run."""
        return cheap_formats() if self.cheap else nullcontext()

    @property
    def sweep(self) -> Sweep:
        """The sweep file."""
        return self.resolved.sweep

    @property
    def drops_last_state(self) -> bool:
        """True if a longer sweep needs ``--remake``."""
        return self.sweep.keep.training_state == "none"

    @cached_property
    def expected(self) -> Expected:
        """Result of the sweep."""
        return self._undisturbed[0]

    @cached_property
    def expected_longer(self) -> Expected:
        """Result of the longer sweep, run on the store of the first one."""
        return self._undisturbed[1]

    @cached_property
    def _undisturbed(self) -> tuple[Expected, Expected]:
        world = World(0)
        watch = Watch(world, self.resolved)
        with self.formats(), entered(world):
            first = _expected(world, run_command(world, self.sweep))
            watch.tolerates_removal = self.drops_last_state
            longer = _expected(world, run_command(world, self.longer.sweep, RunOptions("", remake=True)))
        assert not world.violations, world.violations
        return first, longer


@cache
def case(name: str, cheap: bool = False) -> Case:
    """Return the case of a name."""
    closed = name in CLOSED_FORMS
    generations, overrides = (CLOSED_FORMS[name][0], ()) if closed else {**VARIANTS, **COUPLED_VARIANTS}[name]
    text = CLOSED_FORMS[name][1] if closed else TRAINED

    def read(last: int) -> ResolvedSweep:
        budget = {} if closed else {"budget": {"steps": 3}}
        return resolve(read_sweep_mapping({**text, "loop": {"generations": last, **budget}}, overrides, registry))

    return Case(name, read(generations), read(generations + 1), cheap)


def run_command(world: World, sweep: Sweep, options: RunOptions | None = None) -> Outcome:
    """Run ``raysc sweep`` undisturbed, as the only task."""
    outcome: Outcome = world.run_alone("calm", lambda: sweep_command(world, sweep, options))
    return outcome


def sweep_command(world: World, sweep: Sweep, options: RunOptions | None = None) -> Outcome:
    """Run ``raysc sweep`` in the running task."""
    return run_sweep(sweep, world.objects, SilentDisplay(), options or RunOptions(address=""))


def without_seconds(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns that differ from run to run."""
    return table.drop(columns=[name for name in table.columns if str(name).startswith("seconds_")]).reset_index(
        drop=True
    )


def _expected(world: World, outcome: Outcome) -> Expected:
    assert not outcome.failures, outcome.failures
    metrics = frozenset(world.contents.names("metrics"))
    last = outcome.resolved.sweep.generations
    table, published = without_seconds(outcome.table), results(world.contents)
    return Expected(table, published, metrics, last, len(world.fits), world.operations)
