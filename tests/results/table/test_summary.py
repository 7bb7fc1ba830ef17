import pytest
from rich.console import Console

from raysc.results.table.summary import summary
from raysc.results.table.table import load_table
from raysc.results.table.text import quantiles_text, spread_text


def printed(table, width=100):
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture(scope="module")
def gaussian(gaussian_store):
    return load_table(*gaussian_store)


def test_one_line_per_cell_under_a_title_and_two_lines_of_heading(gaussian_store, gaussian):
    out = printed(summary(gaussian_store[0], gaussian))
    assert out[0] == "small-gaussian: generation 4 of 4, mean ± sd over 3 seeds"
    assert out[1].split() == [
        *("regime", "lambda", "seeds", "frechet_distance"),
        *("median", "[5,", "95", "%]", "excess", "feature_variance"),
    ]
    assert [line.split()[0] for line in out[3:]] == ["replace", "mix", "mix", "real_only"]
    assert max(map(len, out)) <= 100


def test_numbers_are_those_of_the_last_generation(gaussian_store, gaussian):
    last = gaussian[(gaussian["cell"] == 0) & (gaussian["generation"] == 4)]["frechet_distance"]
    line = printed(summary(gaussian_store[0], gaussian))[3]
    assert spread_text(last) in line
    assert line.split()[:3] == ["replace", "1", "3/3"]


def test_median_and_quantiles_stand_beside_the_mean(gaussian_store, gaussian):
    out = printed(summary(gaussian_store[0], gaussian, width=140), 140)
    assert out[1].count("median [5, 95 %]") == 2
    for name in ("frechet_distance", "feature_variance"):
        last = gaussian[(gaussian["cell"] == 0) & (gaussian["generation"] == 4)][name]
        assert f"{spread_text(last)} " in out[3]
        assert quantiles_text(last) in out[3]


def test_one_seed_has_no_quantiles_and_no_control_no_excess(make_sweep, gaussian_text, gaussian):
    alone = make_sweep(gaussian_text, "seeds=1", "control=false")
    heading = printed(summary(alone, gaussian[(gaussian["seed"] == 0) & (gaussian["cell"] < 3)]))[1]
    assert heading.split() == ["regime", "lambda", "seeds", "frechet_distance", "feature_variance"]


def test_the_control_has_no_excess_over_itself(gaussian_store, gaussian):
    assert "control" in printed(summary(gaussian_store[0], gaussian))[-1]


def test_brackets_in_names_are_shown_and_metrics_that_do_not_fit_are_left_out(digits_store):
    table = load_table(*digits_store)
    wide = printed(summary(digits_store[0], table, width=200), 200)
    narrow = printed(summary(digits_store[0], table, width=100))
    assert "frechet_distance[pixels]" in wide[1]
    assert "recall[pixels]" in wide[1]
    assert "frechet_distance[pixels]" in narrow[1]
    assert "recall[pixels]" not in narrow[1]
    assert "…" not in "".join(narrow)


def test_cells_that_are_behind_are_told(gaussian_store, gaussian):
    behind = gaussian[(gaussian["cell"] != 1) & ((gaussian["cell"] != 2) | (gaussian["generation"] < 3))]
    out = printed(summary(gaussian_store[0], behind))
    assert "each cell's last generation" in out[0]
    assert [line.split()[2:4] for line in out[3:5]] == [["3/3", "4"], ["0/3", "none"]]
    assert out[5].split()[2:4] == ["3/3", "2"]


def test_an_empty_table_is_a_summary_of_nothing(gaussian_store, gaussian):
    out = printed(summary(gaussian_store[0], gaussian.head(0)))
    assert all("0/3" in line and "none" in line for line in out[3:])


def test_diverged_seeds_are_counted_and_left_out_of_the_mean(gaussian_store, gaussian):
    table = gaussian.copy()
    gone = (table["cell"] == 0) & (table["seed"] == 1)
    table.loc[gone, "diverged"] = True
    table.loc[gone, "frechet_distance"] = float("nan")
    out = printed(summary(gaussian_store[0], table))
    kept = table[(table["cell"] == 0) & (table["generation"] == 4)]["frechet_distance"].dropna()
    assert out[1].split()[3] == "diverged"
    assert out[3].split()[3] == "1"
    assert spread_text(kept) in out[3]
    assert quantiles_text(kept) in out[3]
