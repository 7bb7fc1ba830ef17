"""What is published of a unit of a trained family, and how to go on from it."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from raysc.errors import RayscError
from raysc.execution import records
from raysc.execution.metric_index import Measured
from raysc.execution.unit_context import Bench, TrainedCrew
from raysc.metrics.core.metric import ModelMetric
from raysc.models.family import TRAINING_STATE
from raysc.planning.plan import LoopUnit
from raysc.pool.rows import Block, Rows
from raysc.pool.shelf import digest
from raysc.regimes.recipe import REAL, Source, synthetic
from raysc.store.publishing import Attempt, Damaged, Manifest
from raysc.store.retention import MODEL
from raysc.store.spans import END, PLAIN, Span, counted, published, published_chain


class History:
    """The published generations of one unit.

    Attributes:
        models: manifests by generation, G_0's among them; where something was damaged and set aside, with gaps.
        dropped: names of files that retention has removed, as far as this process knows.
    """

    def __init__(self, models: dict[int, Manifest], rows0: Manifest, unit: LoopUnit, bench: Bench, crew: TrainedCrew):
        """Made by ``read``."""
        self.models = models
        self.dropped: set[str] = set()
        self._rows0 = rows0
        self._unit = unit
        self._bench = bench
        self._crew = crew
        self._measured = {address: Measured(bench, address) for address in {self.address(0), self.address(1)}}

    @classmethod
    def read(cls, unit: LoopUnit, bench: Bench, crew: TrainedCrew) -> "History | None":
        """Look up what is published; None if generation 0 is not."""
        keys = unit.line.keys
        assert keys.zero is not None, "generation 0 of a trained family is shared"
        model0 = published_chain(bench.objects, keys.zero.model, unit.seeds, 0)
        rows0 = published_chain(bench.objects, keys.zero.rows, unit.seeds, 0)
        if not model0 or not rows0:
            return None
        spans = published(bench.objects, keys.lineage).get(keys.lineage, {}).get(unit.seeds, ())
        models = {span.first: span.manifest(bench.objects) for span in [model0[0], *counted(spans, PLAIN)]}
        return cls(models, rows0[0].manifest(bench.objects), unit, bench, crew)

    def ended(self, t: int) -> bool:
        """Whether the seed diverged at generation t, so that nothing comes after it."""
        return t in self.models and self.models[t].record["last"] >= END

    def address(self, t: int) -> str:
        """The key under which generation t's metrics lie."""
        keys = self._unit.line.keys
        assert keys.zero is not None, "generation 0 of a trained family is shared"
        return keys.lineage if t else keys.zero.rows

    def measured(self, t: int) -> Measured:
        """The metrics of generation t."""
        return self._measured[self.address(t)]

    def restart(self, missing: int) -> int:
        """The first generation that must be trained so that a missing one can be: itself, unless states were dropped.

        A retraining that starts from the weights before it needs the training state of its predecessor, which retention
        keeps for the last generation and for generation 0 only.
        """
        first = missing
        if self._unit.line.rules.cell.start == "previous":
            while first > 1 and not self._can_be_continued(first - 1):
                first -= 1
        return first

    def _can_be_continued(self, t: int) -> bool:
        """Whether generation t has its training state, as far as its family has one."""
        files = [file for file in self.models[t].files if file.startswith(f"{MODEL}/{TRAINING_STATE}")]
        return all(self.models[t].holds(file) for file in files)

    def sources(self, needed: set[Source], start: int) -> dict[Source, Rows]:
        """The needed rows that exist before generation ``start``: the real ones, and all that were sampled."""
        found = {REAL: self._bench.real_rows}
        for source in needed:
            if source.kind == "synthetic" and source.generation < start:
                t = source.generation
                extensions: tuple[Block, ...] = ()
                if t + 1 < start:
                    extensions = self._blocks(self.models[t + 1], t)
                found[source] = Rows(source, self.sampled(t).blocks + extensions)
        return found

    def sampled(self, t: int) -> Rows:
        """S_t as it was measured: read where it is stored, else drawn again from its model and checked."""
        return Rows(synthetic(t), self._blocks(self._holder(t), t))

    def stored(self, t: int) -> Rows | None:
        """S_t if all of it is in the store."""
        kept = records.stored_rows(self._holder(t), t)
        return kept if kept is not None and kept.count == self._unit.line.rules.sample_rows else None

    def model(self, t: int, metrics: Iterable[str]) -> tuple[Any, Any] | None:
        """The family and the model of generation t, if one of the metrics looks at models."""
        if not any(isinstance(self._bench.metrics[metric], ModelMetric) for metric in metrics):
            return None
        self._crew.load(self.models[t])
        return self._crew.model

    def _holder(self, t: int) -> Manifest:
        return self._rows0 if t == 0 else self.models[t]

    def _blocks(self, manifest: Manifest, t: int) -> tuple[Block, ...]:
        """The rows of generation t that a span holds."""
        entries = [entry for entry in manifest.record.get("rows", ()) if entry["generation"] == t]
        if all("file" in entry and manifest.holds(entry["file"]) for entry in entries):
            return tuple(records.stored_block(manifest, entry) for entry in entries)
        if manifest is self._rows0:  # everybody's, and so made again once for everybody
            raise Damaged(f"{manifest.objects.uri}/{manifest.name}: some of its rows are missing", manifest.name)
        self._crew.load(self.models[t])
        attempt = Attempt.below(self._bench.objects, Span(t, t, self._unit.line.keys.lineage, self._unit.seeds).place)
        sample = self._unit.line.rules.sample(t)
        blocks: list[Block] = []
        for entry in entries:
            drawn = self._crew.sample(t, entry["first"], entry["rows"], sample, self._bench.shelf(attempt))
            # Another number of ranks cuts the same rows into other blocks: the values count, not the cuts.
            if digest(np.concatenate([block.load() for block in drawn], axis=1)) != entry["sha256"]:
                # The model is what it was, its checksum says so: this machine rounds in another way. Training on such
                # rows, or measuring them, would mix two lineages; training all of it again is not ours to decide.
                raise RayscError(
                    f"{manifest.name}: rows of generation {t} that were drawn again differ from the first, which were "
                    f"drawn on {manifest.record.get('device', 'another machine')}; run it on such a machine, or keep "
                    "rows: `pool: parquet` and `keep: {rows: all}`"
                )
            blocks.extend(drawn)
        return tuple(blocks)
