"""Time of a sweep beyond its trials: `raysc sweep` on four trivial units, by phase.

    python benchmarks/overhead.py              # four units on this machine
    python benchmarks/overhead.py --units 1000 # so many units over 16 logical nodes of this machine

Prints the wall time of the whole command, the part spent inside trials, and a split of the rest measured in this
process by calling the same steps one after another. With --units: seconds of wall per unit of the whole command, and
the driver's largest memory.
"""

import argparse
import os
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


MANY = """
name: many
data: {{name: gaussian, rows: 2}}
model: gaussian
loop: {{generations: 1}}
space: {{regime: mix, lambda: [{lambdas}]}}
control: false
metrics: [frechet_distance]
resources: {{cpus: 1}}
"""
NODES = 16
DRIVER = """
import resource, sys, time
from ray.cluster_utils import Cluster
from rich.console import Console
from raysc import registry
from raysc.cluster.driver import run_to_the_end
from raysc.cluster.session import running_ray
from raysc.display import ConsoleDisplay
from raysc.planning.resolved import resolve
from raysc.planning.plan import make_plan
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep

file, store, nodes = sys.argv[1:]
small = dict(num_cpus=1, object_store_memory=80 * 2**20)
cluster = Cluster(initialize_head=True, head_node_args=small)
for _ in range(int(nodes) - 1):
    cluster.add_node(**small)
cluster.wait_for_nodes()
began = time.perf_counter()
sweep, objects = read_sweep(file, (), registry), Objects.open(store)
resolved = resolve(sweep)
units = len(make_plan(resolved, objects).units)
with running_ray(cluster.address):
    failures = run_to_the_end(resolved, objects, ConsoleDisplay(Console(stderr=True)))
spent = time.perf_counter() - began
assert not failures
assert not make_plan(resolved, objects).units
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{units} units over {nodes} nodes: {spent:.1f} s, {spent / units:.3f} s a unit; {memory:.0f} MiB in the driver")
cluster.shutdown()
"""
"""The steps of the command, but for the check that refuses a folder on a cluster: here all nodes are one machine."""


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=0)
    units = parser.parse_args().units
    if units:
        at_scale(units)
    else:
        four_units()


def at_scale(units: int) -> None:
    """Trivial units over many nodes of one core each; the time counts from reading the file to the last unit's end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(MANY.format(lambdas=", ".join(str(1 + number / 10000) for number in range(units))))
        command = [sys.executable, "-c", DRIVER, str(file), str(Path(folder) / "store"), str(NODES)]
        subprocess.run(command, env={**os.environ, "RAY_AUTH_MODE": "disabled"}, check=True)


def four_units() -> None:
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

    from raysc import registry
    from raysc.planning.plan import make_plan
    from raysc.planning.resolved import resolve
    from raysc.planning.validation import validate
    from raysc.results.report.figures.curves import curves_png
    from raysc.results.table.table import load_table
    from raysc.store.objects import Objects
    from raysc.sweepfile import read_sweep

    sweep = read_sweep(str(file), (), registry)
    objects = Objects.open(str(store))
    objects.probe()
    resolved = resolve(sweep)
    plan = make_plan(resolved, objects)
    validate(resolved)
    steps.append(("import raysc, read, check, plan", time.perf_counter()))
    from raysc.cluster.real_data import RealDataCache
    from raysc.cluster.session import running_ray
    from raysc.cluster.waves import run_units

    steps.append(("import ray", time.perf_counter()))
    with running_ray(None):
        steps.append(("start ray", time.perf_counter()))
        run_units(plan.units, plan, objects, RealDataCache(sweep, objects, print), failures={})
        steps.append(("one wave of Tune, trials included", time.perf_counter()))
    steps.append(("stop ray", time.perf_counter()))
    curves_png(resolved, load_table(resolved, objects))
    steps.append(("the table and its picture", time.perf_counter()))
    for (_, before), (name, after) in pairwise(steps):
        print(f"  {name:36} {after - before:5.1f} s")


if __name__ == "__main__":
    main()
