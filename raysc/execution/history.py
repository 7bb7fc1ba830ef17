"""History of a trained unit: its published generations, and where training continues."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from raysc.errors import RayscError
from raysc.execution import records
from raysc.execution.crew import TrainedCrew
from raysc.execution.metric_index import MetricIndex
from raysc.execution.unit_context import UnitContext
from raysc.metrics.core.metric import ModelMetric
from raysc.models.family import TRAINING_STATE_PREFIX
from raysc.planning.units import LoopUnit
from raysc.pool.block_store import digest
from raysc.pool.blocks import Block
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, Source, synthetic
from raysc.store import host
from raysc.store.publishing import Attempt, DamagedObjectError, Manifest
from raysc.store.retention import MODEL
from raysc.store.spans import END, NO_UNTIL, Span, published_chain, published_spans, valid_spans

LISTING_SECONDS = 1.0
"""Pause before a store is listed again whose last listing was late."""


class History:
    """The published generations of one unit.

    Attributes:
        manifests: generation -> manifest, G_0's among them; with gaps where a damaged span was moved to the trash.
        dropped: names of files that retention has deleted, as far as this process knows.
    """

    def __init__(
        self, manifests: dict[int, Manifest], rows0: Manifest, unit: LoopUnit, context: UnitContext, crew: TrainedCrew
    ) -> None:
        """Use ``read`` instead."""
        self.manifests = manifests
        self.dropped: set[str] = set()
        self._rows0 = rows0
        self._unit = unit
        self._context = context
        self._crew = crew
        self._metrics = {
            self.metrics_key(0): MetricIndex(context, self.metrics_key(0), unit.generation_zero_seeds),
            self.metrics_key(1): MetricIndex(context, self.metrics_key(1), unit.seeds),
        }

    @classmethod
    def read(cls, unit: LoopUnit, context: UnitContext, crew: TrainedCrew) -> "History | None":
        """Read the manifests of a unit; None if generation 0 is not published."""
        objects, keys = context.objects, unit.cell.keys
        assert keys.generation_zero is not None, "generation 0 of a trained family is shared"
        model0 = published_chain(objects, keys.generation_zero.model, unit.generation_zero_seeds, 0)
        rows0 = published_chain(objects, keys.generation_zero.rows, unit.generation_zero_seeds, 0)
        if not model0 or not rows0:
            return None
        spans = published_spans(objects, keys.lineage).get(keys.lineage, {}).get(unit.seeds, ())
        manifests: dict[int, Manifest] = {}
        try:
            for span in [model0[0], *valid_spans(spans, NO_UNTIL)]:
                manifests[span.first] = span.read_manifest(objects)
            return cls(manifests, rows0[0].read_manifest(objects), unit, context, crew)
        except FileNotFoundError:  # it was moved to the trash after the listing, or the listing was late
            host.current().sleep(LISTING_SECONDS)
            return cls.read(unit, context, crew)

    def diverged(self, t: int) -> bool:
        """Return True if all seeds had diverged at generation t, so that no generation follows."""
        return t in self.manifests and self.manifests[t].record["last"] >= END

    def has_diverged(self, t: int) -> bool:
        """Return True if all seeds had diverged by generation t."""
        return any(self.diverged(earlier) for earlier in range(t + 1))

    def is_published(self, t: int) -> bool:
        """Return True if generation t is published, by name: a listing may be late."""
        lineage, seeds = self._unit.cell.keys.lineage, self._unit.seeds
        spans = (Span(t, last, lineage, seeds) for last in (t, END))
        return any(self._context.objects.exists(span.name) for span in spans)

    def metrics_key(self, t: int) -> str:
        """Return the key under which the metrics of generation t are published."""
        keys = self._unit.cell.keys
        assert keys.generation_zero is not None, "generation 0 of a trained family is shared"
        return keys.lineage if t else keys.generation_zero.rows

    def metrics(self, t: int) -> MetricIndex:
        """Return the index of the metrics of generation t."""
        return self._metrics[self.metrics_key(t)]

    def restart(self, missing: int) -> int:
        """Return the first generation to train for a missing one: itself, unless states before it were dropped.

        A retraining that starts from the previous weights needs the training state of the previous generation.
        Retention keeps it for the last generation and for generation 0 only.
        """
        first = missing
        if self._unit.cell.settings.start == "previous":
            while first > 1 and not self.has_training_state(first - 1):
                first -= 1
        return first

    def has_training_state(self, t: int) -> bool:
        """Return True if every file of generation t's training state, if it has one, is in the store."""
        files = [file for file in self.manifests[t].files if file.startswith(f"{MODEL}/{TRAINING_STATE_PREFIX}")]
        return all(self.manifests[t].has_file(file) for file in files)

    def has_rows(self, t: int) -> bool:
        """Return True if S_t is in the store, or the model that draws it again."""
        manifest = self._rows_manifest(t)
        files = (file for file in manifest.files if file.startswith(f"{MODEL}/"))
        model = (file for file in files if not file.startswith(f"{MODEL}/{TRAINING_STATE_PREFIX}"))
        return self.stored(t) is not None or all(map(manifest.has_file, model))

    def sources(self, needed: set[Source], start: int) -> dict[Source, Rows]:
        """Return the needed sources that exist before generation ``start``: real rows and earlier samples."""
        sources = {REAL: self._context.real_rows}
        for source in needed:
            if source.kind == "synthetic" and source.generation < start:
                t = source.generation
                extensions = self._blocks(self.manifests[t + 1], t) if t + 1 < start else ()
                sources[source] = Rows(source, self.sampled(t).blocks + extensions)
        return sources

    def sampled(self, t: int) -> Rows:
        """Return S_t as it was measured: read from the store, or drawn again from its model and verified."""
        return Rows(synthetic(t), self._blocks(self._rows_manifest(t), t))

    def stored(self, t: int) -> Rows | None:
        """Return S_t if all of it is in the store."""
        rows = records.stored_rows(self._rows_manifest(t), t)
        return rows if rows is not None and rows.count == self._unit.cell.rules.sample_rows else None

    def model(self, t: int, metrics: Iterable[str]) -> tuple[Any, Any] | None:
        """Load the model of generation t, as (family, state), if one of the metrics reads models."""
        if not any(isinstance(self._context.measurer.metrics[metric], ModelMetric) for metric in metrics):
            return None
        self._crew.load(self.manifests[t], training_state=False)
        return self._crew.model

    def _rows_manifest(self, t: int) -> Manifest:
        return self._rows0 if t == 0 else self.manifests[t]

    def _blocks(self, manifest: Manifest, t: int) -> tuple[Block, ...]:
        """Return the rows of generation t in a span; rows that are not in the store are drawn again."""
        entries = [entry for entry in manifest.record.get("rows", ()) if entry["generation"] == t]
        if all("file" in entry and manifest.has_file(entry["file"]) for entry in entries):
            return tuple(records.stored_block(manifest, entry) for entry in entries)
        if manifest is self._rows0:  # shared by all lineages: a new plan makes it again once for all of them
            raise DamagedObjectError(
                f"{manifest.objects.uri}/{manifest.name}: some of its rows are missing", manifest.name
            )
        return self._drawn_again(manifest, t, entries)

    def _drawn_again(self, manifest: Manifest, t: int, entries: list[dict[str, Any]]) -> tuple[Block, ...]:
        """Draw rows from the model of generation t, and compare them with their recorded digests.

        Raises:
            RayscError: they differ. The model's checksum is right, so this machine rounds differently. Training on such
                rows, or measuring them, would mix two lineages.
        """
        self._crew.load(self.manifests[t], training_state=False)
        attempt = Attempt.start(self._context.objects, Span(t, t, self._unit.cell.keys.lineage, self._unit.seeds).path)
        sample = self._unit.cell.rules.sample(t)
        blocks: list[Block] = []
        for entry in entries:
            drawn = self._crew.sample(t, entry["first"], entry["rows"], sample, self._context.block_store(attempt))
            # Another number of ranks cuts the same rows into other blocks: the values are compared, not the cuts.
            if digest(np.concatenate([block.load() for block in drawn], axis=1)) != entry["sha256"]:
                raise RayscError(
                    f"{manifest.name}: rows of generation {t} that were drawn again differ from the first, which were "
                    f"drawn on {manifest.record.get('device', 'another machine')}; run it on such a machine, or keep "
                    "rows: `pool: parquet` and `keep: {rows: all}`"
                )
            blocks.extend(drawn)
        return tuple(blocks)
