"""The wheel in an environment of its own: `make wheel` builds it, and its quickstart runs from it.

The environment has raysc's wheel and nothing of the checkout. Its dependencies are those of the tests' environment, by
a path in a .pth file: installing them anew would take minutes and a network. So this does not notice a dependency that
pyproject.toml lacks.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCES = ("Makefile", "pyproject.toml", "README.md", "LICENSE", "sweeps", "raysc")
TINY = (
    "seeds=1",
    "loop.generations=1",
    "loop.budget.steps=4",
    "space={regime: replace, initial.steps: 4}",
    "claims=[]",
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, checkout / name)
    run("make", "--old-file=setup", "wheel", f"VENV={sys.prefix}", folder=checkout)  # setup is done: this is its result
    (wheel,) = (checkout / "dist").glob("raysc-*.whl")
    created = folder / "environment"
    venv.create(created)
    python = str(created / "bin/python")
    run(sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps", str(wheel), folder=folder)
    site_packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    dependencies = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (Path(site_packages) / "dependencies.pth").write_text("\n".join(dependencies))
    return created


def run(*command: str, folder: Path) -> str:
    """Run a command without the checkout on its path, and return its output."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "RAYSC_STORAGE")}
    ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def test_the_quickstart_runs_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    raysc = str(environment / "bin/raysc")
    imported = run(str(environment / "bin/python"), "-c", "import raysc; print(raysc.__file__)", folder=tmp_path)
    assert Path(imported.strip()).is_relative_to(environment)
    assert "wrote quickstart.yaml" in run(raysc, "init", "quickstart", folder=tmp_path)
    overrides = [word for override in TINY for word in ("--set", override)]
    output = run(raysc, "sweep", "quickstart.yaml", *overrides, folder=tmp_path)
    assert "2 cells x 1 seeds x 1 generations" in output
    run(raysc, "report", "raysc-store/sweeps/quickstart", folder=tmp_path)  # its page is a file of the package
    assert (tmp_path / "quickstart-report/index.html").exists()
