from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from raysc.estimates.cost import Cost, NodeType, estimate_cost, node_types, remaining_seconds
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

PlanSweep = Callable[..., Plan]
PRICES = "prices={small: {hour: 0.5, cpus: 4, gpus: 1}, big: {hour: 3, cpus: 32, gpus: 8, most: 2}}"
SMALL, BIG = NodeType("small", 4, 1, None, 0.5), NodeType("big", 32, 8, 2, 3.0)


@pytest.fixture
def plan_sweep(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> PlanSweep:
    """A function that plans the small trained sweep on an empty store: 4 generation 0s, 12 loops of 2 generations."""

    def plan(*overrides: str) -> Plan:
        return make_plan(resolve(make_sweep(digits_text, *overrides)), Objects.open(str(tmp_path)))

    return plan


def test_prices_define_the_node_types(plan_sweep: PlanSweep) -> None:
    assert node_types(plan_sweep(PRICES).sweep) == [SMALL, BIG]


@pytest.mark.parametrize(
    ("resources", "small", "big"),
    [
        ("{}", 3, 1),  # twelve trials of one core at once
        ("{gpus: 1}", 12, 2),
        ("{gpus: 0.5}", 6, 1),
        ("{gpus: 1, workers: 2}", 24, 2),
        ("{cpus: 16}", 0, 2),
        ("{gpus: 1, workers: 20}", 240, 0),
    ],
)
def test_number_of_nodes_follows_from_the_resources_of_a_trial(
    plan_sweep: PlanSweep, resources: str, small: int, big: int
) -> None:
    plan = plan_sweep(f"resources={resources}")
    assert len(plan.loop) == 12
    assert [estimate_cost(node_type, plan, None) for node_type in (SMALL, BIG)] == [
        Cost("small", small, None, None),
        Cost("big", big, None, None),
    ]


def test_hours_and_price_follow_from_the_remaining_seconds(plan_sweep: PlanSweep) -> None:
    plan = plan_sweep("resources={gpus: 1}")
    assert estimate_cost(SMALL, plan, 3600.0 * 12) == Cost("small", 12, 1.0, 12 * 0.5)
    assert estimate_cost(BIG, plan, 3600.0 * 12) == Cost("big", 2, 12 / 16, 12 / 16 * 2 * 3)
    assert estimate_cost(NodeType("free", 4, 1, 3, None), plan, 3600.0 * 12) == Cost("free", 3, 4.0, None)


def test_remaining_generations_take_the_mean_of_the_measured_ones(
    digits_store: tuple[Sweep, Objects], plan_sweep: PlanSweep
) -> None:
    sweep, objects = digits_store
    table = load_table(resolve(sweep), objects)
    work = table[["seconds_fit", "seconds_sample", "seconds_measure", "seconds_store"]].sum(axis=1)
    is_initial = table["generation"] == 0
    plan = plan_sweep()
    snapshots = sum(len(unit.snapshots) for unit in plan.initial)
    expected = 24 * work[~is_initial].mean() + snapshots * work[is_initial].mean()
    assert remaining_seconds(plan, table) == pytest.approx(expected)
    assert remaining_seconds(plan, table[is_initial]) is None, "no retraining was measured"
    empty: pd.DataFrame = table[:0]
    assert remaining_seconds(plan, empty) is None
