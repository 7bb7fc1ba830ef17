"""Time of compiling: first unit of a process, second unit, and first unit of the next process.

Run as a program, it measures two units in its own process and prints their seconds as JSON:
`python -m benchmarks.gpu_rows.compiling [--small]`.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from benchmarks.gpu_rows.images import (
    SIZES,
    SMALL_SIZES,
    STREAMS,
    Sizes,
    made_up_images,
    train_settings,
    training_set_of,
)
from benchmarks.gpu_rows.measuring import Contender, Goal, Row, Work, timed
from raysc.models.training.process_state import reset_process_state
from raysc.settings import Sample

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 5.0
"""Goal of the second unit of a process."""
SHORTEST = 1e-3
"""Seconds below which a difference of two runs says nothing."""


@dataclass(frozen=True)
class Processes:
    """Two processes, one after another, with a cache folder of compiled code that is empty at first."""

    small: bool

    @cached_property
    def seconds(self) -> dict[str, float]:
        """Seconds of compiling by unit."""
        with tempfile.TemporaryDirectory() as folder:
            first, second = self._run(folder)
            next_process, _ = self._run(folder)
        return {"first unit": first, "second unit": second, "next process": next_process}

    def _run(self, folder: str) -> list[float]:
        """Return the seconds of the units of a new process."""
        environment = {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}
        command = [sys.executable, "-m", __name__, *(["--small"] if self.small else [])]
        output = subprocess.run(
            command, env=environment | {"RAYSC_CACHE": folder}, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        seconds: list[float] = json.loads(output.splitlines()[-1])
        return seconds


def compiling(small: bool) -> Row:
    """Return the row; its unit is a unit of a sweep that trains and samples EDM for the first time."""
    processes = Processes(small)

    def contender(name: str, *goals: Goal) -> Contender:
        return Contender(name, lambda: Work(1.0, processes.seconds[name]), goals=goals)

    second = contender("second unit", Goal("seconds", MOST_SECONDS))
    contenders = (second, contender("first unit"), contender("next process"))
    return Row("units", contenders, shows="seconds", repeatable=False)


def unit_seconds(sizes: Sizes) -> float:
    """Return the seconds by which a unit's first step and first images take longer than the same ones again."""
    family, training_set, train = sizes.family, training_set_of(made_up_images(sizes)), train_settings(sizes)
    sample = Sample(steps=2, precision="bf16")

    def work() -> None:
        state = family.fit(training_set, family.initial(sizes.event, STREAMS), range(1), train, STREAMS).state
        family.sample(state, 0, sizes.block, sample, STREAMS)

    return max(SHORTEST, timed(work) - timed(work))


def main() -> None:
    small = "--small" in sys.argv
    if small:
        torch.set_num_threads(1)
    sizes, seconds = SMALL_SIZES if small else SIZES, []
    for _ in range(2):
        seconds.append(unit_seconds(sizes))
        reset_process_state()  # as at the end of a trial
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
