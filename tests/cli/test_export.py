import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from raysc.planning.open_sweep import open_sweep
from tests.cli.conftest import Arguments, RunRaysc
from tests.conftest import RunSweep

pytestmark = pytest.mark.slow  # figures are drawn


def test_equal_results_make_equal_packs_that_verify(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    first = raysc("export", *gaussian_arguments)
    assert (first.status, first.err) == (0, "")
    assert raysc("export", *gaussian_arguments, "--out", "b.zip").status == 0
    data = (here / "small-gaussian-supplement.zip").read_bytes()
    assert data == (here / "b.zip").read_bytes()
    assert f"sha256 {sha256(data).hexdigest()}" in first.out
    verified = raysc("verify", "b.zip", *gaussian_arguments[1:])
    assert verified.status == 0, verified.err
    assert f"sha256 of the supplement {sha256(data).hexdigest()}" in verified.out
    assert "ok: 60 rows of the table agree" in verified.out
    assert sorted(path.name for path in here.iterdir()) == ["b.zip", "small-gaussian-supplement.zip"]


def test_an_unfinished_sweep_is_packed_with_a_note(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    ran = raysc("export", *gaussian_arguments, "--set", "seeds=4")
    assert ran.status == 0
    assert "note: the sweep is not complete: 48 generations are done, 16 to do" in ran.out
    with zipfile.ZipFile("small-gaussian-supplement.zip") as archive:
        assert json.loads(archive.read("provenance.json"))["complete"] is False


def test_plug_ins_are_packed(raysc: RunRaysc, run_sweep: RunSweep, here: Path) -> None:
    (here / "packed_regime.py").write_text(
        "from raysc.plugins import Recipe, Take, synthetic\n\n\nclass Last:\n    version = 1\n"
        "    default_lambda = 'not taken'\n\n    def recipe(self, generation, rows, lambda_):\n"
        "        return Recipe((Take(synthetic(generation - 1), rows),))\n"
    )
    (here / "own.yaml").write_text(
        "data: {name: gaussian, dim: 2, rows: 20}\nmodel: gaussian\nloop: {generations: 2}\n"
        'space: {regime: "packed_regime:Last"}\nseeds: 2\nmetrics: [feature_variance]\n'
    )
    run_sweep(*open_sweep("own.yaml", "store"))
    assert raysc("export", "own.yaml", "--storage", "store", "--out", "own.zip").status == 0
    with zipfile.ZipFile("own.zip") as archive:
        assert archive.read("packed_regime.py") == (here / "packed_regime.py").read_bytes()
    verified = raysc("verify", "own.zip", "--storage", "store")
    assert (verified.status, verified.err) == (0, "")


def test_without_results_or_a_place_to_write_nothing_is_packed(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path
) -> None:
    empty = raysc("export", gaussian_arguments[0], "--storage", "empty")
    assert empty.status == 1
    assert "empty holds no results of small-gaussian yet" in empty.err
    missing = raysc("export", *gaussian_arguments, "--out", "none/a.zip")
    assert missing.status == 2
    assert "none/a.zip: cannot be written: there is no folder none" in missing.err
    assert list(here.iterdir()) == []
