import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raysc.datasets.local_files import absolute_path, cache_folder, file_lock


def test_the_cache_folder_is_that_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("RAYSC_CACHE", raising=False)
    assert cache_folder() == tmp_path / "user" / "raysc"
    monkeypatch.setenv("RAYSC_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_path("data") == str(tmp_path / "data")
    assert absolute_path("~/data") == str(Path.home() / "data")
    assert absolute_path(None) is None


def test_one_process_has_the_lock_at_a_time(tmp_path: Path) -> None:
    holders: list[int] = []

    def hold(number: int) -> None:
        with file_lock(tmp_path / "folder" / "lock"):
            assert not holders
            holders.append(number)
            time.sleep(0.02)
            holders.remove(number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold, range(4)))
