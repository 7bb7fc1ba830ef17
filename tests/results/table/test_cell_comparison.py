from typing import Any

import numpy as np
import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.planning.resolved import resolve
from raysc.results.statistics.averages import seed_mean
from raysc.results.table.cell_comparison import compare_cells
from raysc.results.table.columns import main_columns
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

RATIO = Column("error", "lower", "log", "test")
DIFFERENCE = Column("share", "higher", "linear", "test")


@pytest.fixture(scope="module")
def compare(gaussian_store: tuple[Sweep, Objects]) -> Any:
    """Compare cells of the small sweep: 0 is replace, 1 and 2 are mix with lambda 0.5 and 2, 3 is real_only."""
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects)

    def run(a: Any, b: Any, generation: int | None = None) -> pd.DataFrame:
        return compare_cells(table, sweep.cells, a, b, main_columns(sweep)[:1], generation)

    return run


def test_pairs_are_cells_that_agree_in_the_axes_that_neither_names(compare: Any) -> None:
    mix = compare({"regime": "mix"}, {"regime": "real_only"})
    assert list(zip(mix["a"], mix["b"], strict=True)) == [(1, 3), (2, 3)]
    assert list(mix["lambda"]) == [0.5, 2.0]
    assert list(zip(*compare({"lambda": 0.5}, {"lambda": 2.0})[["a", "b"]].to_numpy().T, strict=True)) == [(1, 2)]
    assert list(compare(0, {"regime": "mix", "lambda": 2})["b"]) == [2]
    assert list(compare({"regime": "mix"}, 0)["a"]) == [1, 2]


def test_a_ratio_has_the_interval_of_the_paired_logarithms(compare: Any, gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects).query("generation == 3")
    first, second = (table.query(f"cell == {cell}")["frechet_distance"].to_numpy() for cell in (0, 2))
    expected = seed_mean(np.log(first / second))
    (row,) = compare(0, 2, 3).to_dict("records")
    assert (row["kind"], row["metric"], row["generation"], row["seeds"]) == ("a / b", "frechet_distance", 3, 3)
    assert np.log([row["value"], row["low"], row["high"]]) == pytest.approx(
        [expected.mean, expected.low, expected.high]
    )
    assert row["a_mean"] / row["b_mean"] == pytest.approx(row["value"])


def test_seeds_without_a_value_on_either_side_are_left_out() -> None:
    rows = [(0, seed, 2, 2.0 + seed, 0.5) for seed in range(4)] + [(1, seed, 2, 1.0, 0.25) for seed in range(1, 4)]
    table = pd.DataFrame(rows, columns=["cell", "seed", "generation", "error", "share"])
    table.loc[1, "error"] = np.nan
    cells: Any = [_Cell({"regime": "replace"}), _Cell({"regime": "mix"})]
    ratio, difference = compare_cells(table, cells, 0, 1, [RATIO, DIFFERENCE], None).to_dict("records")
    assert (ratio["seeds"], difference["seeds"]) == (2, 3)
    assert ratio["value"] == pytest.approx(np.sqrt(4 * 5))
    assert (difference["kind"], difference["value"], difference["low"]) == ("a - b", 0.25, 0.25)


class _Cell:
    """A cell with axes only."""

    control = False

    def __init__(self, axes: dict[str, Any]) -> None:
        self.axes = axes


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (9, 0, "cell 9: the sweep has cells 0 to 3"),
        ({"regime": "mixx"}, 0, "regime: no cell has 'mixx'; did you mean 'mix'"),
        ({"regim": "mix"}, 0, "regim: the sweep has no such axis; did you mean 'regime'"),
        ({"regime": "replace", "lambda": 0.5}, 0, "no cell has regime 'replace', lambda 0.5"),
        ({"regime": "replace"}, {"lambda": [0.5, 2.0]}, "b: several cells match cell 0; name a value of lambda too"),
    ],
)
def test_choices_without_cells_or_with_several_partners_are_refused(compare: Any, a: Any, b: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        compare(a, b)
    assert message in str(error.value)


def test_a_matrix_is_a_value_of_an_axis() -> None:
    matrix = [[1.0, 0.0], [0.0, 1.0]]
    cells: Any = [_Cell({"models.reads": reads}) for reads in ("star", matrix)]
    table = pd.DataFrame({"cell": [0, 1], "seed": 0, "generation": 1, "error": [1.0, 2.0]})
    for choice in (matrix, [matrix]):
        (row,) = compare_cells(table, cells, {"models.reads": choice}, 0, [RATIO], None).to_dict("records")
        assert (row["a"], row["b"], row["value"]) == (1, 0, pytest.approx(2.0))
    with pytest.raises(InputError, match=r"models\.reads: no cell has 'sta'; did you mean 'star'"):
        compare_cells(table, cells, {"models.reads": "sta"}, 0, [RATIO], None)
