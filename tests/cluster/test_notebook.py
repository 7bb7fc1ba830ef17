"""The notebook of the documentation, executed anew without Jupyter."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs/notebook.ipynb"


def tables(file: Path) -> list[str]:
    """Return the texts of the data frames that the cells show; they hold no times."""
    cells: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    data = [output["data"] for cell in cells for output in cell.get("outputs", ()) if "data" in output]
    return ["".join(entry["text/plain"]) for entry in data if "trace_ratio" in "".join(entry["text/plain"])]


@pytest.mark.slow
def test_the_cells_run_in_order_and_show_what_the_notebook_shows(tmp_path: Path) -> None:
    copy = tmp_path / NOTEBOOK.name
    shutil.copyfile(NOTEBOOK, copy)
    command = [sys.executable, str(ROOT / "tests/notebooks.py"), copy.name]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(tables(NOTEBOOK)) == 2
    assert tables(copy) == tables(NOTEBOOK)
