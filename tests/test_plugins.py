"""The import surface of plug-ins: complete, documented, and enough for a plug-in of each kind."""

import subprocess
import sys
from pathlib import Path

import pytest

from raysc import plugins

pytestmark = pytest.mark.slow

PLUGINS = {
    "regime": """
from raysc.plugins import REAL, Recipe, Take, per_real_row, synthetic

class Newest:
    \"\"\"The n real rows and floor(lambda n) of the newest generation.\"\"\"
    version = 1
    default_lambda = 1.0
    def recipe(self, generation, rows, lambda_):
        return Recipe((Take(REAL, rows), Take(synthetic(generation - 1), per_real_row(lambda_, rows))))
""",
    "metric": """
import numpy as np
from raysc.plugins import Column

class Largest:
    \"\"\"The largest coordinate of the generated rows.\"\"\"
    version = 1
    features = "coordinates"
    min_rows = 1
    columns = (Column("largest", "lower", "linear", "none"),)
    def measure(self, sets):
        return {"largest": np.array([vectors.array.max() for vectors in sets.generated])}
""",
}


def test_every_name_is_there_and_documented() -> None:
    for name in plugins.__all__:
        assert getattr(plugins, name) is not None
        if isinstance(getattr(plugins, name), type):
            assert getattr(plugins, name).__doc__, f"{name} has no docstring"
    imported = {name for name in vars(plugins) if not name.startswith("_")}
    assert imported == set(plugins.__all__), "everything that the module imports is public"


@pytest.mark.ray
def test_plug_ins_that_import_nothing_else_run(tmp_path: Path) -> None:
    for kind, text in PLUGINS.items():
        (tmp_path / f"my_{kind}.py").write_text(text)
    (tmp_path / "grid.yaml").write_text(
        "name: own\ndata: {name: gaussian, dim: 2, rows: 20}\nmodel: gaussian\nloop: {generations: 2}\n"
        "space: {regime: 'my_regime:Newest'}\nseeds: 2\nmetrics: ['my_metric:Largest', trace_ratio]\n"
    )
    command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", "grid.yaml"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 cells x 2 seeds x 2 generations" in ended.stdout
