from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.execution.debugging import run_all_units, single_seed
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects, StorageError
from raysc.sweepfile import Sweep, read_probes
from raysc.sweepfile.threshold_search import Runs
from tests.conftest import MakeSweep
from tests.execution.test_coupled_trained_unit import POINTS
from tests.execution.test_coupled_unit import TEXT as CLOSED_FORM
from tests.results.thresholds.test_rounds import SEARCH


def test_a_seed_of_a_cell_gets_the_values_that_it_has_in_the_whole_sweep(
    gaussian_store: tuple[Sweep, Objects], tmp_path: Path
) -> None:
    whole, objects = gaussian_store
    single = single_seed(whole, 2, 1)
    reported: list[Mapping[str, Any]] = []
    run_all_units(resolve(single), Objects.open(str(tmp_path)), reported.append)
    expected = load_table(resolve(whole), objects).query("cell == 2 and seed == 1")["frechet_distance"]
    assert [columns["frechet_distance"] for columns in reported] == pytest.approx(list(expected))


def test_a_trained_cell_trains_its_generation_0_first(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    single = single_seed(make_sweep(digits_text), 0, None)
    reported: list[Mapping[str, Any]] = []
    resolved, objects = resolve(single), Objects.open(str(tmp_path))
    assert run_all_units(resolved, objects, reported.append) == 2
    assert [columns["generation"] for columns in reported] == [0, 1, 2]
    assert not make_plan(resolved, objects).units


def test_a_storage_that_takes_nothing_is_refused_before_a_unit_runs(
    gaussian_store: tuple[Sweep, Objects], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(objects: Objects, name: str, data: bytes) -> bool:
        raise StorageError(f"{name} cannot be written: Read-only file system (os error 30)")

    whole, finished = gaussian_store
    monkeypatch.setattr(Objects, "create", refuse)
    single, reported = resolve(single_seed(whole, 2, 1)), list[Mapping[str, Any]]()
    with pytest.raises(InputError, match="Read-only file system"):
        run_all_units(single, Objects.open(str(tmp_path)), reported.append)
    assert reported == []
    assert run_all_units(resolve(whole), finished, reported.append) == 0


@pytest.mark.parametrize("text", [POINTS, CLOSED_FORM])
def test_generations_of_coupled_models_have_the_number_of_the_model(
    text: str, make_sweep: MakeSweep, tmp_path: Path
) -> None:
    coupled = make_sweep(text, "models={count: 2, reads: star}", "loop.generations=1")
    reported: list[Mapping[str, Any]] = []
    run_all_units(resolve(single_seed(coupled, 0, None)), Objects.open(str(tmp_path)), reported.append)
    assert [(columns["model"], columns["generation"]) for columns in reported] == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_absent_cells_and_seeds_are_refused(make_sweep: MakeSweep, gaussian_text: str) -> None:
    sweep = make_sweep(gaussian_text)
    with pytest.raises(InputError, match="--cell -1: small-gaussian has cells 0 to 3"):
        single_seed(sweep, -1, None)
    with pytest.raises(InputError, match="--seed 3: cell 0 of small-gaussian has seeds 0, 1, 2"):
        single_seed(sweep, None, 3)


def test_a_cell_of_a_search_has_seeds_of_its_own(make_sweep: MakeSweep, tmp_path: Path) -> None:
    text = SEARCH.replace("[1.0, 2.0]", "2.0")
    ends = dict.fromkeys((0.25, 16), Runs((0, 1, 2, 3), 6))
    sweep = read_probes(make_sweep(text), [{**ends, 1.1: Runs((4, 59), 6)}], registry)
    for seed in (None, 59):
        single = single_seed(sweep, 1, seed)
        assert single.seeds == (4 if seed is None else seed,)
        assert run_all_units(resolve(single), Objects.open(str(tmp_path / str(seed))), lambda columns: None) == 1
    with pytest.raises(InputError, match="--seed 59: cell 0 of search has seeds 0, 1, 2, 3"):
        single_seed(sweep, 0, 59)


def test_an_error_of_the_chosen_cell_has_the_line_of_its_grid(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(
        """
name: two-grids
data: {name: gaussian, dim: 2, rows: 50}
model: gaussian
loop: {generations: 4}
metrics: [trace_ratio]
seeds: 2
control: false
space:
- regime: mix
  lambda: 1
- regime: counts
  regime.real: 0
  regime.synthetic: 0
"""
    )
    line = str(sweep.of_cell(1).error("regime", "x"))
    assert str(single_seed(sweep, 1, None).of_cell(0).error("regime", "x")) == line
    assert str(single_seed(sweep, 0, None).of_cell(0).error("regime", "x")) != line
