import os
import time
from pathlib import Path

import pytest

from raysc.datasets.data_files import CLOCK_STEP, file_stamps, find_files, is_hidden
from raysc.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in find_files(folder, (".png",)))


def write(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")


@pytest.mark.parametrize(
    "name",
    [".ipynb_checkpoints/a-checkpoint.png", "a/._b.png", ".DS_Store", "__MACOSX/a.png", "a/Thumbs.db", "@eaDir/a.png",
     "a/.git/b.png", "__macosx\\a.png", "_delta_log/0.parquet"],
)  # fmt: skip
def test_files_of_systems_and_editors_are_hidden(name: str) -> None:
    assert is_hidden(name)


def test_a_folder_is_searched_without_hidden_files(tmp_path: Path) -> None:
    write(tmp_path, "a.png", "b/c.PNG", ".ipynb_checkpoints/a.png", "._a.png", "__MACOSX/a.png", "a.txt")
    (tmp_path / "d.png").mkdir()
    write(tmp_path, "d.png/e.png")
    assert names(tmp_path) == ["a.png", "b/c.PNG", "d.png/e.png"]
    assert names(tmp_path / ".ipynb_checkpoints") == ["a.png"]


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    write(tmp_path, "all/a/1.png", "other/2.png", "other/sub/3.png", "outside.png", "all/.store/4.png")
    (folder / "again").symlink_to("a")
    (folder / "loop").symlink_to(".")
    (folder / "parent").symlink_to("..")
    (folder / "self").symlink_to("self")
    (folder / "other").symlink_to(tmp_path / "other")
    (folder / "other2").symlink_to(tmp_path / "other")
    (folder / "copy.png").symlink_to("a/1.png")
    (folder / "outside.png").symlink_to(tmp_path / "outside.png")
    (folder / "stored.png").symlink_to(".store/4.png")
    assert names(folder) == ["a/1.png", "other/2.png", "other/sub/3.png", "outside.png", "stored.png"]


def test_broken_links_and_pipes_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").symlink_to("absent")
    with pytest.raises(InputError, match=r"broken\.png is a broken link: its target absent is not there"):
        find_files(tmp_path, (".png",))
    (tmp_path / "broken.png").unlink()
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(InputError, match=r"loop\.png is a broken link"):
        find_files(tmp_path, (".png",))
    (tmp_path / "loop.png").unlink()
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match=r"pipe\.png is no regular file"):
        find_files(tmp_path, (".png",))
    (tmp_path / "pipe.png").unlink()
    (tmp_path / ".#lock.png").symlink_to("user@host")  # Emacs locks the file lock.png
    assert names(tmp_path) == []


def test_a_stamp_changes_with_the_content_though_size_and_time_are_restored(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    os.utime(file, ns=(10**18, 10**18))
    stamp = file_stamps([file])
    assert file_stamps([file]) == stamp
    file.write_bytes(b"two")
    os.utime(file, ns=(10**18, 10**18))
    assert file_stamps([file]) != stamp


def test_a_stamp_of_a_file_that_was_just_changed_has_a_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    (young,) = file_stamps([file])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * CLOCK_STEP)
    (old,) = file_stamps([file])
    assert (len(young.content), old.content) == (32, "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.png cannot be read as a file: .*No such file"):
        file_stamps([tmp_path / "a.png"])
