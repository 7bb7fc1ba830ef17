from math import prod

import pytest

from raysc.estimates import duration
from raysc.estimates.duration import Duration, Effort, estimate_duration, try_unit
from raysc.planning.plan import make_plan
from raysc.store.objects import Objects

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


def plan_of(sweep, tmp_path):
    return make_plan(sweep, Objects.at(str(tmp_path / "none")))


def lawful(sweep, unit):
    """A cost in which each axis is one factor, by powers of numbers."""
    cell, data = unit.line.cell, unit.line.data
    own = 5.0 if cell.regime.name == "accumulate" else 1.0
    return Effort(0.25 * own, own * data.count**1.2 * prod(data.event) * cell.model.parameters["bandwidth"] ** 0.5)


def test_units_start_as_lanes_get_free():
    took = Duration(units=(5.0, 4.0, 3.0, 3.0, 3.0), left_out=0, tried=5, tried_seconds=1.0)
    assert took.core_seconds == 18
    assert [took.on(lanes) for lanes in (1, 2)] == [18, pytest.approx(10, abs=0.5)]
    assert took.on(9) == 5


def test_ray_starts_one_unit_after_another():
    took = Duration(units=(0.01,) * 1000, left_out=0, tried=1, tried_seconds=0.1)
    assert took.on(4) == pytest.approx(999 * duration.START + 0.01)


def test_where_every_axis_is_a_factor_few_tries_tell_all(make_sweep, tmp_path, monkeypatch):
    sweep = make_sweep(GRID)
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "try_unit", lawful)
    took = estimate_duration(plan)
    assert (len(plan.loop), took.tried) == (90, 14), "the middle and two more on each of three axes, of two regimes"
    costs = [lawful(sweep, unit).of(len(unit.seeds)) for unit in plan.loop]
    # dim is 1, 2, 3 and rows 10 to 160: all knots or on a straight line between them in logarithms.
    assert took.units == pytest.approx(costs, rel=1e-9)


def test_sizes_are_tried_whatever_the_budget(make_sweep, tmp_path, monkeypatch):
    sweep = make_sweep(GRID, "space.0.regime=[replace]")
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "try_unit", lawful)
    took = estimate_duration(plan, budget=0)
    assert took.tried == 5
    for unit, seconds in zip(plan.loop, took.units, strict=True):
        if unit.line.cell.model.parameters["bandwidth"] == 1:
            assert seconds == pytest.approx(lawful(sweep, unit).of(12), rel=1e-9)


def test_a_grid_that_is_not_whole(make_sweep, tmp_path, monkeypatch):
    sweep = make_sweep(
        GRID,
        "space=[{regime: replace, data.rows: [10, 40, 160], data.dim: 1, model.bandwidth: 1},"
        " {regime: replace, data.rows: 40, data.dim: [1, 2, 3], model.bandwidth: [1, 9]}]",
    )
    plan = plan_of(sweep, tmp_path)
    monkeypatch.setattr(duration, "try_unit", lawful)
    took = estimate_duration(plan)
    costs = [lawful(sweep, unit).of(12) for unit in plan.loop]
    assert took.units == pytest.approx(costs, rel=0.3)


@pytest.mark.parametrize("shared", [0.0, 1.0, 10.0])
def test_seeds_are_added_until_they_show(make_sweep, tmp_path, monkeypatch, shared):
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    tried = []

    def run(sweep, unit, seeds):
        tried.append(seeds)
        return shared + 0.5 * seeds

    monkeypatch.setattr(duration, "run_alone", run)
    cost = try_unit(sweep, unit)
    assert tried == {0.0: [2, 8], 1.0: [2, 8], 10.0: [2, 8, 12]}[shared]
    assert cost.of(12) == pytest.approx(shared + 6, rel=0.06)


def test_a_try_takes_long_enough_to_be_measured(make_sweep, tmp_path, monkeypatch):
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    tried = []
    monkeypatch.setattr(duration, "run_alone", lambda sweep, unit, seeds: tried.append(seeds) or 0.01 * seeds)
    assert try_unit(sweep, unit).of(12) == pytest.approx(0.12, rel=0.06)
    assert tried == [2, 8, 12]


def test_noise_makes_no_cost_negative(make_sweep, tmp_path, monkeypatch):
    sweep = make_sweep(GRID)
    unit = plan_of(sweep, tmp_path).loop[0]
    monkeypatch.setattr(duration, "run_alone", lambda sweep, unit, seeds: 1 - seeds / 100)
    cost = try_unit(sweep, unit)
    assert cost.per_seed > 0
    assert 0.5 < cost.shared < 1


def test_real_units_are_tried_and_nothing_is_published(make_sweep, tmp_path):
    plan = plan_of(make_sweep(GRID, "space.0.data.rows=[5, 300]", "space.0.data.dim=[2]", "seeds=3"), tmp_path)
    took = estimate_duration(plan)
    assert len(took.units) == len(plan.loop) == 12
    assert took.left_out == 0
    assert all(seconds > 0 for seconds in took.units)
    assert not list(Objects.at(str(tmp_path / "none")).names())


def test_a_unit_of_one_seed(make_sweep, tmp_path):
    took = estimate_duration(plan_of(make_sweep(GRID, "seeds=1", "space.0.data.dim=[2]"), tmp_path), budget=0)
    assert all(seconds > 0 for seconds in took.units)


def test_trained_units_have_no_estimate(make_sweep, digits_text, tmp_path):
    plan = plan_of(make_sweep(digits_text), tmp_path)
    took = estimate_duration(plan)
    assert (took.units, took.left_out, took.tried, took.on(4)) == ((), len(plan.units), 0, 0)
