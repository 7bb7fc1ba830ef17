from pathlib import Path

import pytest

from raysc.estimates import trained_duration
from raysc.estimates.trained_duration import TrainedCost, TrainedEstimate, estimate_trained, probe, unit_seconds
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import Unit
from raysc.store.objects import Objects
from tests.conftest import MakeSweep


@pytest.fixture
def plan(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> Plan:
    """4 units of generation 0 and 10 loops; T = 2, 3 steps a generation, 24 rows."""
    return make_plan(resolve(make_sweep(digits_text)), Objects.open(str(tmp_path)))


def test_a_unit_takes_its_fits_steps_and_blocks(plan: Plan) -> None:
    cost = TrainedCost(fit=100.0, step=10.0, block=1.0)
    assert {unit_seconds(unit, plan, cost) for unit in plan.loop} == {2 * (100 + 3 * 10 + 1)}
    last_steps = {unit.snapshots[-1].steps for unit in plan.initial}
    draws = {len(snapshot.rows) for unit in plan.initial for snapshot in unit.snapshots}
    assert (last_steps, draws) == ({4}, {1})
    assert {unit_seconds(unit, plan, cost) for unit in plan.initial} == {100 + 4 * 10 + len(plan.initial[0].snapshots)}


def test_equal_settings_are_timed_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    probes: list[Unit] = []

    def count(unit: Unit) -> TrainedCost:
        probes.append(unit)
        return TrainedCost(0.0, 1.0, 0.0)

    monkeypatch.setattr(trained_duration, "probe", count)
    estimate = estimate_trained(plan)
    assert estimate.units == len(plan.units)
    assert estimate.probed_settings == len(probes) <= 2, "generation 0 and the loops train alike or not"
    assert estimate.trial_seconds > 0
    assert estimate_trained(plan, budget=0.0).units_without_estimate == len(plan.units)


def test_trials_that_this_process_cannot_imitate_have_no_estimate(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for setting in ("resources.workers=2", "resources.gpus=1"):
        plan = make_plan(resolve(make_sweep(digits_text, setting)), Objects.open(str(tmp_path)))
        assert estimate_trained(plan).units_without_estimate == len(plan.units)


def test_the_waves_run_in_turn() -> None:
    estimate = TrainedEstimate((4.0, 4.0), (6.0,))
    assert estimate.trial_seconds == 14
    assert estimate.wall_seconds(2) == pytest.approx(10, abs=0.5)


@pytest.mark.slow
def test_a_probe_times_real_steps(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_duration, "MIN_SECONDS", 0.05)
    cost = probe(plan.loop[0])
    assert cost.step > 0
    assert cost.block > 0
    assert cost.fit >= 0
