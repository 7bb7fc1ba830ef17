import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raysc import registry
from raysc.cluster.plugin_shipping import plugin_files, plugin_modules
from raysc.planning.resolved import resolve
from raysc.sweepfile import Sweep


@pytest.fixture
def plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a plug-in of one file, a package, and a module that neither imports."""
    rule = "import plugin_helper\nfrom raysc.regimes.mix import Mix\n\n\nclass Rule(Mix):\n    default_lambda = 1.0\n"
    (tmp_path / "plugin_rule.py").write_text(rule)
    (tmp_path / "plugin_helper.py").write_text("A = 1\n")
    (tmp_path / "plugin_unrelated.py").write_text("B = 1\n")
    (tmp_path / "plugin_package/inner").mkdir(parents=True)
    for name in ("plugin_package/__init__.py", "plugin_package/inner/__init__.py", "plugin_package/rule.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(sys, "path", list(sys.path))
    registry.add_plugin_folder(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("plugin_")]:
        del sys.modules[name]


@pytest.mark.usefixtures("plugin_folder")
def test_the_plug_ins_of_a_sweep_are_the_modules_of_its_import_paths(
    make_sweep: Callable[..., Sweep], gaussian_text: str
) -> None:
    text = gaussian_text.replace("{regime: replace}", "{regime: 'plugin_rule:Rule'}")
    assert plugin_modules(resolve(make_sweep(text))) == {"plugin_rule"}
    assert plugin_modules(resolve(make_sweep(gaussian_text))) == set()


def test_plug_in_files_include_their_imports_from_the_same_folder(plugin_folder: Path) -> None:
    __import__("plugin_rule")
    assert plugin_files(["plugin_rule"]) == {
        name: (plugin_folder / name).read_bytes() for name in ("plugin_helper.py", "plugin_rule.py")
    }


@pytest.mark.usefixtures("plugin_folder")
def test_packages_are_shipped_whole_and_installed_ones_are_not() -> None:
    __import__("plugin_package.rule")
    __import__("sklearn")
    names = {"plugin_package/__init__.py", "plugin_package/inner/__init__.py", "plugin_package/rule.py"}
    assert set(plugin_files(["plugin_package.rule", "sklearn.cluster"])) == names
