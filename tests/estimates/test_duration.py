from math import prod
from pathlib import Path
from typing import cast

import pytest

from raysc.estimates import duration
from raysc.estimates.duration import START_SECONDS, DurationEstimate, UnitCost, estimate_duration, probe_unit
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

GRID = """\
name: sizes
data: {name: gaussian, dim: 2}
model: {name: kde}
loop: {generations: 6}
space:
  - {regime: [replace, accumulate], data.rows: [10, 20, 40, 80, 160], data.dim: [1, 2, 3], model.bandwidth: [0.1, 1, 9]}
seeds: 12
metrics: [nll]
control: false
"""


def plan_of(sweep: Sweep, tmp_path: Path) -> Plan:
    return make_plan(resolve(sweep), Objects.open(str(tmp_path / "empty")))


def bandwidth(unit: LoopUnit) -> float:
    return cast(float, unit.cell.settings.model.parameters["bandwidth"])


def multiplicative_cost(sweep: Sweep, unit: LoopUnit) -> UnitCost:
    """A cost in which each varying setting is one factor, a power of its value."""
    settings, data = unit.cell.settings, unit.cell.data
    factor = 5.0 if settings.regime.name == "accumulate" else 1.0
    return UnitCost(0.25 * factor, factor * data.count**1.2 * prod(data.event) * bandwidth(unit) ** 0.5)


def test_a_unit_starts_when_a_slot_is_free() -> None:
    estimate = DurationEstimate(
        unit_seconds=(5.0, 4.0, 3.0, 3.0, 3.0), units_without_estimate=0, probed_units=5, probe_seconds=1.0
    )
    assert estimate.core_seconds == 18
    assert [estimate.wall_seconds(slots) for slots in (1, 2)] == [18, pytest.approx(10, abs=0.5)]
    assert estimate.wall_seconds(9) == 5


def test_ray_starts_one_unit_after_another() -> None:
    estimate = DurationEstimate(
        unit_seconds=(0.01,) * 1000, units_without_estimate=0, probed_units=1, probe_seconds=0.1
    )
    assert estimate.wall_seconds(4) == pytest.approx(999 * START_SECONDS + 0.01)


def test_few_probes_suffice_where_every_setting_is_a_factor(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(GRID)
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "probe_unit", multiplicative_cost)
    estimate = estimate_duration(plan)
    assert len(plan.loop) == 90
    assert estimate.probed_units == 14, "the middle and two more for each of three settings, of two regimes"
    costs = [multiplicative_cost(sweep, unit).seconds(len(unit.seeds)) for unit in plan.loop]
    # dim is 1, 2, 3 and rows 10 to 160: all are knots, or on a straight line between them in logarithms.
    assert estimate.unit_seconds == pytest.approx(costs, rel=1e-9)


def test_sizes_are_probed_whatever_the_budget(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(GRID, "space.0.regime=[replace]")
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "probe_unit", multiplicative_cost)
    estimate = estimate_duration(plan, budget=0)
    assert estimate.probed_units == 5
    for unit, seconds in zip(plan.loop, estimate.unit_seconds, strict=True):
        if bandwidth(unit) == 1:
            assert seconds == pytest.approx(multiplicative_cost(sweep, unit).seconds(12), rel=1e-9)


def test_incomplete_grid(make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make_sweep(
        GRID,
        "space=[{regime: replace, data.rows: [10, 40, 160], data.dim: 1, model.bandwidth: 1},"
        " {regime: replace, data.rows: 40, data.dim: [1, 2, 3], model.bandwidth: [1, 9]}]",
    )
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "probe_unit", multiplicative_cost)
    estimate = estimate_duration(plan)
    costs = [multiplicative_cost(sweep, unit).seconds(12) for unit in plan.loop]
    assert estimate.unit_seconds == pytest.approx(costs, rel=0.3)


@pytest.mark.parametrize("shared", [0.0, 1.0, 10.0])
def test_seeds_grow_until_they_slow_the_unit_down(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: float
) -> None:
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    probed_seeds = []

    def run(sweep: Sweep, unit: LoopUnit, seeds: int) -> float:
        probed_seeds.append(seeds)
        return shared + 0.5 * seeds

    monkeypatch.setattr(duration, "time_in_process", run)
    cost = probe_unit(sweep, unit)
    assert probed_seeds == {0.0: [2, 8], 1.0: [2, 8], 10.0: [2, 8, 12]}[shared]
    assert cost.seconds(12) == pytest.approx(shared + 6, rel=0.06)


def test_a_probe_is_long_enough_to_be_measured(
    make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    probed_seeds = []

    def run(sweep: Sweep, unit: LoopUnit, seeds: int) -> float:
        probed_seeds.append(seeds)
        return 0.01 * seeds

    monkeypatch.setattr(duration, "time_in_process", run)
    assert probe_unit(sweep, unit).seconds(12) == pytest.approx(0.12, rel=0.06)
    assert probed_seeds == [2, 8, 12]


def test_noise_makes_no_cost_negative(make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    monkeypatch.setattr(duration, "time_in_process", lambda sweep, unit, seeds: 1 - seeds / 100)
    cost = probe_unit(sweep, unit)
    assert cost.per_seed > 0
    assert 0.5 < cost.shared < 1


def test_probes_of_real_units_publish_nothing(make_sweep: MakeSweep, tmp_path: Path) -> None:
    plan = plan_of(make_sweep(GRID, "space.0.data.rows=[5, 300]", "space.0.data.dim=[2]", "seeds=3"), tmp_path)
    estimate = estimate_duration(plan)
    assert len(estimate.unit_seconds) == len(plan.loop) == 12
    assert estimate.units_without_estimate == 0
    assert all(seconds > 0 for seconds in estimate.unit_seconds)
    assert not list(Objects.open(str(tmp_path / "empty")).names())


def test_a_unit_of_one_seed(make_sweep: MakeSweep, tmp_path: Path) -> None:
    plan = plan_of(make_sweep(GRID, "seeds=1", "space.0.data.dim=[2]"), tmp_path)
    assert all(seconds > 0 for seconds in estimate_duration(plan, budget=0).unit_seconds)


def test_trained_units_are_not_among_them(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    plan = plan_of(make_sweep(digits_text), tmp_path)
    estimate = estimate_duration(plan)
    assert (estimate.unit_seconds, estimate.probed_units, estimate.wall_seconds(4)) == ((), 0, 0)
    assert estimate.units_without_estimate == 0
