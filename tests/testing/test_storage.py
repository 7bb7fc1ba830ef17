"""The conformance tests of storage detect storages that break a guarantee."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest

from raysc.store.objects import ObjectInfo, Objects
from raysc.testing import StorageTests


@dataclass(frozen=True)
class CreateReplaces(Objects):
    def create(self, name: str, data: bytes) -> bool:
        self.put(name, data)
        return True


@dataclass(frozen=True)
class CreateChecksFirst(Objects):
    def create(self, name: str, data: bytes) -> bool:
        exists = self.exists(name)
        self.put(name, data)
        return not exists


@dataclass(frozen=True)
class PrefixOfCharacters(Objects):
    def names(self, prefix: str = "") -> Iterator[str]:
        return (name for name in super().names() if name.startswith(prefix))


@dataclass(frozen=True)
class OnePage(Objects):
    def names(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(super().names(prefix))[:1000])


@dataclass(frozen=True)
class LocalTime(Objects):
    def list_objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for info in super().list_objects(prefix):
            yield ObjectInfo(info.name, info.size, info.last_modified + timedelta(hours=2))


@dataclass(frozen=True)
class StrictDelete(Objects):
    def delete(self, names: Iterable[str]) -> None:
        every = list(names)
        for name in every:
            if not self.exists(name):
                raise FileNotFoundError(name)
        super().delete(every)


@dataclass(frozen=True)
class AbsentIsEmpty(Objects):
    def get(self, name: str) -> bytes:
        return super().get(name) if self.exists(name) else b""


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (CreateReplaces, "create_writes_an_object_that_is_absent_and_no_other"),
        (CreateReplaces, "one_of_many_concurrent_creates_succeeds"),
        (CreateChecksFirst, "create_writes_an_object_that_is_absent_and_no_other"),
        (PrefixOfCharacters, "a_listing_has_the_names_below_a_prefix_of_whole_segments"),
        (OnePage, "a_listing_of_many_pages_is_complete"),
        (LocalTime, "a_listing_has_sizes_and_times_of_the_last_write"),
        (StrictDelete, "delete_removes_objects_and_ignores_absent_ones"),
    ],
)
def test_a_broken_guarantee_is_detected(kind: type[Objects], check: str) -> None:
    with pytest.raises((AssertionError, FileNotFoundError)):
        getattr(StorageTests(), f"test_{check}")(kind(f"memory:///{uuid4().hex}"))


def test_an_absent_object_that_can_be_read_is_detected() -> None:
    with pytest.raises(pytest.fail.Exception):
        StorageTests().test_an_absent_object_is_not_found(AbsentIsEmpty(f"memory:///{uuid4().hex}"))
