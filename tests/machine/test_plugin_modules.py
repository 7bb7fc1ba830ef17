"""Modules of plug-ins that are edited while a process runs."""

import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.machine import plugin_modules
from raysc.machine.plugin_modules import import_plugin, is_installed, refresh_plugins, source_hash

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module with a name that no other test has; return its name."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names: set[str] = set()

    def write_module(stem: str, text: str) -> str:
        name = f"{stem}_{tmp_path.name}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(text)
        names.add(name)
        return name

    yield write_module
    for name in names:
        sys.modules.pop(name, None)
        plugin_modules._SOURCES.pop(name, None)
        plugin_modules._GROUPS.pop(name, None)
        plugin_modules._NEIGHBOURS.pop(name, None)
        plugin_modules._REFUSALS.pop(name, None)


def test_an_edited_module_is_loaded_again_when_the_next_sweep_is_opened(write: Write, tmp_path: Path) -> None:
    name = write("rule", "WIDTH = 2\n")
    assert import_plugin(name).WIDTH == 2
    write("rule", "WIDTH = 1\n")  # of equal size, within the same second
    assert import_plugin(name).WIDTH == 2, "a sweep that runs keeps its code"
    refresh_plugins()
    assert import_plugin(name).WIDTH == 1
    assert source_hash(name) == sha256(b"WIDTH = 1\n").hexdigest()


def test_code_and_hash_are_of_the_same_bytes(write: Write) -> None:
    name = write("rule", "WIDTH = 2\n")
    import_plugin(name)
    write("rule", "WIDTH = 1\n")
    assert source_hash(name) == sha256(b"WIDTH = 2\n").hexdigest()


def test_an_edited_helper_is_refused_until_a_restart(write: Write) -> None:
    helper = write("helper", "WIDTH = 2\n")
    name = write("rule", f"from {helper} import WIDTH\nimport {helper}\n")
    import_plugin(name)
    refresh_plugins()
    import_plugin(name)
    write("helper", "WIDTH = 1\n")
    refresh_plugins()
    with pytest.raises(InputError, match=rf"{helper}\.py, which {name} uses, has changed .*; restart Python"):
        import_plugin(name)
    write("helper", "WIDTH = 2\n")
    refresh_plugins()
    assert import_plugin(name).WIDTH == 2


def test_the_hash_of_a_module_is_of_its_neighbours_too_if_it_imports_any(write: Write) -> None:
    helper = write("helper", "def width():\n    return 2\n")
    text = f"def recipe():\n    from {helper} import width\n    return width()\n"
    alone, name = write("alone", "import json\n"), write("rule", text)
    for module in (alone, name):
        import_plugin(module)
    assert source_hash(alone) == sha256(b"import json\n").hexdigest(), "keys of such plug-ins stay as they were"
    first = source_hash(name)
    assert first not in (None, sha256(text.encode()).hexdigest())
    write("helper", "def width():\n    return 1\n")
    assert source_hash(name) == first, "a sweep that runs keeps its keys"
    refresh_plugins()
    with pytest.raises(InputError, match=rf"{helper}\.py, which {name} uses, has changed"):
        import_plugin(name)
    for module in (helper, name):  # a new process
        for record in (sys.modules, plugin_modules._SOURCES, plugin_modules._GROUPS, plugin_modules._REFUSALS):
            record.pop(module, None)
    import_plugin(name)
    assert source_hash(name) != first


def test_a_module_that_was_imported_before_its_file_changed_is_loaded_again(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_modules, "_process_start", lambda: 0.0)
    name = write("rule", "WIDTH = 2\n")
    exec(f"import {name}")
    write("rule", "WIDTH = 1\n")
    assert import_plugin(name).WIDTH == 1


def test_a_module_with_an_unchanged_file_stays_the_same_object(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_modules, "_process_start", lambda: 1e12)
    name = write("rule", "WIDTH = 2\n")
    module = __import__(name)
    assert import_plugin(name) is module
    refresh_plugins()
    assert import_plugin(name) is module


def test_a_module_with_an_error_is_read_again(write: Write) -> None:
    name = write("rule", "WIDTH = 1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        import_plugin(name)
    write("rule", "WIDTH = 1\n")
    refresh_plugins()
    assert import_plugin(name).WIDTH == 1


def test_python_and_its_packages_are_installed(tmp_path: Path) -> None:
    assert is_installed(pytest.__file__)
    assert sys.modules["pathlib"].__file__ is not None
    assert is_installed(str(sys.modules["pathlib"].__file__))
    assert not is_installed(str(tmp_path / "rule.py"))
    assert not any(type(finder) is plugin_modules._Finder for finder in sys.meta_path)
