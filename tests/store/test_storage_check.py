from pathlib import Path

import pytest

from raysc.store.objects import Objects
from raysc.store.storage_check import RaceResult, promptness, race


@pytest.mark.slow
def test_two_processes_never_create_one_object_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "random.py").write_text("raise RuntimeError('a file of the user')")
    monkeypatch.chdir(tmp_path)
    objects = Objects.open(tmp_path / "store")
    result = race(objects, attempts=50)
    assert result.is_exact
    assert result.first_wins + result.second_wins == result.conflicts == 50
    assert not list(objects.names())


def test_counts_in_words() -> None:
    result = RaceResult(first_wins=5, second_wins=3, doubles=1, missing=0, damaged=2)
    assert str(result) == "5 and 3 wins, 8 conflicts, 1 doubles, 2 with other bytes"
    assert not result.is_exact


def test_a_folder_lists_at_once_and_ignores_absent_objects(tmp_path: Path) -> None:
    result = promptness(Objects.open(tmp_path))
    assert (result.unlisted, result.undeleted, result.absent_refused) == (0, 0, "")
    assert abs(result.clock_difference) < 5
