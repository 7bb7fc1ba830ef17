from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc import registry
from raysc.datasets.points.table import Table
from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep
from raysc.testing import DataSetTests
from tests.conftest import RunSweep


def write(folder: Path, name: str = "people.csv") -> str:
    generator, path = np.random.default_rng(0), folder / name
    city = generator.choice(["Oslo", "Bergen", "Tromso"], 60)
    table = pd.DataFrame({"age": generator.normal(40, 9, 60), "city": city, "member": generator.random(60) < 0.5})
    table.to_csv(path, index=False) if name.endswith("csv") else table.to_parquet(path)
    return str(path)


class TestTable(DataSetTests):
    @pytest.fixture(params=["people.csv", "people.parquet"])
    def dataset(self, request: pytest.FixtureRequest, tmp_path: Path) -> Table:
        return Table(write(tmp_path, request.param), rows=20)


@pytest.mark.parametrize("name", ["people.csv", "people.parquet"])
def test_texts_and_truth_values_are_codes_of_their_sorted_values(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name)
    data = Table(path, columns=("city", "age", "member"))
    table = pd.read_csv(write(tmp_path))
    rows = np.concatenate([data.train((0,))[0], data.test()])
    expected = {"Bergen": 0, "Oslo": 1, "Tromso": 2}
    by_age = {age: (expected[city], member) for age, city, member in table.itertuples(index=False)}
    assert len(rows) == 60
    for city, age, member in rows:
        assert by_age[age] == (city, member)


def test_missing_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gap.csv"
    path.write_text("age,city\n3,Oslo\n4,\n")
    with pytest.raises(InputError, match="no value in column 'city'"):
        Table(str(path)).train((0,))


def test_the_training_rows_have_the_proportions_of_the_file(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).random((3000, 2)) < [0.904, 0.3]
    pd.DataFrame(rows, columns=["zero", "member"]).to_csv(tmp_path / "codes.csv", index=False)
    data = Table(str(tmp_path / "codes.csv"))
    assert data.count == 2400
    np.testing.assert_allclose(data.train((0,))[0].mean(axis=0), rows.mean(axis=0), atol=0.02)


def test_a_loop_of_a_table_keeps_its_values(run_sweep: RunSweep, tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "grid.yaml").write_text(
        f"data: {{name: table, path: {path}, rows: 40}}\nmodel: gaussian_copula\nloop: {{generations: 3}}\n"
        "space: {regime: [replace, accumulate]}\nseeds: 3\nmetrics: [wasserstein, nn_train_share]\n"
    )
    sweep, objects = read_sweep(str(tmp_path / "grid.yaml"), (), registry), Objects.open(str(tmp_path / "store"))
    validate(resolve(sweep))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert np.isfinite(table["wasserstein"]).all()
