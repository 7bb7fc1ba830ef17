"""Accuracy of `raysc plan --time`: estimates of single units beside their measured times.

    python benchmarks/estimates.py [SWEEP ...]

For each sweep, three cells of different size that were (mostly) not tried for the estimate: one whole unit of each, all
generations and all seeds of its pack, in this process on one core. Seconds are processor time.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from raysc.estimates.duration import estimate_duration, time_in_process
from raysc.planning.open_sweep import open_sweep
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit

SWEEPS = Path(__file__).parent.parent / "sweeps/kazdan2024"
CELLS = {
    "kde_bandwidth": [("replace", "moons", 32, 0.0316), ("accumulate_subsample", "circles", 316, 31.6),
                      ("accumulate", "swiss_roll", 1000, 3.16)],
    "kde_rules": [("replace", "moons", 32, "scott"), ("accumulate_subsample", "circles", 316, "silverman"),
                  ("accumulate", "swiss_roll", 1000, "silverman")],
}  # fmt: skip
"""Sweep -> regime, data, rows, bandwidth."""


def main(names: list[str]) -> None:
    for name in names or list(CELLS):
        with TemporaryDirectory() as folder:
            sweep, objects = open_sweep(str(SWEEPS / f"{name}.yaml"), folder, ())
            plan = make_plan(resolve(sweep), objects)
        estimate = estimate_duration(plan)
        print(
            f"{name}: {len(estimate.unit_seconds)} units, {estimate.core_seconds / 3600:.2f} core-hours, "
            f"{estimate.wall_seconds(4) / 3600:.2f} h on 4 cores; {estimate.probed_units} units probed in "
            f"{estimate.probe_seconds:.0f} s",
            flush=True,
        )
        for cell in CELLS[name]:
            unit, estimated = next(
                (unit, seconds)
                for unit, seconds in zip(plan.loop, estimate.unit_seconds, strict=True)
                if cell_of(unit) == cell
            )
            truth = time_in_process(sweep, unit, len(unit.seeds))
            regime, data, rows, bandwidth = cell
            print(
                f"  {regime:20} {data:10} {rows:5} rows, bandwidth {bandwidth!s:9} {len(unit.seeds):4} seeds: "
                f"estimated {estimated:7.1f} s, took {truth:7.1f} s, ratio {estimated / truth:.2f}",
                flush=True,
            )


def cell_of(unit: LoopUnit) -> tuple[object, ...]:
    """Regime, data, rows and bandwidth of a unit."""
    cell = unit.cell.settings
    return cell.regime.name, cell.data.name, unit.cell.data.count, cell.model.parameters["bandwidth"]


if __name__ == "__main__":
    main(sys.argv[1:])
