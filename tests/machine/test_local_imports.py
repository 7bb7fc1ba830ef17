"""Modules from the folder of a module that it imports."""

import sys
from pathlib import Path

import pytest

from raysc.machine.local_imports import neighbours

FILES = {
    "near_first.py": "import json, near_second\nfrom near_package import part\nimport near_missing\n",
    "near_second.py": "def f():\n    import near_third\n",
    "near_third.py": "import near_first\n",
    "near_unused.py": "",
    "near_package/__init__.py": "",
    "near_package/part.py": "from . import other\nfrom .other import name\nfrom ... import beyond\n",
    "near_package/other.py": "import near_second\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "near_package").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_imports_are_followed_within_the_folder(folder: Path) -> None:
    found = neighbours("near_first", folder / "near_first.py")
    assert set(found) == {"near_second", "near_third", "near_package"}, "nothing is imported to find out more"
    assert "near_second" not in sys.modules
    assert found["near_third"] == folder / "near_third.py"


def test_modules_of_other_folders_are_no_neighbours(folder: Path) -> None:
    assert neighbours("near_package.other", folder / "near_package/other.py") == {}
