"""Time and size of the page of a sweep of 500 cells, 10 seeds and 100 generations.

Give it a folder: the store is made there first, which takes some minutes, unless it is there.
"""

import sys
import time
from pathlib import Path

import raysc
from raysc.planning.resolved import resolve
from raysc.results.report.page import report

SWEEP = {
    "name": "five-hundred",
    "data": {"name": "gaussian", "rows": 40},
    "model": "gaussian",
    "loop": {"generations": 99},
    "space": {
        "regime": ["mix", "replace", "accumulate", "accumulate_subsample"],
        "lambda": [0.1, 0.25, 0.5, 1.0, 2.0],
        "data.dim": [1, 2, 3, 4, 5],
        "initial.rows": [5, 10, 15, 20, 30],
    },
    "seeds": 10,
    "metrics": ["frechet_distance", "trace_ratio", "mean_error"],
}


def main() -> None:
    folder = Path(sys.argv[1])
    results = raysc.sweep(SWEEP, storage=str(folder / "store"))
    began, worked = time.perf_counter(), time.process_time()
    page = report(resolve(results.asked), results.objects).write(folder / "report")
    spent, worked = time.perf_counter() - began, time.process_time() - worked
    size = page.stat().st_size / 1e6
    print(f"{len(results.asked.cells)} cells: {spent:.1f} s ({worked:.1f} s of processor time), {size:.1f} MB")


if __name__ == "__main__":
    main()
