"""Curations that go with neither data nor regime are refused, with the line of the curation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]

GAUSSIAN = """\
name: curated
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 3}
space: {regime: mix, lambda: 1, curation: {name: corrected, strength: 1, centres: 20}}
metrics: [trace_ratio]
"""

OUTCOMES = """\
name: outcomes
data: {name: categories, rows: 20}
model: discrete
loop: {generations: 3}
space: {regime: mix, lambda: 1, curation: {name: corrected, strength: 1}}
metrics: [entropy]
"""


def problem(sweep: Sweep) -> str:
    with pytest.raises(InputError) as error:
        validate(resolve(sweep))
    return str(error.value)


def test_more_centres_than_real_rows_are_refused(make_sweep: MakeSweep) -> None:
    validate(resolve(make_sweep(GAUSSIAN)))
    more = make_sweep(GAUSSIAN.replace("centres: 20", "centres: 21"))
    assert "curation.centres: 21 centres of 20 real rows" in problem(more)


def test_outcomes_are_not_corrected(make_sweep: MakeSweep) -> None:
    expected = "curation: corrected moves rows towards centres, and the outcomes of categories have none"
    assert expected in problem(make_sweep(OUTCOMES))


def test_codes_of_categories_are_not_corrected(make_sweep: MakeSweep, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("age,city\n" + "".join(f"{30 + row},{'Oslo' if row % 3 else 'Rome'}\n" for row in range(40)))
    table = GAUSSIAN.replace("data: {name: gaussian, rows: 20}", f"data: {{name: table, path: '{path}'}}")
    table = table.replace("model: gaussian", "model: gaussian_copula").replace("trace_ratio", "tail_mass")
    assert "curation: corrected moves rows towards centres, and column 'city' holds categories" in problem(
        make_sweep(table)
    )
    validate(resolve(make_sweep(table, "data.columns=[age]")))


def test_edits_of_the_last_training_set_are_corrected_but_not_selected(make_sweep: MakeSweep) -> None:
    edits = GAUSSIAN.replace("regime: mix, lambda: 1", "regime: {name: incremental, share: 0.4}")
    validate(resolve(make_sweep(edits)))
    selected = make_sweep(edits, "space.curation={name: luce, adversarial: 0.5}")
    assert "curation: luce would select other rows for each training set, and incremental edits" in problem(selected)
