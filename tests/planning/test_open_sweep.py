from pathlib import Path
from typing import Any

import pytest

from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects


@pytest.fixture
def file(here: Path, gaussian_text: str) -> Path:
    path = here / "grid.yaml"
    path.write_text(gaussian_text)
    return path


@pytest.fixture
def kept(here: Path, gaussian_text: str) -> Path:
    """A sweep's folder in a store."""
    folder = here / "elsewhere/sweeps/small-gaussian"
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text(gaussian_text)
    return folder


def uri(path: Path) -> str:
    return path.resolve().as_uri()


def test_storage_comes_from_the_command_then_the_environment_then_the_file_then_here(
    file: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_sweep(str(file), None, ())[1].uri == uri(here / "raysc-store")
    file.write_text(file.read_text() + "storage: from-file\n")
    assert open_sweep(str(file), None, ())[1].uri == uri(here / "from-file")
    monkeypatch.setenv("RAYSC_STORAGE", "from-environment")
    assert open_sweep(str(file), None, ())[1].uri == uri(here / "from-environment")
    assert open_sweep(str(file), "from-command", ())[1].uri == uri(here / "from-command")


def test_overrides_are_applied(file: Path) -> None:
    assert open_sweep(str(file), None, ["seeds=7"])[0].seeds == tuple(range(7))


def test_a_sweeps_folder_stands_for_its_file_and_its_store(
    kept: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_STORAGE", "from-environment")
    sweep, objects = open_sweep(str(kept), None, ())
    assert sweep.name == "small-gaussian"
    assert objects == Objects.open(str(here / "elsewhere"))
    monkeypatch.chdir(kept)
    assert open_sweep(".", None, ())[1] == objects


def test_a_sweeps_folder_may_be_a_uri_as_in_a_bucket(kept: Path, here: Path) -> None:
    sweep, objects = open_sweep(uri(kept), None, ["seeds=7"])
    assert (sweep.name, len(sweep.seeds)) == ("small-gaussian", 7)
    assert objects == Objects.open(str(here / "elsewhere"))


def test_a_uri_of_something_else_is_refused(kept: Path) -> None:
    with pytest.raises(InputError, match="no sweep of that name"):
        open_sweep(uri(kept.parent / "other"), None, ())
    with pytest.raises(InputError, match="sweep's folder such as"):
        open_sweep(uri(kept.parent), None, ())


def test_the_name_of_a_sweep_in_the_store_will_do(kept: Path, here: Path) -> None:
    sweep, objects = open_sweep("small-gaussian", str(here / "elsewhere"), ())
    assert sweep.name == "small-gaussian"
    assert objects == Objects.open(str(here / "elsewhere"))


def test_a_plug_in_is_found_beside_the_sweep_file(here: Path, gaussian_text: str) -> None:
    folder = here / "project"
    folder.mkdir()
    (folder / "own_rule.py").write_text("from raysc.regimes.replace import Replace as Own\n")
    (folder / "grid.yaml").write_text(gaussian_text.replace("regime: replace", "regime: 'own_rule:Own'"))
    assert open_sweep("project/grid.yaml", None, ())[0].cells[0].regime.name == "own_rule:Own"


@pytest.mark.parametrize("name", ["v1.2", "digits"])
def test_a_name_in_the_store_may_have_a_dot_or_be_that_of_a_folder(kept: Path, here: Path, name: str) -> None:
    (here / "digits").mkdir()
    store = here / "elsewhere"
    (store / "sweeps" / name).mkdir()
    (store / "sweeps" / name / "sweep.yaml").write_text((kept / "sweep.yaml").read_text())
    sweep, objects = open_sweep(name, store, ())
    assert (sweep.name, objects) == ("small-gaussian", Objects.open(store))
    with pytest.raises(InputError, match=r"got a folder|no such file, and no sweep of that name in file:"):
        open_sweep(name, here / "nothing", ())


def test_a_place_that_cannot_be_is_refused_with_its_origin(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(file.read_text() + "storage: 's3:/bucket'\n")
    with pytest.raises(InputError, match=r"grid\.yaml, line \d+: storage: .*with two slashes"):
        open_sweep(str(file))
    monkeypatch.setenv("RAYSC_STORAGE", "~nosuchuser/store")
    with pytest.raises(InputError, match=r"^RAYSC_STORAGE: storage ~nosuchuser/store"):
        open_sweep(str(file))
    with pytest.raises(InputError, match="more than 255 bytes"):
        open_sweep("x" * 300 + ".yaml")


def test_a_single_text_is_one_override(file: Path) -> None:
    numbers: Any = [3]
    assert len(open_sweep(str(file), None, "seeds=7")[0].seeds) == 7
    with pytest.raises(InputError, match="overrides: expected texts such as 'seeds=2', got 3"):
        open_sweep(str(file), None, numbers)


def test_an_edited_plug_in_has_another_key_and_the_new_code(here: Path, gaussian_text: str) -> None:
    (here / "grid.yaml").write_text(gaussian_text.replace("regime: replace", "regime: 'edited_rule:Edited'"))
    rule = here / "edited_rule.py"
    text = (
        "from raysc.regimes.recipe import REAL, Recipe, Take\n"
        "class Edited:\n    version = 1\n    default_lambda = 1.0\n"
        "    def recipe(self, generation, rows, lambda_):\n        return Recipe((Take(REAL, 5),))\n"
    )
    rule.write_text(text)
    before = resolve(open_sweep("grid.yaml")[0]).cells[0]
    rule.write_text(text.replace("REAL, 5", "REAL, 7"))
    after = resolve(open_sweep("grid.yaml")[0]).cells[0]
    assert (before.rules.recipe(1).rows, after.rules.recipe(1).rows) == (5, 7)
    assert before.keys.lineage != after.keys.lineage
