import numpy as np
import pytest
from scipy import stats

from raysc.errors import InputError
from raysc.results.table.comparison import compared, in_words
from raysc.results.table.table import load_table, metric_columns
from raysc.store.objects import Objects


@pytest.fixture(scope="module")
def other(make_sweep, run_sweep, gaussian_text, tmp_path_factory):
    """Without mix 2, with another number of real rows, with other seeds: what fits is compared."""
    space = "space=[{regime: replace}, {regime: mix, lambda: 0.5}]"
    sweep = make_sweep(gaussian_text, space, "data.rows=40", "seeds=[1, 2, 7]", "loop.generations=3")
    objects = Objects.at(str(tmp_path_factory.mktemp("other")))
    run_sweep(sweep, objects)
    return load_table(sweep, objects)


def test_equal_cells_are_compared_seed_by_seed_at_the_last_generation_of_both(gaussian_store, other):
    sweep, objects = gaussian_store
    table = load_table(sweep, objects)
    found = compared(table, other, ["regime", "lambda"], metric_columns(sweep)[:1], None)
    assert found["regime"].tolist() == ["replace", "mix", "real_only"]
    assert found["generation"].tolist() == [3, 3, 3]
    assert found["seeds"].tolist() == [2, 2, 2]
    values = [
        frame[(frame["regime"] == "mix") & (frame["lambda"] == 0.5) & (frame["generation"] == 3)]
        .set_index("seed")["frechet_distance"]
        .loc[[1, 2]]
        for frame in (table, other)
    ]
    ratios = np.log(values[0] / values[1])
    row = found.iloc[1]
    assert row["frechet_distance_worse"] == pytest.approx(ratios.mean())
    high = ratios.mean() + stats.t.ppf(0.975, 1) * stats.sem(ratios)
    assert row["frechet_distance_worse_high"] == pytest.approx(high)
    assert in_words(found, metric_columns(sweep)[:1])["frechet_distance worse"].str.contains(r"\[").all()


def test_a_sweep_is_as_good_as_itself(digits_store):
    sweep, objects = digits_store
    table = load_table(sweep, objects)
    found = compared(table, table, list(sweep.cells[0].axes), metric_columns(sweep), 1)
    assert len(found) == 6
    assert (found.filter(like="_worse") == 0).all(axis=None)


def test_sweeps_that_do_not_fit_are_refused(gaussian_store, other):
    sweep, objects = gaussian_store
    table, columns = load_table(sweep, objects), metric_columns(sweep)[:1]
    with pytest.raises(InputError, match="no cell, seed and generation in common"):
        compared(table[table["seed"] == 0], other, ["regime", "lambda"], columns, None)
    with pytest.raises(InputError, match="several cells of the other sweep fit one of this: they differ in lambda"):
        compared(other, table, ["regime"], columns, None)
