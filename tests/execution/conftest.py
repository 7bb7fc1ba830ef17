"""Sweeps that are interrupted."""

from collections.abc import Callable
from typing import Any

import pytest

from raysc.execution.metric_writer import MetricWriter
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@pytest.fixture
def run_and_kill(
    run_sweep: Callable[[Sweep, Objects], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sweep, Objects, int], None]:
    """Function that runs a sweep and ends its process as soon as this generation of a unit was measured."""

    def run(sweep: Sweep, objects: Objects, last: int) -> None:
        report = MetricWriter.report_means

        def die(self: MetricWriter, generation: int, values: Any) -> None:
            report(self, generation, values)
            if generation == last:
                raise KeyboardInterrupt

        with monkeypatch.context() as killed:
            killed.setattr(MetricWriter, "report_means", die)
            with pytest.raises(KeyboardInterrupt):
                run_sweep(sweep, objects)

    return run
