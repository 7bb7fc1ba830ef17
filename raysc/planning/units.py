"""Units of work: what one trial runs. Planning makes them, execution runs them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from raysc.planning.resolved import ResolvedCell
from raysc.seeds import generation_zero_pack
from raysc.settings import Sample
from raysc.store.keys import GenerationZeroKeys
from raysc.store.objects import Objects
from raysc.store.spans import PublishedSpans, pack_name, published_spans

Pack = tuple[int, ...]

StoredRows = tuple[str, Pack]
"""Rows of one generation 0 in the store: their key, and the seeds under which they are published."""

Reason = Literal["new", "more generations", "rows not kept", "metric only", "set aside", "states not kept"]
"""The reason why a unit runs. "set aside": some of its generations were damaged, and later ones are published. "states
not kept": it can only continue, or be measured, by training published generations again."""


@dataclass(frozen=True)
class Snapshot:
    """One G_0 of a training run, and the S_0s sampled from it.

    Attributes:
        steps: optimiser steps after which it is taken.
        model: key of G_0.
        rows: key of each S_0 -> how it is sampled.
    """

    steps: int
    model: str
    rows: Mapping[str, Sample]


@dataclass(frozen=True)
class InitialUnit:
    """Generation 0 of one seed or pack of a trained family, shared by all cells that begin with it.

    Attributes:
        cell: a cell that it serves; the settings of the training run are taken from it.
        generation_zero: keys of that cell's generation 0.
        seeds: the pack.
        snapshots: in order of their steps.
        reason: why it runs.
        overlapping: published packs that shared a seed with this one when it was planned.
    """

    cell: ResolvedCell
    generation_zero: GenerationZeroKeys
    seeds: tuple[int, ...]
    snapshots: tuple[Snapshot, ...]
    reason: Reason
    overlapping: frozenset[Pack] = frozenset()

    @property
    def published_keys(self) -> tuple[str, ...]:
        """Keys under which it publishes models."""
        return tuple(snapshot.model for snapshot in self.snapshots)

    @property
    def produced_rows(self) -> frozenset[StoredRows]:
        """The S_0s that it publishes."""
        return frozenset((rows, self.seeds) for snapshot in self.snapshots for rows in snapshot.rows)

    @property
    def name(self) -> str:
        """Name of the unit within a sweep."""
        return f"initial/{self.generation_zero.run}/{pack_name(self.seeds)}"


@dataclass(frozen=True)
class LoopUnit:
    """A lineage and a pack of its seeds, or the lineages of coupled models.

    Attributes:
        cell: the cell whose lineage it is; of coupled models the first one.
        seeds: the pack.
        first: first generation to run; T + 1 where only a metric is missing.
        reason: why it runs.
        missing: number of generations >= 1 to do, per seed, of all models.
        refits: number of published generations that must be trained again, per seed, since their states were dropped.
        overlapping: published packs that shared a seed with this one when it was planned.
    """

    cell: ResolvedCell
    seeds: tuple[int, ...]
    first: int
    reason: Reason
    missing: int
    refits: int = 0
    overlapping: frozenset[Pack] = frozenset()

    @property
    def published_keys(self) -> tuple[str, ...]:
        """Keys under which it publishes generations."""
        return tuple(model.keys.lineage for model in self.cell.models)

    @property
    def generation_zero_seeds(self) -> Pack:
        """Seeds under which generation 0 of the pack is published, in order, for a trained family."""
        return generation_zero_pack(self.seeds)

    @property
    def initial_rows(self) -> frozenset[StoredRows]:
        """The S_0s that its loops start from; empty for a closed-form family."""
        shared = [model.keys.generation_zero for model in self.cell.models]
        return frozenset((keys.rows, self.generation_zero_seeds) for keys in shared if keys is not None)

    @property
    def models(self) -> "tuple[LoopUnit, ...]":
        """The same unit for each of its models, in order."""
        return tuple(replace(self, cell=model) for model in self.cell.models)

    @property
    def name(self) -> str:
        """Name of the unit within a sweep."""
        return f"loop/{self.cell.keys.lineage}/{pack_name(self.seeds)}"


Unit = InitialUnit | LoopUnit


def overlapping_packs(spans: PublishedSpans, keys: Iterable[str], seeds: Pack) -> frozenset[Pack]:
    """Return the other published packs of some keys that share a seed with a pack."""
    packs = (pack for key in keys for pack in spans.get(key, ()))
    return frozenset(pack for pack in packs if pack != seeds and not set(seeds).isdisjoint(pack))


def is_outdated(unit: Unit, objects: Objects) -> bool:
    """Return True if a pack that shares a seed with a unit was published since the unit was planned.

    Another sweep has done a part of its work then, and a new plan leaves that out.
    """
    return any(
        not overlapping_packs(published_spans(objects, key), (key,), unit.seeds) <= unit.overlapping
        for key in unit.published_keys
    )
