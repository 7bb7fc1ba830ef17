"""The loop compared with the closed forms: every exact form is within 4 standard errors of the mean over 2,000 seeds.

For the listed cases, the form of the next generation must be rejected by 6 standard errors. The form of each cell comes
from ``raysc.results.expectations``, as for claims and figures.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import ResolvedCell, resolve
from raysc.results.expectations import expected_values
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

pytestmark = pytest.mark.slow

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

SEEDS = 2000
GENERATIONS = (0, 1, 2, 5, 10, 50)
COLUMNS = ("mean_error", "trace_ratio", "second_moment", "det_ratio", "log_det_ratio", "std_ratio")


@dataclass(frozen=True)
class Case:
    """Cells of one regime, with their metrics.

    Attributes:
        space: the cells.
        shifted: column -> (cell, generation) at which the form of the next generation must be rejected.
        model: the family.
        metrics: measured metrics; every column with a form is compared.
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
    "mix, biased": Case(
        (
            "regime: mix, lambda: 1, data.dim: 10, data.rows: 10, sample.covariance_scale: 1.5",
            "regime: mix, lambda: 0.5, data.dim: 3, data.rows: 20, initial.rows: 5, sample.temperature: 0.5",
            "regime: mix, lambda: 2, data.dim: 2, data.rows: 50, sample.covariance_scale: 2",
        ),
        {"trace_ratio": (0, 0)},
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
def test_the_loop_agrees_with_its_closed_form_only(
    case: Case, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    cells = "".join(f"  - {{{cell}}}\n" for cell in case.space)
    sweep = make_sweep(
        f"name: exact\ndata: gaussian\nmodel: {case.model}\nloop: {{generations: {GENERATIONS[-1]}}}\nspace:\n{cells}"
        f"seeds: {SEEDS}\nmetrics: [{', '.join(case.metrics)}]\nmeasure: {list(GENERATIONS)}\ncontrol: false\n"
    )
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    table = load_table(resolved, objects)
    settings: dict[tuple[str, int], set[tuple[tuple[int, ...], int]]] = defaultdict(set)
    for cell, column, t in product(resolved.cells, COLUMNS, GENERATIONS):
        z = standard_errors(table, cell, column, t, t)
        if z is not None:
            assert abs(z) <= 4, (cell.settings.axes, column, t, z)
            settings[column, t].add((cell.data.event, cell.data.count))
    assert {column for column, _ in settings} >= set(case.shifted)
    assert len(settings) % len(GENERATIONS) == 0, "a column with a form has one at every generation"
    assert all(len(cell_settings) >= 3 for cell_settings in settings.values())
    for column, (number, t) in case.shifted.items():
        z = standard_errors(table, resolved.cells[number], column, t, t + 1)
        assert z is not None
        assert abs(z) >= 6, ("not distinguished from the next generation", column, z)


def standard_errors(table: pd.DataFrame, cell: ResolvedCell, column: str, t: int, form_of: int) -> float | None:
    """Return (mean at generation t - form at generation form_of) / standard error; None without a form."""
    form = expected_values(cell, column, (form_of,))
    if form is None or column not in table:
        return None
    values = table[(table["cell"] == cell.number) & (table["generation"] == t)][column].to_numpy()
    assert len(values) == SEEDS
    compared = np.log(values) if form.scale == "log" else values
    return float((compared.mean() - form.values[0]) / (compared.std(ddof=1) / np.sqrt(SEEDS)))
