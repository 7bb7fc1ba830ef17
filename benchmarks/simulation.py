"""Run schedules of crashes, lost answers, wrong clocks and interleaved writers on a simulated store.

    python benchmarks/simulation.py 20000                       # all profiles, on all cores
    python benchmarks/simulation.py 1 --profile skew --seed 156 # one schedule with its log
    python benchmarks/simulation.py --points                    # every request, disturbed in five ways

tests/simulation/ has the world, the profiles and the invariants. Status 1 if an invariant is violated.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.simulation.campaign import Figures, all_points, play_all, seeds
from tests.simulation.cases import PROFILES, play
from tests.simulation.without_ray import simulated

MAX_EXAMPLES = 5
"""Violations that are printed of each invariant."""
REPORT_SECONDS = 60.0


def main() -> None:
    """Print the figures; status 1 if an invariant is violated."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("schedules", type=int, nargs="?", default=0, help="number of seeded schedules")
    parser.add_argument("--profile", choices=[*PROFILES], help="only this profile")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--points", action="store_true", help="all exhaustive points, too")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.schedules == 1 and arguments.profile:
        show(arguments.profile, arguments.seed)
    profiles = [arguments.profile] if arguments.profile else [*PROFILES]
    schedules = list(seeds(arguments.schedules, profiles, arguments.seed)) if arguments.schedules else []
    figures = run(schedules, arguments.points, arguments.processes)
    sys.exit(bool(figures.violations))


def run(schedules: list[tuple[str, int]], exhaustive: bool, processes: int) -> Figures:
    """Run schedules and points, and print their figures."""
    began = reported = time.monotonic()
    figures = Figures()
    points = all_points() if exhaustive else []
    for part in play_all(schedules, points, processes):
        figures.merge(part)
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            print(f"... {figures.schedules} schedules, {sum(figures.violations.values())} violations", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(schedules)} seeded schedules and {len(points)} exhaustive points, {figures.operations:,} operations")
    print(
        f"{figures.fits:,} fits; " + ", ".join(f"{count:,} {event}" for event, count in sorted(figures.events.items()))
    )
    print(f"{seconds:.0f} s on {processes} processes, {figures.schedules / seconds:.1f} schedules a second")
    print(f"{sum(figures.violations.values())} violations")
    for name, count in figures.violations.most_common():
        print(f"  {count} of: {name}")
        for example in figures.examples[name][:MAX_EXAMPLES]:
            print(f"    {example[:300]}")
    return figures


def show(profile: str, seed: int) -> None:
    """Print the log of one schedule and its violations, and end."""
    with simulated():
        world = play(profile, seed, keep_log=True)
    print("\n".join(world.log))
    print(dict(world.events))
    print("\n".join(world.violations) or "no violation")
    sys.exit(bool(world.violations))


if __name__ == "__main__":
    main()
