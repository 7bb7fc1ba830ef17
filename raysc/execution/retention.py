"""Retention of the lineages of a running unit: what is deleted while their generations are made."""

from collections.abc import Sequence

from raysc.execution.trained_lineage import TrainedLineage
from raysc.store import host
from raysc.store.retention import needed_rows

RETENTION_SECONDS = 30.0
"""Seconds between two deletions of what the retention rule drops."""


class Retention:
    """Retention of the lineages of a unit. Coupled models drop nothing that one of them needs to catch up.

    The newest generation must be on the disk before anything is deleted: after a power cut, the states before it would
    be needed. A disk takes some time for that, so a unit does it every ``RETENTION_SECONDS`` and at its end.
    """

    def __init__(self, lineages: Sequence[TrainedLineage]) -> None:
        """Begin to count the seconds."""
        self._lineages = lineages
        self._applied = host.current().monotonic()

    def apply(self, finished: bool) -> None:
        """Delete what the retention rule drops up to the newest generation that all models have."""
        lineages, now = self._lineages, host.current().monotonic()
        reached = [lineage.last for lineage in lineages if not lineage.has_diverged]
        last = min(reached, default=max(lineage.last for lineage in lineages))
        recipes = [lineage.unit.cell.rules.recipe for lineage in lineages]
        needed = needed_rows(recipes, last, lineages[0].context.generations)
        files = [lineage.droppable(last, needed, finished) for lineage in lineages]
        if not any(files) or (not finished and now - self._applied < RETENTION_SECONDS):
            return
        self._applied = now
        for lineage in lineages:
            lineage.sync(min(last, lineage.last))
        for lineage, of_lineage in zip(lineages, files, strict=True):
            if of_lineage:
                lineage.drop(of_lineage, min(last, lineage.last), finished)
