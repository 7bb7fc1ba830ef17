import pickle
from pathlib import Path

import numpy as np
import pytest

from raysc import registry
from raysc.datasets.points.point_file import Points, split_points
from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep
from raysc.planning.resolved import resolve
from raysc.testing import DataSetTests

SWEEP = """\
data: {name: points, path: points.npy, rows: 20}
model: gaussian
loop: {generations: 1}
space: {regime: replace}
metrics: [mean_error]
"""


def write(folder: Path, count: int = 50, name: str = "points.npy") -> str:
    np.save(folder / name, np.random.default_rng(0).normal(size=(count, 2)))
    return str(folder / name)


class TestPoints(DataSetTests):
    @pytest.fixture(params=[{}, {"rows": 20}, {"rows": 20, "reserve": 10, "held_out": 0.4}])
    def dataset(self, request: pytest.FixtureRequest, tmp_path: Path) -> Points:
        return Points(write(tmp_path), **request.param)


def test_a_fifth_is_held_out_in_an_order_that_depends_on_the_number_of_rows_alone(tmp_path: Path) -> None:
    path = write(tmp_path)
    data, rows = Points(path), np.load(path)
    assert (data.count, data.event, data.test().shape) == (40, (2,), (10, 2))
    both = np.concatenate([data.test(), data.train((0,))[0]])
    np.testing.assert_array_equal(np.sort(both, axis=0), np.sort(rows, axis=0))
    moved = split_points(rows + 5, 0.2, "moved")
    np.testing.assert_allclose(moved.test, data.test() + 5)


def test_the_key_follows_the_content_and_not_the_path(tmp_path: Path) -> None:
    first, copy = Points(write(tmp_path)), Points(write(tmp_path, name="copy.npy"))
    assert first.fingerprint() == copy.fingerprint()
    assert first.fingerprint() != Points(write(tmp_path, 51, "more.npy")).fingerprint()
    assert first.fingerprint() != Points(first.path, held_out=0.5).fingerprint()


def test_copies_of_held_out_rows_are_not_trained_on() -> None:
    rows = np.repeat(np.arange(10.0).reshape(5, 2), 4, axis=0)
    split = split_points(rows, 0.1, "copies")
    assert not {row.tobytes() for row in split.train} & {row.tobytes() for row in split.test}
    with pytest.raises(InputError, match="each training row is a copy of a held-out row"):
        split_points(np.ones((6, 2)), 0.5, "copies")


def test_a_file_that_changes_after_planning_is_refused_in_the_trial(tmp_path: Path) -> None:
    data = Points(write(tmp_path))
    data.fingerprint()
    stored = pickle.dumps(data)
    assert len(stored) < 1000
    write(tmp_path, 60)
    with pytest.raises(InputError, match="changed after the sweep was planned"):
        pickle.loads(stored).train((0,))


def test_a_relative_path_starts_at_the_folder_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    Path("grid.yaml").write_text(SWEEP)
    cell = resolve(open_sweep("grid.yaml")[0]).cells[0]
    assert cell.settings.data.parameters["path"] == str(tmp_path / "points.npy")
    assert cell.data.count == 20


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.held_out=1.5", "points: held_out must be between 0 and 1, not 1.5"),
        ("data.rows=41", "points has 40 training rows: rows must be 1 to 40, not 41"),
        ("data.columns=[x]", "data.columns: .*points.npy is an npy file"),
        ("data.path=absent.csv", "absent.csv: there is no such file"),
    ],
)
def test_refusals_name_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    Path("grid.yaml").write_text(SWEEP)
    with pytest.raises(InputError, match=message):
        resolve(open_sweep("grid.yaml", None, [setting])[0])


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 1 rows; points need at least one to train on and one to hold out"):
        Points(write(tmp_path, 1)).fingerprint()
    assert "points" in registry.names("data")
