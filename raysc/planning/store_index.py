"""The names in a store, read once for a plan."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from raysc.store import metric_files
from raysc.store.metric_files import FilesByPack, file_generations
from raysc.store.objects import Objects
from raysc.store.retention import tombstone_index
from raysc.store.spans import PublishedSpans, published_spans


@dataclass(frozen=True)
class StoreIndex:
    """Names in a store: published spans, metric files, tombstones.

    Attributes:
        spans: published spans.
        metrics: metric key -> the files that hold it.
        dropped: (lineage, pack) -> what retention has dropped on purpose, and up to which generation.
    """

    spans: PublishedSpans
    metrics: Mapping[str, FilesByPack]
    dropped: Mapping[tuple[str, str], Mapping[str, int]]

    @classmethod
    def read(cls, objects: Objects, metrics: Collection[str]) -> "StoreIndex":
        """List a store; ``metrics``: keys of the metrics to look for.

        Tombstones come first: one that is written after the spans were listed would seem to concern the last of them.
        """
        dropped = tombstone_index(objects.names("dropped"))
        spans = published_spans(objects)
        return cls(spans, {key: metric_files.list_files(objects, key) for key in metrics}, dropped)

    def unmeasured(self, metrics: Iterable[str], lineage: str, seeds: tuple[int, ...], wanted: Iterable[int]) -> bool:
        """Return True if some metric lacks some wanted generation of a pack."""
        generations = set(wanted)
        for metric in metrics:
            names = self.metrics[metric].get(lineage, {}).get(seeds, ())
            if generations.difference(*(file_generations(name) for name in names)):
                return True
        return False
