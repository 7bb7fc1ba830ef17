"""The memory that this process may use."""

import resource
from pathlib import Path

import psutil
import pytest

from raysc.machine import memory


def test_the_smallest_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CGROUP_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert memory.memory_limit() == psutil.virtual_memory().total
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.memory_limit() == psutil.virtual_memory().total
    (tmp_path / "memory.max").write_text("2000000\n")
    assert memory.memory_limit() == 2_000_000
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1_000_000, resource.RLIM_INFINITY))
    assert memory.memory_limit() == 1_000_000
