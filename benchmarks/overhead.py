"""What a sweep costs beyond its trials: `raysc sweep` on four trivial units, and where the time goes.

    python benchmarks/overhead.py

Prints the wall time of the whole command, the part spent inside trials, and a split of the rest measured in this
process by calling the same steps one after another.
"""

import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

GRID = """
name: overhead
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: [replace, accumulate, accumulate_subsample]}
seeds: 2
metrics: [frechet_distance]
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grid.yaml"
        file.write_text(GRID)
        store = Path(folder) / "store"
        began = time.perf_counter()
        command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", str(file)]
        subprocess.run([*command, "--storage", str(store)], check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - began
        inside = seconds_in_trials(store)
        print(f"the whole command    {whole:5.1f} s")
        print(f"inside the trials    {inside:5.1f} s  (the longest of four that run side by side)")
        print(f"outside the trials   {whole - inside:5.1f} s")
        split(file, Path(folder) / "again")


def seconds_in_trials(store: Path) -> float:
    """The longest trial's own time, from Tune's records."""
    from ray import tune

    folder = next((store / "sweeps/overhead/tune").iterdir())
    return float(tune.ExperimentAnalysis(str(folder)).dataframe()["time_total_s"].max())


def split(file: Path, store: Path) -> None:
    """The steps of the command, timed one by one."""
    steps = [("start", time.perf_counter())]
    from rich.console import Console

    from raysc import catalogue
    from raysc.checks import check
    from raysc.plan import make_plan
    from raysc.results.curves import curves_picture
    from raysc.results.table import load_table
    from raysc.store.objects import Objects
    from raysc.sweepfile import read_sweep

    sweep = read_sweep(str(file), (), catalogue)
    objects = Objects.at(str(store))
    objects.probe()
    plan = make_plan(sweep, objects)
    check(sweep, plan.lines)
    steps.append(("import raysc, read, check, plan", time.perf_counter()))
    from raysc.cluster.progress import Progress
    from raysc.cluster.run import run_plan, running_ray

    steps.append(("import ray", time.perf_counter()))
    with running_ray(None), Progress(plan, Console(quiet=True)) as progress:
        steps.append(("start ray", time.perf_counter()))
        run_plan(plan, objects, progress)
        steps.append(("one wave of Tune, trials included", time.perf_counter()))
    steps.append(("stop ray", time.perf_counter()))
    curves_picture(sweep, load_table(sweep, objects))
    steps.append(("the table and its picture", time.perf_counter()))
    for (_, before), (name, after) in pairwise(steps):
        print(f"  {name:36} {after - before:5.1f} s")


if __name__ == "__main__":
    main()
