"""The index of a store: the order of its listings."""

from collections.abc import Iterator

import pytest

from raysc.planning.store_index import StoreIndex
from raysc.store import storage
from raysc.store.objects import Objects
from raysc.store.storage import ObjectInfo


class RecordingStorage:
    """An empty storage that records its listings.

    Attributes:
        prefixes: of the listings, in order.
    """

    def __init__(self) -> None:
        self.prefixes: list[str] = []

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self.prefixes.append(prefix)
        return iter(())


def test_tombstones_are_listed_before_spans_and_spans_before_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = RecordingStorage()
    monkeypatch.setitem(storage.OPENERS, "recording", lambda uri: recording)
    storage.connect.cache_clear()
    StoreIndex.read(Objects("recording://store"), ["a"])
    assert recording.prefixes == ["dropped", "spans", "metrics/a"]
