import io
import json

import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.supplement.contents import supplement_contents
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

pytestmark = pytest.mark.slow  # figures are drawn

CLAIMED = """\
name: claimed
data: {name: gaussian, dim: 1, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: [replace, mix], lambda: 1.0}
seeds: 3
metrics: [feature_variance]
storage: s3://lab-of-alice/raysc
claims:
  - says: Replacing is worse.
    metric: feature_variance
    of: {regime: replace}
    relation: below
    than: control
    by: 1.5
"""


def contents(sweep: Sweep, objects: Objects, plugins: dict[str, bytes] | None = None) -> dict[str, bytes]:
    resolved = resolve(sweep)
    return supplement_contents(make_plan(resolved, objects), load_table(resolved, objects), objects, plugins or {})


@pytest.fixture(scope="module")
def packed(gaussian_store: tuple[Sweep, Objects]) -> dict[str, bytes]:
    return contents(*gaussian_store, {"mitigation.py": b"# a plug-in\n"})


def test_a_pack_has_table_claims_figures_sweep_file_and_provenance(packed: dict[str, bytes]) -> None:
    figures = {name for name in packed if name.startswith("figures/")}
    assert {f"figures/curves-frechet_distance.{suffix}" for suffix in ("svg", "png", "csv")} <= figures
    assert packed.keys() - figures == {
        "README.md", "claims.csv", "lineages.csv", "mitigation.py", "provenance.json", "sweep.yaml", "table.csv",
        "table.parquet",
    }  # fmt: skip


def test_both_tables_are_the_tidy_table(packed: dict[str, bytes], gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(packed["table.parquet"])), table, check_dtype=False)
    assert len(pd.read_csv(io.BytesIO(packed["table.csv"]))) == len(table)


def test_the_provenance_has_versions_and_state(packed: dict[str, bytes]) -> None:
    provenance = json.loads(packed["provenance.json"])
    assert provenance["complete"] is True
    assert (provenance["cells"], provenance["seeds"], provenance["generations"]) == (4, [0, 1, 2], 4)
    assert sum(environment["lineages"] for environment in provenance["computed_with"]) == 4
    assert "matplotlib" in provenance["written_with"]


def test_claims_are_packed_and_the_store_is_not_named(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sweep, objects = make_sweep(CLAIMED), Objects.open(tmp_path_factory.mktemp("store"))
    run_sweep(sweep, objects)
    files = contents(sweep, objects)
    claims = pd.read_csv(io.BytesIO(files["claims.csv"]))
    assert claims["says"].tolist() == ["Replacing is worse."]
    assert set(claims["verdict"]) <= {"holds", "fails", "undecided"}
    assert not [name for name, content in files.items() if b"lab-of-alice" in content]
    assert b"feature_variance" in files["sweep.yaml"]
