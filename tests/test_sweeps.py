"""Shipped sweeps run: the corner cells of each closed-form one, with few seeds and generations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysc import catalogue
from raysc.plan import lines, measured_generations
from raysc.results.claims import judge_claims
from raysc.results.table import load_table, main_columns
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

ROOT = Path(__file__).parent.parent / "sweeps"
SEEDS, GENERATIONS = (0, 1, 2), 12


def shipped(folder: str) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in sorted((ROOT / folder).glob("*.yaml"))]


def closed_form(name: str) -> bool:
    return not any(line.family.trained for line in lines(read_sweep(str(ROOT / name), (), catalogue))[:1])


def corners(sweep: Sweep) -> Sweep:
    """The cells that have the smallest or largest value of every numeric axis, and all of the others."""
    ends = {}
    for axis in sweep.cells[0].axes:
        values = [cell.axes[axis] for cell in sweep.cells if cell.axes[axis] is not None]
        if values and all(isinstance(value, int | float) for value in values):
            ends[axis] = {min(values), max(values), None}
    cells = [cell for cell in sweep.cells if all(cell.axes[axis] in own for axis, own in ends.items())]
    generations = min(GENERATIONS, sweep.generations)
    measure = sweep.measure if isinstance(sweep.measure, str) else (0, generations)
    return replace(
        sweep, cells=tuple(cells), claims=(), seeds=SEEDS, generations=generations, measure=measure, control=False
    )


@pytest.mark.parametrize("name", [name for name in shipped("kazdan2024") + shipped("theory") if closed_form(name)])
def test_the_corner_cells_of_a_closed_form_sweep_run(name, run_sweep, tmp_path):
    sweep = corners(read_sweep(str(ROOT / name), (), catalogue))
    objects = Objects.at(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(sweep, objects)
    assert len(table) == len(sweep.cells) * len(SEEDS) * len(measured_generations(sweep))
    assert not table["diverged"].any()
    for column in main_columns(sweep):
        assert not np.isnan(table[column.name]).any(), column.name


@pytest.mark.usefixtures("image_files")
@pytest.mark.parametrize(
    "name", [name for folder in ("kazdan2024", "theory", "bertrand2023") for name in shipped(folder)]
)
def test_the_claims_of_a_sweep_that_was_not_run_are_undecided(name, tmp_path):
    sweep = read_sweep(str(ROOT / name), (), catalogue)
    judged = judge_claims(sweep, load_table(sweep, Objects.at(str(tmp_path))), lines(sweep))
    assert len(judged) == len(sweep.claims) > 0
    assert {one.verdict for one in judged} == {"undecided"}
