import os
from pathlib import Path

import pytest

from raysc.machine import cores


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param("250000 100000", 2, id="two and a half cores"),
        pytest.param("50000 100000", 1, id="half a core"),
        pytest.param("max 100000", 64, id="no quota"),
        pytest.param("12800000 100000", 64, id="a quota above the machine"),
        pytest.param(None, 64, id="no container"),
    ],
)
def test_the_quota_of_a_container_limits_the_cores(
    limit: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    if limit is not None:
        file.write_text(f"{limit}\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(cores, "CGROUP_LIMIT", file)
    assert cores.core_count() == expected
