import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc.planning.resolved import resolve
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import Arguments, RunRaysc


def test_a_picture_is_written(raysc: RunRaysc, digits_arguments: Arguments, here: Path) -> None:
    assert raysc("samples", *digits_arguments).out == "wrote small-digits-samples.png\n"
    assert raysc("samples", *digits_arguments, "--out", "a.png", "--generations", "0,2", "--seed", "1").status == 0
    three, two = (Image.open(here / name).width for name in ("small-digits-samples.png", "a.png"))
    assert three > two > 200


def test_an_exported_generation_is_the_stored_one(
    raysc: RunRaysc, digits_arguments: Arguments, digits_store: tuple[Sweep, Objects], here: Path
) -> None:
    options = ("--export", "set", "--cell", "2", "--generation", "1", "--seed", "1", "--format", "png")
    assert raysc("samples", *digits_arguments, *options).status == 0
    sweep, objects = digits_store
    expected = sampled_rows(resolve(sweep).cells[2], 1, 1, objects)
    assert expected is not None
    files = sorted((here / "set").glob("*.png"))
    told = pd.read_csv(here / "set/metadata.csv")
    assert told["lineage"].unique() == [resolve(sweep).cells[2].keys.lineage]
    assert told[["cell", "seed", "generation"]].drop_duplicates().to_numpy().tolist() == [[2, 1, 1]]
    assert len(files) == len(expected)
    np.testing.assert_array_equal(np.asarray(Image.open(files[7])), expected[7, 0])


def test_the_last_generation_is_exported_as_a_data_set_unless_asked_otherwise(
    raysc: RunRaysc, gaussian_arguments: Arguments, gaussian_store: tuple[Sweep, Objects], here: Path
) -> None:
    assert raysc("samples", *gaussian_arguments, "--export", "set", "--cell", "1").status == 0
    sweep, objects = gaussian_store
    rows = pq.read_table(here / "set/data/train.parquet")["row"].to_pylist()
    expected = sampled_rows(resolve(sweep).cells[1], 0, 4, objects)
    assert expected is not None
    assert rows == expected.tolist()
    metadata = json.loads((here / "set/croissant.json").read_text())
    assert metadata["rai:hasSyntheticData"] is True
    assert resolve(sweep).cells[1].keys.lineage in (here / "set/README.md").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "9"), "--seed 9: the sweep has seeds 0, 1, 2"),
        (("--generations", "0,5"), "--generations 5: the sweep has generations 0 to 4"),
        (("--generations", "0;1"), "expected numbers with commas between them"),
        (("--out", "missing/a.png"), "missing/a.png: cannot be written"),
        (("--export", "set"), "--export needs --cell, a number from 0 to 3"),
        (("--export", "set", "--cell", "4"), "--export needs --cell, a number from 0 to 3"),
        (("--export", "set", "--cell", "0", "--generation", "5"), "cell 0 has generations 0 to 4"),
        (("--export", "set", "--cell", "0", "--format", "png"), "points"),
        (("--export", ".", "--cell", "0"), "exists"),
        (("--export", "/dev/null/set", "--cell", "0"), "/dev/null/set: cannot be written: Not a directory"),
    ],
)
def test_what_does_not_exist_is_refused(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path, options: Any, message: str
) -> None:
    ran = raysc("samples", *gaussian_arguments, *options)
    assert ran.status == 2
    assert message in ran.err
    assert list(here.iterdir()) == []


def test_of_a_sweep_that_was_not_run_no_picture_is_drawn(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path
) -> None:
    ran = raysc("samples", gaussian_arguments[0], "--storage", "empty")
    assert (ran.status, ran.out) == (1, "")
    assert "empty holds no results of small-gaussian yet; if it ran with --set or --storage, give them" in ran.err
    assert not list(here.glob("*.png"))


def test_a_generation_that_was_not_run_cannot_be_exported(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path
) -> None:
    ran = raysc("samples", gaussian_arguments[0], "--storage", "empty", "--export", "set", "--cell", "0")
    assert ran.status == 2
    assert "not run yet" in ran.err
