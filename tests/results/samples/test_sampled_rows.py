import numpy as np
import pytest
from scipy.stats import entropy

from raysc.metrics.core.measure import Real, measure
from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.planning.resolved import lines
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects


@pytest.fixture(scope="module")
def redrawn(make_sweep, run_sweep, digits_text, tmp_path_factory):
    """The digits sweep once more with rows that are not kept."""
    sweep = make_sweep(digits_text, "pool=object_store")
    objects = Objects.at(str(tmp_path_factory.mktemp("store")))
    run_sweep(sweep, objects)
    return sweep, objects


@pytest.mark.parametrize("t", [0, 1, 2])
def test_rows_that_were_not_kept_are_drawn_again_bit_for_bit(digits_store, redrawn, t):
    sweep, objects = digits_store
    _, other = redrawn
    for line in (lines(sweep)[0], lines(sweep)[3]):
        kept, again = sampled_rows(line, 1, t, objects), sampled_rows(line, 1, t, other)
        assert kept.shape == (24, 1, 8, 8)
        assert kept.dtype == np.uint8
        np.testing.assert_array_equal(kept, again)


def test_fewer_rows_are_the_first_ones_and_more_than_there_are_are_all(digits_store, gaussian_store):
    for sweep, objects in (digits_store, gaussian_store):
        line = lines(sweep)[1]
        every = sampled_rows(line, 0, 2, objects)
        np.testing.assert_array_equal(sampled_rows(line, 0, 2, objects, 5), every[:5])
        np.testing.assert_array_equal(sampled_rows(line, 0, 2, objects, 10**6), every)


def test_rows_of_a_closed_form_seed_do_not_depend_on_its_pack(
    make_sweep, run_sweep, gaussian_store, gaussian_text, tmp_path
):
    sweep, objects = gaussian_store
    alone = Objects.at(str(tmp_path))
    run_sweep(make_sweep(gaussian_text, "seeds=[1]"), alone)
    line = lines(sweep)[0]
    np.testing.assert_allclose(sampled_rows(line, 1, 3, objects), sampled_rows(line, 1, 3, alone), rtol=1e-9)


def test_a_closed_form_generation_0_is_the_fit_to_the_real_rows(gaussian_store):
    sweep, objects = gaussian_store
    line = lines(sweep)[0]
    real = line.data.train((2,))[0]
    state = {"mean": real.mean(axis=0)[None], "covariance": np.cov(real, rowvar=False, ddof=0)[None]}
    expected = line.family.sample(state, 0, 20, Streams((2,), 0))[0]
    np.testing.assert_allclose(sampled_rows(line, 2, 0, objects), expected, rtol=1e-9)


def test_rows_drawn_again_are_those_that_the_next_generation_was_fitted_to(make_sweep, run_sweep, tmp_path):
    regression = ("linear", "linear_regression", "test_error")
    for data, model, metric in (regression, ("{name: categories, outcomes: 30}", "discrete", "entropy")):
        sweep = make_sweep(
            f"name: again\ndata: {data}\nmodel: {model}\nloop: {{generations: 3}}\nspace: {{regime: replace}}\n"
            f"seeds: 3\nmetrics: [{metric}]\ncontrol: false\n",
            "data.rows=40",
        )
        objects = Objects.at(str(tmp_path / model))
        run_sweep(sweep, objects)
        (line,), table = lines(sweep), load_table(sweep, objects).set_index(["seed", "generation"])
        for seed, t in ((0, 0), (2, 2)):
            rows = sampled_rows(line, seed, t, objects)
            if model == "discrete":
                expected = entropy(np.bincount(rows[:, 0]) / 40)
            else:
                weights = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
                expected = np.square(weights - 1).sum()
            assert np.isclose(table.loc[(seed, t + 1), metric], expected)


def test_there_are_no_rows_of_what_is_not_published(digits_store, gaussian_store):
    for sweep, objects in (digits_store, gaussian_store):
        line = lines(sweep)[0]
        assert sampled_rows(line, 7, 1, objects) is None
        assert sampled_rows(line, 0, 9, objects) is None


def test_there_are_no_rows_of_a_diverged_model(make_sweep, run_sweep, digits_text, tmp_path):
    objects = Objects.at(str(tmp_path))
    sweep = make_sweep(digits_text, "loop.train.lr=1e30", "seeds=1", "space={regime: mix, lambda: 1.0}")
    run_sweep(sweep, objects)
    line = lines(sweep)[0]
    assert sampled_rows(line, 0, 0, objects) is not None
    assert sampled_rows(line, 0, 2, objects) is None


def test_there_are_no_rows_of_a_closed_form_seed_that_diverged(make_sweep, run_sweep, gaussian_text, tmp_path):
    objects = Objects.at(str(tmp_path))
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]", "seeds=2")
    sweep = make_sweep(gaussian_text, *one_row)
    run_sweep(sweep, objects)
    assert sampled_rows(lines(sweep)[0], 0, 0, objects) is None
    assert sampled_rows(lines(sweep)[0], 0, 4, objects) is None


KDE = """\
data: {name: moons, rows: 15}
model: {name: kde, bandwidth: 0.3}
loop: {generations: 5}
space: {regime: [replace, accumulate, accumulate_subsample, curated], lambda: [0.5]}
seeds: 3
metrics: [nll, second_moment, frechet_distance]
control: false
"""


def test_rows_of_models_that_are_their_rows_are_those_that_were_measured(make_sweep, run_sweep, tmp_path):
    sweep, objects = make_sweep(KDE), Objects.at(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(sweep, objects)
    assert table[["nll", "second_moment"]].notna().all(axis=None)
    for line in lines(sweep):
        data = line.data
        for seed, t in ((0, 0), (2, 5)):
            rows = sampled_rows(line, seed, t, objects)
            assert rows.shape == (15, 2)
            again = measure([FrechetDistance()], rows[None], Real("points", data.train((seed,)), data.test()))
            row = table[(table["cell"] == line.number) & (table["seed"] == seed) & (table["generation"] == t)]
            np.testing.assert_allclose(row["frechet_distance"], again["frechet_distance"], rtol=1e-9)
