"""Stores of earlier formats can be read. ``fixtures/`` holds one store of each format.

Written by ``python tests/store/test_formats.py FOLDER``, once per format, and committed.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from raysc import registry
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import load_table
from raysc.store.inventory import verify_entries
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = sorted(folder.name for folder in FIXTURES.iterdir()) if FIXTURES.exists() else []

SWEEPS = {
    "closed": """
name: closed
data: {name: gaussian, dim: 2, rows: 10}
model: gaussian
loop: {generations: 3}
space: {regime: [replace, mix], lambda: 0.5}
seeds: 2
metrics: [feature_variance]
""",
    "trained": """
name: trained
data: {name: eight_gaussians, rows: 20}
model: {name: flow_matching, width: 4, depth: 1}
initial: {steps: 4}
loop: {generations: 2, budget: {steps: 3}}
train: {batch: 8}
sample: {steps: 2}
space: {regime: [mix, accumulate], initial.steps: [2, 4], lambda: 0.5}
seeds: 1
control: false
metrics: [feature_variance]
""",
}


def read(name: str, folder: Path) -> Sweep:
    file = folder / f"{name}.yaml"
    file.write_text(SWEEPS[name])
    return read_sweep(str(file), (), registry)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SWEEPS)
def test_a_store_of_this_format_is_read(form: str, name: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / form, tmp_path / "store")
    objects = Objects.open(str(tmp_path / "store"))
    sweep = read(name, tmp_path)
    resolved = resolve(sweep)
    assert make_plan(resolved, objects).units == (), "the keys in the fixture are the present keys"
    assert [damage for damage in verify_entries(resolved.stored_seeds, objects) if damage is not None] == []
    table = load_table(resolved, objects)
    expected = pd.read_csv(FIXTURES / form / f"{name}.csv")
    assert len(table) == len(expected)
    for column in ("seed", "generation", "rows_real", "rows_synthetic", "lineage", "feature_variance"):
        pd.testing.assert_series_equal(table[column], expected[column], check_dtype=False, rtol=1e-12)
    rows = sampled_rows(resolved.cells[0], 0, 1, objects)
    assert rows is not None
    assert len(rows) == sweep.cells[0].data.parameters["rows"]


def make(folder: Path) -> None:
    """Write the fixture of the present format."""
    from tests.conftest import run_units

    objects = Objects.open(str(folder))
    for name in SWEEPS:
        sweep = read(name, folder)
        (folder / f"{name}.yaml").unlink()
        run_units(sweep, objects)
        load_table(resolve(sweep), objects).to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    make(target)
