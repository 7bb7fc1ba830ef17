"""Caches of what a process reads from files."""

from pathlib import Path

from raysc.machine.content_cache import content_cache, empty_content_caches


def test_a_file_is_read_once_until_the_caches_are_emptied(tmp_path: Path) -> None:
    @content_cache
    def content(path: str) -> str:
        return Path(path).read_text()

    file = tmp_path / "file"
    file.write_text("old")
    assert content(str(file)) == "old"
    file.write_text("new")
    assert content(str(file)) == "old"
    empty_content_caches()
    assert content(str(file)) == "new"
