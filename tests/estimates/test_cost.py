from collections.abc import Callable

import pandas as pd
import pytest

from raysc.estimates.cost import Cost, Kind, cost, priced, seconds_to_do
from raysc.planning.plan import Plan, make_plan
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakePlan = Callable[..., Plan]
PRICES = "prices={small: {hour: 0.5, cpus: 4, gpus: 1}, big: {hour: 3, cpus: 32, gpus: 8, most: 2}}"
SMALL, BIG = Kind("small", 4, 1, None, 0.5), Kind("big", 32, 8, 2, 3.0)


@pytest.fixture
def plan(make_sweep: Callable[..., Sweep], digits_text: str, tmp_path: object) -> MakePlan:
    """A plan of the small trained sweep on an empty store: 4 generation 0s, then 12 loops of 2 generations."""

    def make(*overrides: str) -> Plan:
        return make_plan(make_sweep(digits_text, *overrides), Objects.at(str(tmp_path)))

    return make


def test_prices_name_the_types(plan: MakePlan) -> None:
    assert priced(plan(PRICES).sweep) == [SMALL, BIG]


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
def test_so_many_nodes_would_be_used_at_once(plan: MakePlan, resources: str, small: int, big: int) -> None:
    made = plan(f"resources={resources}")
    assert len(made.loop) == 12
    assert [cost(kind, made, None) for kind in (SMALL, BIG)] == [
        Cost("small", small, None, None),
        Cost("big", big, None, None),
    ]


def test_time_and_price_follow_from_the_seconds_that_are_left(plan: MakePlan) -> None:
    made = plan("resources={gpus: 1}")
    assert cost(SMALL, made, 3600.0 * 12) == Cost("small", 12, 1.0, 12 * 0.5)
    assert cost(BIG, made, 3600.0 * 12) == Cost("big", 2, 12 / 16, 12 / 16 * 2 * 3)
    assert cost(Kind("free", 4, 1, 3, None), made, 3600.0 * 12) == Cost("free", 3, 4.0, None)


def test_what_is_left_takes_as_long_as_what_is_there(digits_store: tuple[Sweep, Objects], plan: MakePlan) -> None:
    table = load_table(*digits_store)
    work = table[["seconds_fit", "seconds_sample", "seconds_measure", "seconds_store"]].sum(axis=1)
    zero = table["generation"] == 0
    made = plan()
    snapshots = sum(len(unit.snapshots) for unit in made.initial)
    assert seconds_to_do(made, table) == pytest.approx(24 * work[~zero].mean() + snapshots * work[zero].mean())
    assert seconds_to_do(made, table[zero]) is None, "no retraining was measured"
    empty: pd.DataFrame = table[:0]
    assert seconds_to_do(made, empty) is None
