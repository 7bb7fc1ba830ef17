from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from raysc.cluster import trial
from raysc.cluster.trial import Report, TrialInputs, WaveInputs, run_unit
from raysc.cluster.versions import versions
from raysc.errors import RayscError
from raysc.execution.in_process import context_in_process
from raysc.execution.unit_context import UnitContext
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit, Unit
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.execution.test_coupled_trained_unit import POINTS
from tests.execution.test_coupled_unit import TEXT as CLOSED_FORM


def test_a_node_with_other_versions_runs_no_trial(make_sweep: Callable[..., Sweep], gaussian_text: str) -> None:
    sweep, elsewhere = make_sweep(gaussian_text), Objects.open("s3://nowhere")
    wave = WaveInputs(sweep, elsewhere, {}, {**versions(), "diffusers": "0.1.0"})
    with pytest.raises(RayscError, match=r"node \S+ has diffusers \S+ instead of 0\.1\.0; install the same versions"):
        run_unit(cast(TrialInputs, None), wave, lambda columns: None)


@pytest.mark.parametrize("text", [CLOSED_FORM, POINTS])
def test_tune_gets_each_generation_of_coupled_models_once(
    text: str, make_sweep: Callable[..., Sweep], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(text, "space.regime=mix", "seeds=1", "loop.generations=2")
    objects = Objects.open(str(tmp_path))

    def context(inputs: TrialInputs, wave: WaveInputs, crew: Any, report: Report, wait_seconds: float) -> UnitContext:
        return context_in_process(sweep, objects, inputs.unit, report=report)

    def inputs(unit: Unit) -> TrialInputs:
        of_models = tuple(map(inputs, unit.models)) if isinstance(unit, LoopUnit) and len(unit.models) > 1 else ()
        return replace(TrialInputs(cast(Any, None), unit, {}, cast(Any, real_data), 0.0), models=of_models)

    real_data = SimpleNamespace(extractors={})
    monkeypatch.setattr(trial, "_context", context)
    monkeypatch.setattr(trial, "versions", lambda text: {})
    monkeypatch.setattr(trial, "use_resources", lambda resources, trained: None)
    for unit in make_plan(resolve(sweep), objects).units:
        reports: list[dict[str, Any]] = []
        run_unit(inputs(unit), WaveInputs(sweep, objects, {}, {}), reports.append)
        generations = [columns["generation"] for columns in reports]
        assert generations == ([0, 1, 2] if isinstance(unit, LoopUnit) else [0])
