"""Controls of cells. n = 100 real rows (see conftest), batches of 128 rows."""

from collections.abc import Callable
from typing import Any

import pytest

from raysc.sweepfile import Budget, Sweep

Read = Callable[..., Sweep]
Refusal = Callable[..., str]


def controls_of(sweep: Sweep) -> dict[int, tuple[str, tuple[Any, ...], int | str | None]]:
    """Return cell -> (regime, its parameters, steps or regime of the steps) of its control."""
    controls = {}
    for number, cell in enumerate(sweep.cells):
        assert cell.compared_with is not None
        control = sweep.cells[cell.compared_with]
        assert control.budget is not None
        steps = control.budget.steps if control.steps_of is None else str(control.steps_of)
        controls[number] = (control.regime.name, tuple(control.regime.parameters.values()), steps)
    return controls


def test_cells_are_compared_with_their_control_and_controls_with_themselves(read: Read, trained: str) -> None:
    sweep = read(trained)
    assert [cell.compared_with for cell in sweep.cells] == [8, 9, 8, 9, 8, 9, 8, 9, 8, 9]
    none = read(trained, "control=false")
    assert {cell.compared_with for cell in none.cells} == {None}
    declared = read(trained, "space={regime: [replace, real_only]}", "control=false")
    assert [cell.compared_with for cell in declared.cells] == [1, 1]


@pytest.mark.parametrize("budget", ["{steps: 300}", "{rows_seen: 12800}"])
def test_under_a_fixed_budget_matched_controls_are_the_declared_ones(read: Read, trained: str, budget: str) -> None:
    plain, matched = (read(trained, f"loop.budget={budget}", f"control={kind}") for kind in ("true", "matched"))
    assert matched.cells == plain.cells


def test_with_epochs_a_matched_control_has_the_steps_of_its_cell(read: Read, trained: str) -> None:
    space = "space={regime: mix, lambda: [0, 0.2, 0.5, 1, 1.5]}"
    sweep = read(trained, space, "loop.budget={epochs: 2}", "control=matched")
    steps = [control[2] for control in list(controls_of(sweep).values())[:5]]
    # 200 to 500 rows are 2 to 4 batches. Lambda 0 has the steps of the declared control; equal controls are merged.
    assert steps == [None, None, 3, 4, 4]
    controls = sweep.cells[5:]
    assert [cell.budget for cell in controls] == [Budget(epochs=2), Budget(steps=3), Budget(steps=4)]
    assert [cell.axes["loop.budget.steps"] for cell in sweep.cells] == [None] * 6 + [3, 4]
    assert sweep.notes[-1] == (
        "matched controls train on real rows only, as long as their cells: "
        "real_only for the declared budget, 3 steps, 4 steps"
    )


def test_with_growing_training_sets_a_matched_control_has_their_regime_as_steps_of(read: Read, trained: str) -> None:
    space = "space={regime: [accumulate, replace], lambda: [0.5, 1]}"
    sweep = read(trained, space, "loop.budget={epochs: 2}", "control=matched")
    assert controls_of(sweep) == {
        0: ("real_only", (), "accumulate, lambda 0.5"),
        1: ("real_only", (), "accumulate, lambda 1"),
        2: ("real_only", (), 1),
        3: ("real_only", (), None),
        4: ("real_only", (), "accumulate, lambda 0.5"),
        5: ("real_only", (), "accumulate, lambda 1"),
        6: ("real_only", (), 1),
        7: ("real_only", (), None),
    }
    assert [cell.axes["loop.budget.steps_of"] for cell in sweep.cells[3:6]] == [
        None,
        "accumulate, lambda 0.5",
        "accumulate, lambda 1",
    ]
    longer = read(trained, space, "loop.budget={epochs: 2}", "control=matched", "loop.generations=40")
    assert longer.cells == sweep.cells, "more generations change no cell"


def test_the_matched_control_of_counts_has_the_same_real_rows(read: Read, trained: str) -> None:
    space = "space={regime: counts, regime.real: [10, 80], regime.synthetic: [0, 5, 300]}"
    sweep = read(trained, space, "loop.budget={epochs: 2}", "control=matched")
    # A cell without synthetic rows is its own control. 5 synthetic rows add no step to 10 real rows and none to 80.
    assert controls_of(sweep) == {
        0: ("counts", (10, 0), None),
        1: ("counts", (10, 0), None),
        2: ("counts", (10, 0), 5),
        3: ("counts", (80, 0), None),
        4: ("counts", (80, 0), None),
        5: ("counts", (80, 0), 6),
        6: ("counts", (10, 0), 5),
        7: ("counts", (80, 0), 6),
    }
    assert sweep.cells[0].compared_with == 0
    declared = read(trained, space, "loop.budget={epochs: 2}")
    assert {regime for regime, _, _ in controls_of(declared).values()} == {"real_only"}


def test_the_matched_control_of_synthetic_rows_alone_trains_on_nothing(read: Read, trained: str) -> None:
    space = "space={regime: counts, regime.real: [0], regime.synthetic: [0, 300]}"
    sweep = read(trained, space, "loop.budget={epochs: 2}", "control=matched")
    assert controls_of(sweep) == {0: ("counts", (0, 0), None), 1: ("counts", (0, 0), None)}
    assert [cell.compared_with for cell in sweep.cells] == [0, 0]


def test_matched_controls_need_optimiser_steps(refusal: Refusal, trained: str, closed: str) -> None:
    message = refusal(closed, "control=matched")
    assert message.startswith(
        "--set control=matched: control: matched compares optimiser steps, and gaussian is fitted"
    )
    space = "space={regime: counts, regime.real: 200, regime.synthetic: 1}"
    assert "200" not in refusal(trained, space, "control=matched", "metrics=[nothing]"), (
        "counts are checked with the data"
    )
