"""Expansion of grids to cells."""

import json
from collections.abc import Callable
from math import prod
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.sweepfile import Budget, CellSettings, Component, Sweep

Read = Callable[..., Sweep]
WithSpace = Callable[..., Sweep]
Grid = dict[str, list[Any]]
Summary = tuple[str, float | None, int | None, float]

LAMBDAS = st.lists(st.sampled_from([0, 0.1, 0.25, 0.29, 1, 2.0]), min_size=1, max_size=4)
REGIMES = st.lists(st.sampled_from(["mix", "replace", "accumulate", "real_only"]), min_size=1, max_size=4)
GRID = st.fixed_dictionaries(
    {"regime": REGIMES, "lambda": LAMBDAS},
    optional={
        "initial.rows": st.lists(st.integers(1, 9), min_size=1, max_size=3),
        "data.scale": st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=1, max_size=2),
    },
)


def expected_cells(grid: Grid) -> set[Summary]:
    """Return (regime, lambda, rows, scale) of all cells of a grid, without the reader."""
    return {
        (regime, None if regime == "real_only" else float(lambda_), rows, scale)
        for regime in grid["regime"]
        for lambda_ in grid["lambda"]
        for rows in grid.get("initial.rows", [None])
        for scale in grid.get("data.scale", [1.0])
    }


def summary(cell: CellSettings) -> Summary:
    return (cell.regime.name, cell.lambda_, cell.initial.rows, cell.data.parameters.get("scale", 1.0))


@settings(max_examples=40, deadline=None)
@given(grids=st.lists(GRID, min_size=1, max_size=3))
def test_a_union_of_grids_has_every_point_once(with_space: WithSpace, grids: list[Grid]) -> None:
    sweep = with_space(grids, control=False)
    expected = set().union(*(expected_cells(grid) for grid in grids))
    assert {summary(cell) for cell in sweep.cells} == expected
    assert len(sweep.cells) == len(expected)
    points = sum(prod(len(values) for values in grid.values()) for grid in grids)
    assert any("merged" in note for note in sweep.notes) == (points > len(expected))


@settings(max_examples=40, deadline=None)
@given(grid=GRID)
def test_every_cell_has_exactly_one_control(with_space: WithSpace, grid: Grid) -> None:
    sweep = with_space(grid)
    summaries = [summary(cell) for cell in sweep.cells]
    assert len(set(summaries)) == len(summaries)
    controls = [row for row in summaries if row[0] == "real_only"]
    assert {row[2:] for row in controls} == {row[2:] for row in summaries}
    assert len(controls) == len({row[2:] for row in summaries})
    added = [cell.control for cell in sweep.cells]
    assert added == sorted(added), "controls come last"
    assert any(added) == ("real_only" not in grid["regime"])


@settings(max_examples=30, deadline=None)
@given(grids=st.lists(GRID, min_size=1, max_size=3))
def test_every_cell_has_every_axis_and_no_two_cells_are_equal(with_space: WithSpace, grids: list[Grid]) -> None:
    sweep = with_space(grids)
    columns = list(sweep.cells[0].axes)
    assert columns[:2] == ["regime", "lambda"]
    assert set(columns) == {key for grid in grids for key in grid}
    assert all(list(cell.axes) == columns for cell in sweep.cells)
    assert len({json.dumps(dict(cell.axes)) for cell in sweep.cells}) == len(sweep.cells)


def test_cells_are_in_the_order_of_the_file(read: Read, trained: str) -> None:
    sweep = read(trained)
    assert [tuple(cell.axes.values()) for cell in sweep.cells] == [
        ("mix", 0.25, 300),
        ("mix", 0.25, 1200),
        ("mix", 1.0, 300),
        ("mix", 1.0, 1200),
        ("replace", 1.0, 300),
        ("replace", 1.0, 1200),
        ("accumulate", 1.0, 300),
        ("accumulate", 1.0, 1200),
        ("real_only", None, 300),
        ("real_only", None, 1200),
    ]
    assert [cell.control for cell in sweep.cells] == [False] * 8 + [True] * 2
    assert sweep.notes == ()


def test_a_control_differs_in_regime_and_lambda_only(read: Read, trained: str) -> None:
    sweep = read(trained)
    control = sweep.cells[-1]
    cell = next(cell for cell in sweep.cells if cell.initial.steps == 1200)
    changed = {"regime", "lambda_", "axes", "control"}
    assert control.model_dump(exclude=changed) == cell.model_dump(exclude=changed)


def test_components_with_parameters_are_columns(with_space: WithSpace) -> None:
    space = {"regime": ["mix", {"name": "fresh", "rows": 50}, {"name": "replace", "grow": True}], "lambda": 1}
    cells = with_space(space).cells
    assert [dict(cell.axes) for cell in cells] == [
        {"regime": "mix", "lambda": 1.0, "regime.rows": None, "regime.grow": None},
        {"regime": "fresh", "lambda": 1.0, "regime.rows": 50, "regime.grow": None},
        {"regime": "replace", "lambda": 1.0, "regime.rows": None, "regime.grow": True},
        {"regime": "real_only", "lambda": None, "regime.rows": None, "regime.grow": None},
    ]
    assert cells[1].regime == Component(name="fresh", parameters={"rows": 50})


def test_parameters_of_a_component_may_be_axes(with_space: WithSpace) -> None:
    cells = with_space({"regime": "replace", "regime.grow": [True, False]}, control=False).cells
    assert [cell.regime.parameters for cell in cells] == [{"grow": True}, {}]
    assert [cell.axes["regime.grow"] for cell in cells] == [True, False]


def test_data_and_models_may_be_axes(read: Read, closed: str) -> None:
    text = closed.replace(
        "{regime: replace}", "{regime: replace, data: [digits, {name: gaussian, dim: 3}], data.rows: [10, 20]}"
    )
    cells = read(text, "control=false").cells
    assert [dict(cell.axes) for cell in cells] == [
        {"regime": "replace", "lambda": 1.0, "data.name": "digits", "data.dim": None, "data.rows": 10},
        {"regime": "replace", "lambda": 1.0, "data.name": "digits", "data.dim": None, "data.rows": 20},
        {"regime": "replace", "lambda": 1.0, "data.name": "gaussian", "data.dim": 3, "data.rows": 10},
        {"regime": "replace", "lambda": 1.0, "data.name": "gaussian", "data.dim": 3, "data.rows": 20},
    ]


def test_an_axis_of_another_grid_has_the_value_of_the_file(read: Read, trained: str) -> None:
    sweep = read(trained, "space.0={regime: mix, lambda: 1, train.lr: [1e-4], loop.start: [scratch, initial]}")
    rows = [(cell.axes["train.lr"], cell.axes["loop.start"], cell.axes["initial.steps"]) for cell in sweep.cells]
    assert rows[:3] == [(1e-4, "scratch", 1200), (1e-4, "initial", 1200), (1e-3, "previous", 300)]


def test_budgets_may_be_an_axis_as_mappings_or_by_key(read: Read, trained: str) -> None:
    whole = read(trained, "space={regime: replace, loop.budget: [{steps: 300}, {epochs: 2}]}", "control=false")
    assert [cell.budget for cell in whole.cells] == [Budget(steps=300), Budget(epochs=2)]
    assert [dict(cell.axes) for cell in whole.cells] == [
        {"regime": "replace", "lambda": 1.0, "loop.budget.steps": 300, "loop.budget.epochs": None},
        {"regime": "replace", "lambda": 1.0, "loop.budget.steps": None, "loop.budget.epochs": 2.0},
    ]
    by_key = read(trained, "space={regime: replace, loop.budget.steps: [100, 300]}", "control=false")
    assert [cell.budget for cell in by_key.cells] == [Budget(steps=100), Budget(steps=300)]


def test_mappings_and_none_mix_on_an_axis(read: Read, trained: str) -> None:
    sweep = read(trained, "space={regime: replace, train.ema: [null, {half_life: 9}]}", "control=false")
    assert [cell.axes["train.ema.half_life"] for cell in sweep.cells] == [None, 9.0]
    assert sweep.cells[0].train.ema is None


def test_loop_train_and_loop_sample_override_for_retrainings_only(read: Read, trained: str) -> None:
    text = trained.replace("  generations: 8", "  generations: 8\n  train: {lr: 1e-4, ema: null}\n  sample: {steps: 9}")
    cell = read(text, "sample.rows=50", "space={regime: replace, loop.train.optimizer_state: reset}").cells[0]
    assert (cell.train.lr, cell.loop_train.lr) == (1e-3, 1e-4)
    assert cell.train.ema is not None
    assert (cell.train.ema.half_life, cell.loop_train.ema) == (70, None)
    assert (cell.sample.steps, cell.loop_sample.steps, cell.loop_sample.rows) == (None, 9, 50)
    assert cell.loop_train.optimizer_state == "reset"
    assert cell.loop_train.batch == cell.train.batch == 128


def test_lambda_is_empty_for_a_regime_without_lambda_and_noted(with_space: WithSpace) -> None:
    sweep = with_space({"regime": ["mix", "real_only"], "lambda": [0.5, 1, 2]})
    assert [(cell.regime.name, cell.lambda_) for cell in sweep.cells] == [
        ("mix", 0.5),
        ("mix", 1.0),
        ("mix", 2.0),
        ("real_only", None),
    ]
    assert not any(cell.control for cell in sweep.cells)
    assert sweep.notes == (
        "lambda is left empty where the regime takes none: real_only",
        "6 points of space are 4 different cells; equal ones were merged",
    )


def test_a_parameter_equal_to_its_default_gives_the_same_cell(with_space: WithSpace) -> None:
    sweep = with_space({"regime": ["replace", {"name": "replace", "grow": False}]}, control=False)
    assert len(sweep.cells) == 1
    assert sweep.cells[0].regime == Component(name="replace")


def test_lambda_may_be_zero(with_space: WithSpace) -> None:
    assert [cell.lambda_ for cell in with_space({"regime": "mix", "lambda": 0}, control=False).cells] == [0.0]


def test_a_long_ema_is_noted(read: Read, trained: str) -> None:
    sweep = read(trained, "train.ema.half_life=100")
    assert len(sweep.notes) == 1
    assert "half-life 100 is above a quarter of the 300 steps" in sweep.notes[0]
    assert "keeps 12.5 %" in sweep.notes[0]
    seen = read(trained, "loop.budget={rows_seen: 12800}")
    assert "100 steps" in seen.notes[0]
    assert read(trained, "train.ema.half_life=75").notes == ()


def test_a_list_parameter_equal_to_its_default_is_left_out(read: Read, trained: str) -> None:
    sweep = read(trained, "space={regime: replace, model.widths: [[64, 64], [128]]}", "control=false")
    assert [cell.model.parameters for cell in sweep.cells] == [{}, {"widths": [128]}]
    assert [cell.axes["model.widths"] for cell in sweep.cells] == [[64, 64], [128]]
