"""The real loop against the closed forms: every exact form within 4 standard errors of the mean over 2,000 seeds.

A form that is one generation off must be rejected by 6 standard errors where such a case is listed. Which form belongs
to which cell is asked of ``raysc.results.expectations``, as claims and pictures ask it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedCell, resolve
from raysc.results.expectations import expected_values
from raysc.results.table.table import load_table
from raysc.store.objects import Objects

SEEDS = 2000
GENERATIONS = (0, 1, 2, 5, 10, 50)
COLUMNS = ("mean_error", "trace_ratio", "second_moment", "det_ratio", "log_det_ratio", "std_ratio")


@dataclass(frozen=True)
class Case:
    """Cells of one regime and what is compared.

    Attributes:
        space: the cells.
        shifted: column -> (cell, generation) where the form of the next generation must be rejected.
        model: the family.
        metrics: that are measured; every column that has a form is compared.
    """

    space: tuple[str, ...]
    shifted: Mapping[str, tuple[int, int]]
    model: str = "gaussian"
    metrics: tuple[str, ...] = ("mean_error", "trace_ratio", "second_moment", "det_ratio", "std_ratio")


CASES = {
    "replace": Case(
        (
            "regime: replace, data.dim: 1, data.rows: 10",
            "regime: replace, data.dim: 3, data.rows: 64",
            "regime: replace, data.dim: 10, data.rows: 60",
            "regime: replace, data.dim: 1, data.rows: 40, lambda: 0.5, initial.rows: 30",
            "regime: replace, data.dim: 3, data.rows: 40, lambda: 1.3, initial.rows: 30",
        ),
        {"trace_ratio": (2, 0), "mean_error": (2, 0), "log_det_ratio": (0, 0), "det_ratio": (0, 0)},
    ),
    "replace, unbiased": Case(
        (
            "regime: replace, data.dim: 1, data.rows: 4",
            "regime: replace, data.dim: 1, data.rows: 52",
            "regime: replace, data.dim: 1, data.rows: 64",
            "regime: replace, data.dim: 3, data.rows: 60, lambda: 0.9, initial.rows: 55, sample.rows: 54",
        ),
        {"std_ratio": (0, 0), "mean_error": (0, 0), "trace_ratio": (0, 5), "log_det_ratio": (0, 0)},
        model="{name: gaussian, ddof: 1}",
    ),
    "accumulate": Case(
        (
            "regime: accumulate, data.dim: 10, data.rows: 100",
            "regime: accumulate, data.dim: 1, data.rows: 10",
            "regime: accumulate, data.dim: 10, data.rows: 10",
            "regime: accumulate, data.dim: 1, data.rows: 20, lambda: 0.5, sample.rows: 10",
            "regime: accumulate, data: [{name: moons, rows: 10}], lambda: 2",
        ),
        {"mean_error": (0, 1), "trace_ratio": (2, 0)},
    ),
    "accumulate_subsample": Case(
        tuple(
            f"regime: accumulate_subsample, data.dim: {dim}, data.rows: {rows}"
            for dim, rows in ((1, 10), (3, 20), (10, 10))
        ),
        {"mean_error": (2, 1), "trace_ratio": (2, 0)},
    ),
    "mix": Case(
        (
            "regime: mix, lambda: 1, data.dim: 10, data.rows: 10",
            "regime: mix, lambda: 2, data.dim: 3, data.rows: 10, initial.rows: 4",
            "regime: mix, lambda: 0.5, data.dim: 1, data.rows: 20, initial.rows: 5",
            "regime: real_only, data.dim: 2, data.rows: 12, initial.rows: 6",
        ),
        {"mean_error": (0, 0), "trace_ratio": (0, 0)},
    ),
    **{
        f"kde, {regime}": Case(
            (
                f"regime: {regime}, model.bandwidth: 0.5, data.dim: 1, data.rows: 10",
                f"regime: {regime}, model.bandwidth: 1.0, data.dim: 2, data.rows: 5",
                f"regime: {regime}, model.bandwidth: 0.1, data: [{{name: swiss_roll, rows: 8}}], initial.rows: 4",
            ),
            {"second_moment": (1, 1)},
            model="kde",
            metrics=("second_moment",),
        )
        for regime in ("replace", "accumulate", "accumulate_subsample")
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_loop_follows_its_closed_form_and_no_other(case, make_sweep, run_sweep, tmp_path):
    cells = "".join(f"  - {{{cell}}}\n" for cell in case.space)
    sweep = make_sweep(
        f"name: exact\ndata: gaussian\nmodel: {case.model}\nloop: {{generations: {GENERATIONS[-1]}}}\nspace:\n{cells}"
        f"seeds: {SEEDS}\nmetrics: [{', '.join(case.metrics)}]\nmeasure: {list(GENERATIONS)}\ncontrol: false\n"
    )
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table, lines = load_table(resolve(sweep), objects), make_plan(resolve(sweep), objects).lines
    settings = defaultdict(set)
    for line, column, t in product(lines, COLUMNS, GENERATIONS):
        z = standard_errors(table, line, column, t, t)
        if z is not None:
            assert abs(z) <= 4, (line.settings.axes, column, t, z)
            settings[column, t].add((line.data.event, line.data.count))
    assert {column for column, _ in settings} >= set(case.shifted)
    assert len(settings) % len(GENERATIONS) == 0, "a column with a form has one at every generation"
    assert all(len(different) >= 3 for different in settings.values())
    for column, (number, t) in case.shifted.items():
        z = standard_errors(table, lines[number], column, t, t + 1)
        assert z is not None
        assert abs(z) >= 6, ("not told apart from the next generation", column, z)


def standard_errors(table: pd.DataFrame, line: ResolvedCell, column: str, t: int, form_of: int) -> float | None:
    """How many standard errors a column's mean at generation t lies from its form at a generation; None: no form."""
    form = expected_values(line, column, (form_of,))
    if form is None or column not in table:
        return None
    values = table[(table["cell"] == line.number) & (table["generation"] == t)][column].to_numpy()
    assert len(values) == SEEDS
    numbers = np.log(values) if form.scale == "log" else values
    return float((numbers.mean() - form.values[0]) / (numbers.std(ddof=1) / np.sqrt(SEEDS)))
