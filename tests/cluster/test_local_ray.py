"""Folder and token of a local Ray. No Ray is started."""

import os
from pathlib import Path

import pytest

from raysc.cluster import local_ray, ray_compat
from raysc.errors import InputError


def test_a_long_temporary_folder_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    folder = tmp_path / ("scratch_of_job_" * 6)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    chosen = local_ray.ray_folder()
    assert chosen.path.startswith("/tmp/ray")
    assert "Ray's sockets need a shorter one" in chosen.problem
    assert chosen.spill == str(folder)
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert not local_ray.ray_folder().problem
    monkeypatch.setattr(local_ray, "SHORT_FOLDERS", (str(folder),))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    with pytest.raises(InputError, match="set RAY_TMPDIR to a folder"):
        local_ray.ray_folder()


def test_a_token_needs_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_ray.token_for_local_ray() is None
    monkeypatch.setenv("HOME", "/proc/none")
    token = local_ray.token_for_local_ray()
    assert token is not None
    monkeypatch.delenv("HOME")
    assert local_ray.token_for_local_ray() == token
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert local_ray.token_for_local_ray() is None


def test_workers_search_the_folders_of_the_user_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr("sys.path", ["", "/library", str(tmp_path / "plugins")])
    assert ray_compat.worker_path() == ["/library", str(tmp_path / "plugins"), str(tmp_path)]
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    assert ray_compat.worker_path()[0] == str(tmp_path)
