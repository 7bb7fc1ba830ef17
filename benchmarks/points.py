"""Time of 32 seeds of points against one: `python benchmarks/points.py [repeats]`.

For each family the same sweep of eight Gaussians (generation 0 and three retrainings under replace) by `raysc sweep`
with one seed and with 32, which the planner cuts into units of eight that run side by side, a core each. Compared are
the seconds inside the longest unit, from the sweep's own table: the least of the repeats, since other work on the
machine only ever adds to them. The last column is by optimiser steps alone.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from raysc.planning.packing import SEEDS_PER_CORE

FAMILIES = {
    "ddpm": "ddpm",
    "flow_matching": "flow_matching",
    "flow_matching, optimal transport": "{name: flow_matching, coupling: optimal_transport}",
    "normalizing_flow": "normalizing_flow",
}
SEEDS = (1, 32)
PHASES = ("fit", "sample", "measure", "store")
GRID = """\
name: points
data: eight_gaussians
model: {model}
initial: {{steps: 600}}
loop: {{generations: 3, budget: {{steps: 300}}}}
train: {{batch: 128, lr: 1e-3, ema: {{half_life: 50}}}}
space: {{regime: replace}}
seeds: {seeds}
metrics: [sliced_wasserstein, off_mode_mass, mode_share_distance, modes_covered]
control: false
"""


def seconds(model: str, seeds: int) -> pd.Series:
    """Seconds by phase inside the longest unit of one sweep."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.yaml"
        file.write_text(GRID.format(model=model, seeds=seeds))
        command = [sys.executable, "-c", "from raysc.cli import main; main()", "sweep", str(file)]
        subprocess.run([*command, "--storage", f"{folder}/store"], check=True, stdout=subprocess.DEVNULL)
        table = pd.read_parquet(f"{folder}/store/sweeps/points/table.parquet")
    phases = table[[f"seconds_{phase}" for phase in PHASES]].set_axis(PHASES, axis=1)
    units = phases.groupby(table["seed"] // SEEDS_PER_CORE).sum()
    return units.loc[units.sum(axis=1).idxmax()]


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"1,500 optimiser steps of batches of 128, 4 x 1,000 rows a seed, {os.cpu_count()} cores, least of {repeats}")
    print(f"{'':34}{'seeds':>6}" + "".join(f"{phase:>10}" for phase in PHASES) + f"{'unit':>10}{'ratio':>8}{'fit':>8}")
    for name, model in FAMILIES.items():
        found = {}
        for seeds in SEEDS:
            runs = [seconds(model, seeds) for _ in range(repeats)]
            found[seeds] = min(runs, key=lambda one: one.sum())
        alone = found[SEEDS[0]]
        for seeds, one in found.items():
            print(f"{name:34}{seeds:>6}" + "".join(f"{one[phase]:8.1f} s" for phase in PHASES), end="")
            print(f"{one.sum():8.1f} s", end="" if seeds > SEEDS[0] else "\n")
            if seeds > SEEDS[0]:
                print(f"{one.sum() / alone.sum():8.1f}{one['fit'] / alone['fit']:8.1f}", flush=True)


if __name__ == "__main__":
    main()
