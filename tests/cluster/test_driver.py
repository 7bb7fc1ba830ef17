from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from raysc.cluster import driver
from raysc.cluster.progress import Progress
from raysc.planning.plan import Unit, make_plan
from raysc.planning.resolved import lines
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


def test_units_that_get_no_further_are_run_a_few_times_and_then_count_as_failed(
    make_sweep: Callable[..., Sweep], gaussian_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, objects = make_sweep(gaussian_text), Objects.at(str(tmp_path))
    progress = Progress(make_plan(sweep, objects), Console(quiet=True))
    waves: list[int] = []

    def publish_nothing(units: Sequence[Unit], *rest: Any) -> None:
        waves.append(len(units))

    monkeypatch.setattr(driver, "run_units", publish_nothing)
    driver.run_to_the_end(sweep, lines(sweep), objects, progress, print)
    assert waves == [4] * driver.MOST_RUNS
    assert len(progress.failures) == 4
    assert set(progress.failures.values()) == {f"it was run {driver.MOST_RUNS} times and got no further"}
