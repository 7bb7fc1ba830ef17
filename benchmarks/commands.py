"""Processor time of commands and of units in two checkouts, in turn.

    python benchmarks/commands.py OLDER_CHECKOUT [PAIRS [ROW ...]]

Commands are a closed-form sweep, a part of the quickstart, sweeps of four and of a hundred units that do next to
nothing, and the plans of 10,000 half done, 3,000 and three cells. Counted are user and system seconds of the command
and of every process that it started, Ray's included, so other work on the machine changes little. Units are those of a
closed-form sweep and of two cells of the quickstart, in one process without Ray; counted is what they take, without
imports and reading. Publishes are attempts of four files of 20 kB in shared memory, where a disk adds no noise. The
ratio is this checkout's time over the older one's, pair by pair. PAIRS is 3 unless given; ROW is a part of a row's
name, such as `units`.
"""

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import overhead, planning

HERE = Path(__file__).parents[1]
CLOSED_FORM = """
name: closed
data: {name: gaussian, dim: 2, rows: 100}
model: gaussian
loop: {generations: 100}
space: {regime: [replace, accumulate, mix], lambda: 1.0}
seeds: 50
metrics: [frechet_distance, trace_ratio]
"""
SMALL = """
name: small
data: {name: gaussian, dim: 2, rows: 100}
model: gaussian
loop: {generations: 10}
space: {regime: [replace, accumulate, mix], lambda: 1.0}
seeds: 5
metrics: [frechet_distance, trace_ratio]
"""
GRID = """
name: many
data: {name: gaussian, dim: 2, rows: 20}
model: {name: kde, bandwidth: 0.3}
loop: {generations: 10}
space: {regime: mix, lambda: [LAMBDAS], model.bandwidth: [BANDWIDTHS]}
seeds: 2
metrics: [nll]
"""
UNITS = """
import sys, tempfile
from pathlib import Path
from time import process_time
import pandas, scipy.linalg, torch  # which units import in one checkout and commands in the other
from tests.conftest import finished
try:
    from raysc import registry
except ImportError:  # its name until November 2026
    from raysc import catalogue as registry
from raysc.sweepfile import read_sweep
sweep = read_sweep(sys.argv[1], sys.argv[2:], registry)
with tempfile.TemporaryDirectory() as folder:
    began = process_time()
    finished(sweep, Path(folder))
    print(process_time() - began)
"""
"""Runs the units of a sweep file with overrides, and prints their seconds; for either checkout."""
PUBLISHES = """
import tempfile
from time import process_time
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
start = getattr(Attempt, "start", None) or Attempt.below  # its name until November 2026
batches = []
for batch in range(16):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        objects = (getattr(Objects, "open", None) or Objects.at)(folder)
        content, began = bytes(20_000), process_time()
        for generation in range(150):
            attempt = start(objects, f"key/0/{generation}-{generation}")
            for name in ("model/a", "model/b", "rows/0", "records"):
                attempt.put(name, content)
            assert attempt.publish(f"spans/key/0/{generation}-{generation}", {"seeds": [0]})
        batches.append(process_time() - began)
print(len(batches) * min(batches))
"""
"""Publishes 2,400 attempts of four files, and prints their seconds at the pace of the fastest 150; for either checkout.
Most of the time is the system's, which varies with the load."""
QUICKSTART = ("seeds=1", "loop.generations=3", "space={regime: replace, initial.steps: 300}", "claims=[]")
PR_SET_CHILD_SUBREAPER = 36
"""Option of Linux's prctl: orphans among the descendants become children of this process, which waits for them."""


def write_files(folder: Path) -> None:
    """Write the sweep files."""
    numbers = [", ".join(str(round(0.02 * number, 2)) for number in range(1, count + 1)) for count in (100, 30)]
    (folder / "closed.yaml").write_text(CLOSED_FORM)
    (folder / "small.yaml").write_text(SMALL)
    (folder / "many.yaml").write_text(GRID.replace("LAMBDAS", numbers[0]).replace("BANDWIDTHS", numbers[1]))
    (folder / "four.yaml").write_text(overhead.GRID)
    lambdas = ", ".join(str(1 + number / 10000) for number in range(100))
    (folder / "hundred.yaml").write_text(overhead.MANY.format(lambdas=lambdas))
    (folder / "half.yaml").write_text(planning.GRID.replace("CELLS", "10000"))


def prepare(row: str, folder: Path) -> None:
    """Write what a row reads."""
    if row == "plan of 10,000 cells":
        planning.half_done(str(folder / "half.yaml"), str(folder / "half"))


def commands(folder: Path, checkout: Path) -> dict[str, list[str]]:
    """Return the arguments of Python by row; each run has a store of its own."""
    raysc = ["-c", "from raysc.cli import main; main()"]
    store = ["--storage", tempfile.mkdtemp(dir=folder)]
    overrides = [word for override in QUICKSTART for word in ("--set", override)]
    closed, many, small, four, hundred, half = (
        str(folder / f"{name}.yaml") for name in ("closed", "many", "small", "four", "hundred", "half")
    )
    quickstart = str(checkout / "sweeps/quickstart.yaml")
    pixels = "metrics=[{name: frechet_distance, features: pixels}]"
    return {
        "closed-form sweep": [*raysc, "sweep", closed, *store],
        "quickstart, reduced": [*raysc, "sweep", quickstart, *store, *overrides],
        "four units on Ray": [*raysc, "sweep", four, *store],
        "100 units on Ray": [*raysc, "sweep", hundred, *store],
        "plan of 10,000 cells": [*raysc, "plan", half, "--storage", str(folder / "half")],
        "plan of 3,000 cells": [*raysc, "plan", many, *store],
        "plan of three cells": [*raysc, "plan", small, *store],
        "closed-form units": ["-c", UNITS, closed, "seeds=100"],
        "quickstart units": ["-c", UNITS, quickstart, *QUICKSTART, pixels],
        "publishes": ["-c", PUBLISHES],
    }


def processor_seconds(checkout: Path, arguments: list[str]) -> float:
    """Run Python in a checkout, and return the user and system seconds of all its processes, or of its units."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "RAY_AUTH_MODE": "disabled"}
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    if UNITS in arguments or PUBLISHES in arguments:
        return float(ran.stdout.split()[-1])
    while True:  # Ray's processes end after the command
        try:
            os.wait()
        except ChildProcessError:
            return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before


def main() -> None:
    """Print the median seconds of each row in both checkouts, and the ratios."""
    older, pairs = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows = sys.argv[3:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        for command in commands(folder, HERE):
            if rows and not any(row in command for row in rows):
                continue
            prepare(command, folder)
            seconds: list[tuple[float, float]] = []
            for pair in range(pairs + 1):
                old, new = (processor_seconds(at, commands(folder, at)[command]) for at in (older, HERE))
                if pair:  # the first pair compiles modules
                    seconds.append((old, new))
            medians = [statistics.median(column) for column in zip(*seconds, strict=True)]
            ratios = ", ".join(f"{new / old:.2f}" for old, new in seconds)
            print(f"{command:20} {medians[0]:6.1f} s older, {medians[1]:6.1f} s here; ratios {ratios}", flush=True)


if __name__ == "__main__":
    main()
