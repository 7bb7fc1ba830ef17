"""Time of a generation in two checkouts: `python benchmarks/generations.py OLDER_CHECKOUT [repeats]`.

For the quickstart, pretrain_tinystories_small and sft_gemma2_small: training of generation 0, sampling as many rows as
there are real ones, and measuring them (metrics of texts only), in a process of its own on one thread, the older
checkout and this one in turn. "sweep" adds them up over the fits and generations of all cells of a seed. Seconds are of
processor time, the least of the repeats: other work on the machine only ever adds to them.
"""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

HERE = Path(__file__).parents[1]
SWEEPS = {
    "quickstart": (5 + 80, 2 + 80),
    "kazdan2024/pretrain_tinystories_small": (1 + 35 + 7 + 7, 1 + 21),
    "kazdan2024/sft_gemma2_small": (1 + 20 + 5 + 5, 1 + 15),
}
"""By sweep: fits as long as generation 0's, and generations, of one seed; ``accumulate`` of texts fits t + 1 epochs."""
PHASES = ("fit", "sample", "measure")


def measure(name: str) -> dict[str, float]:
    """Return the seconds of each phase of generation 0, in the checkout that this process imports."""
    import torch

    from raysc import registry
    from raysc.metrics.core.measure import RealSets
    from raysc.metrics.core.measure import measure as measure_rows
    from raysc.planning.open_sweep import open_sweep
    from raysc.planning.resolved import metric_keys, resolve
    from raysc.pool.blocks import MemoryBlock
    from raysc.pool.rows import Rows
    from raysc.pool.training_set import TrainingSet
    from raysc.regimes.recipe import REAL
    from raysc.rng import Streams

    torch.set_num_threads(1)
    sweep, _ = open_sweep(str(HERE / f"sweeps/{name}.yaml"), "/tmp/unused")
    cell = resolve(sweep).cells[0]
    settings, family, streams = cell.settings, cell.family, Streams((0,), 0)
    rows = cell.data.train((0,))
    training_set = TrainingSet((Rows(REAL, (MemoryBlock((REAL, (0,)), 0, rows),)),))
    start = family.initial(rows.shape[2:], streams)
    family.fit(training_set, start, range(5), settings.train, streams)  # imports and first allocations
    times = [process_time()]
    state = family.fit(training_set, start, range(settings.initial.steps), settings.train, streams).state
    times.append(process_time())
    sampled = family.sample(state, 0, rows.shape[1], settings.sample, streams)
    times.append(process_time())
    if cell.data.kind != "text":  # features of images come from a network that is trained first
        return dict(zip(PHASES, (*(b - a for a, b in pairwise(times)), 0.0), strict=True))
    metrics = [registry.build("metric", metric) for metric in metric_keys(sweep, cell).values()]
    plain = [metric for metric in metrics if not hasattr(metric, "model_requirements")]
    measure_rows(plain, sampled, RealSets(cell.data.kind, rows, cell.data.test(), data=cell.data))
    times.append(process_time())
    return dict(zip(PHASES, (b - a for a, b in pairwise(times)), strict=True))


def seconds(checkout: Path, name: str) -> dict[str, float]:
    """Return the seconds of a checkout, measured in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "benchmarks/generations.py"), "--measure", name]
    output = subprocess.run(command, env=environment, cwd=checkout, check=True, capture_output=True, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def main() -> None:
    if sys.argv[1] == "--measure":
        print(json.dumps(measure(sys.argv[2])))
        return
    checkouts = {"older": Path(sys.argv[1]).absolute(), "this": HERE}
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for name, (fits, generations) in SWEEPS.items():
        runs: dict[str, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
        for _ in range(repeats):
            for checkout, folder in checkouts.items():
                runs[checkout].append(seconds(folder, name))
        least = {checkout: {phase: min(run[phase] for run in runs[checkout]) for phase in PHASES} for checkout in runs}
        print(name)
        for checkout, phases in least.items():
            phases["sweep"] = fits * phases["fit"] + generations * (phases["sample"] + phases["measure"])
            print(f"  {checkout:8}" + "".join(f"{phase:>10} {value:6.2f} s" for phase, value in phases.items()))
        ratios = {phase: value / least["this"][phase] for phase, value in least["older"].items() if value}
        print(f"  {'ratio':8}" + "".join(f"{phase:>10} {ratio:6.2f}  " for phase, ratio in ratios.items()), flush=True)


if __name__ == "__main__":
    main()
