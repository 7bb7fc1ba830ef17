from pathlib import Path
from typing import Any

import pytest

from raysc.estimates import trained_duration
from raysc.estimates.trained_duration import TrainedCost, TrainedEstimate, estimate_trained, probe, unit_seconds
from raysc.models.flows.flow_matching import FlowMatching
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import Unit
from raysc.rng import Streams
from raysc.store.objects import Objects
from tests.conftest import MakeSweep

GUIDED = """\
name: guided
data: {name: eight_gaussians, rows: 16}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 2}
loop: {generations: 1, budget: {steps: 2}, sample: {guide: {weight: 0.5}}}
train: {batch: 8}
space: {regime: replace}
seeds: 1
metrics: [sliced_wasserstein]
"""


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


def test_a_probe_samples_with_the_guide(make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[Any] = []

    def sample(self: FlowMatching, state: Any, *arguments: Any) -> None:
        states.append(state)

    monkeypatch.setattr(trained_duration, "MIN_SECONDS", 0.0)
    monkeypatch.setattr(FlowMatching, "sample", sample)
    plan = make_plan(resolve(make_sweep(GUIDED)), Objects.open(str(tmp_path)))
    for unit, networks in ((plan.initial[0], 1), (plan.loop[0], 2)):
        states.clear()
        probe(unit)
        family: Any = unit.cell.family
        size = sum(tensor.numel() for tensor in family.initial((2,), Streams(unit.seeds, 0)).ema.values())
        assert [sum(tensor.numel() for tensor in state.ema.values()) for state in states] == [networks * size] * 2


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
