from pathlib import Path
from typing import cast

import numpy as np
import pytest
from scipy.stats import entropy

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell, resolve
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

Store = tuple[Sweep, Objects]


def existing_rows(cell: ResolvedCell, seed: int, t: int, objects: Objects, count: int | None = None) -> np.ndarray:
    rows = sampled_rows(cell, seed, t, objects, count)
    assert rows is not None
    return rows


@pytest.fixture(scope="module")
def objects_without_rows(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path_factory: pytest.TempPathFactory
) -> Objects:
    """A store of the digits sweep that keeps no rows."""
    objects = Objects.open(str(tmp_path_factory.mktemp("store")))
    run_sweep(make_sweep(digits_text, "pool=object_store"), objects)
    return objects


@pytest.mark.parametrize("t", [0, 1, 2])
def test_rows_that_were_not_kept_are_sampled_again_bit_for_bit(
    digits_store: Store, objects_without_rows: Objects, t: int
) -> None:
    sweep, objects = digits_store
    for cell in (resolve(sweep).cells[0], resolve(sweep).cells[3]):
        stored, again = existing_rows(cell, 1, t, objects), existing_rows(cell, 1, t, objects_without_rows)
        assert stored.shape == (24, 1, 8, 8)
        assert stored.dtype == np.uint8
        np.testing.assert_array_equal(stored, again)


def test_a_guide_is_generation_0_of_the_loops_own_pack(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    """Seed 1 has a generation 0 in the pack of two plain seeds, and one by itself for seeds by purpose."""
    points = ("data=eight_gaussians", "data.rows=32", "metrics=[sliced_wasserstein]", "control=false")
    guided = (*points, "loop.sample.guide={weight: 0.5, of: outputs}", "space={regime: replace, lambda: 1.0}")
    crossed = (*guided, "seeds={data: [1], initial: [1], train: [1, 2], sample: [1]}")
    without_rows, with_rows = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(make_sweep(digits_text, *guided), without_rows)
    run_sweep(make_sweep(digits_text, *crossed, "pool=object_store"), without_rows)
    sweep = make_sweep(digits_text, *crossed)
    run_sweep(sweep, with_rows)
    (cell,) = resolve(sweep).cells
    again, stored = (existing_rows(cell, sweep.seeds[1], 2, objects) for objects in (without_rows, with_rows))
    np.testing.assert_allclose(again, stored, atol=1e-5)


def test_count_selects_the_first_rows_and_at_most_all(digits_store: Store, gaussian_store: Store) -> None:
    for sweep, objects in (digits_store, gaussian_store):
        cell = resolve(sweep).cells[1]
        every = existing_rows(cell, 0, 2, objects)
        np.testing.assert_array_equal(existing_rows(cell, 0, 2, objects, 5), every[:5])
        np.testing.assert_array_equal(existing_rows(cell, 0, 2, objects, 10**6), every)


def test_rows_of_a_closed_form_seed_do_not_depend_on_its_pack(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_store: Store, gaussian_text: str, tmp_path: Path
) -> None:
    sweep, objects = gaussian_store
    one_seed = Objects.open(str(tmp_path))
    run_sweep(make_sweep(gaussian_text, "seeds=[1]"), one_seed)
    cell = resolve(sweep).cells[0]
    np.testing.assert_allclose(existing_rows(cell, 1, 3, objects), existing_rows(cell, 1, 3, one_seed), rtol=1e-9)


def test_a_closed_form_generation_0_is_the_fit_to_the_real_rows(gaussian_store: Store) -> None:
    sweep, objects = gaussian_store
    cell = resolve(sweep).cells[0]
    real = cell.data.train((2,))[0]
    state = {"mean": real.mean(axis=0)[None], "covariance": np.cov(real, rowvar=False, ddof=0)[None]}
    family = cast(ClosedFormFamily, cell.family)
    expected = family.sample(state, 0, 20, Streams((2,), 0))[0]
    np.testing.assert_allclose(existing_rows(cell, 2, 0, objects), expected, rtol=1e-9)


def test_rows_sampled_again_are_those_that_the_next_generation_was_fitted_to(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    regression = ("linear", "linear_regression", "test_error")
    for data, model, metric in (regression, ("{name: categories, outcomes: 30}", "discrete", "entropy")):
        sweep = make_sweep(
            f"name: again\ndata: {data}\nmodel: {model}\nloop: {{generations: 3}}\nspace: {{regime: replace}}\n"
            f"seeds: 3\nmetrics: [{metric}]\ncontrol: false\n",
            "data.rows=40",
        )
        objects = Objects.open(str(tmp_path / model))
        run_sweep(sweep, objects)
        (cell,), table = resolve(sweep).cells, load_table(resolve(sweep), objects).set_index(["seed", "generation"])
        for seed, t in ((0, 0), (2, 2)):
            rows = existing_rows(cell, seed, t, objects)
            if model == "discrete":
                expected = entropy(np.bincount(rows[:, 0]) / 40)
            else:
                weights = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
                expected = np.square(weights - 1).sum()
            assert table[metric][seed, t + 1] == pytest.approx(expected)


def test_unpublished_generations_have_no_rows(digits_store: Store, gaussian_store: Store) -> None:
    for sweep, objects in (digits_store, gaussian_store):
        cell = resolve(sweep).cells[0]
        assert sampled_rows(cell, 7, 1, objects) is None
        assert sampled_rows(cell, 0, 9, objects) is None


def test_a_diverged_model_has_no_rows(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(digits_text, "loop.train.lr=1e30", "seeds=1", "space={regime: mix, lambda: 1.0}")
    run_sweep(sweep, objects)
    cell = resolve(sweep).cells[0]
    assert sampled_rows(cell, 0, 0, objects) is not None
    assert sampled_rows(cell, 0, 2, objects) is None


def test_a_diverged_closed_form_seed_has_no_rows(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]", "seeds=2")
    sweep = make_sweep(gaussian_text, *one_row)
    run_sweep(sweep, objects)
    assert sampled_rows(resolve(sweep).cells[0], 0, 0, objects) is None
    assert sampled_rows(resolve(sweep).cells[0], 0, 4, objects) is None


KDE = """\
data: {name: moons, rows: 15}
model: {name: kde, bandwidth: 0.3}
loop: {generations: 5}
space: {regime: [replace, accumulate, accumulate_subsample, curated], lambda: [0.5]}
seeds: 3
metrics: [nll, second_moment, frechet_distance]
control: false
"""


def test_rows_of_density_estimates_are_those_that_were_measured(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(KDE), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert table[["nll", "second_moment"]].notna().all(axis=None)
    for cell in resolve(sweep).cells:
        data = cell.data
        for seed, t in ((0, 0), (2, 5)):
            rows = existing_rows(cell, seed, t, objects)
            assert rows.shape == (15, 2)
            again = measure([FrechetDistance()], rows[None], RealSets("points", data.train((seed,)), data.test()))
            row = table[(table["cell"] == cell.number) & (table["seed"] == seed) & (table["generation"] == t)]
            np.testing.assert_allclose(row["frechet_distance"], again["frechet_distance"], rtol=1e-9)
