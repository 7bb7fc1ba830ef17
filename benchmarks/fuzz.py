"""Read mutated inputs of every kind: each must be read, or refused in one sentence.

    python benchmarks/fuzz.py 2000                                # inputs of each kind, on all cores
    python benchmarks/fuzz.py 100000 --kind images                # of one kind
    python benchmarks/fuzz.py 200000 --exact                      # of the kinds that a checksum protects
    python benchmarks/fuzz.py 1 --kind images --seed 7 --save     # keep one input, to be replayed by the tests

tests/fuzzing/ has the kinds, the mutations and the property. Status 1 if it is violated.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.fuzzing.campaign import EXACT, KINDS, Figures, jobs_in_groups, jobs_in_parts, load_kind, read_all
from tests.fuzzing.failing_inputs import save

MAX_EXAMPLES = 8
"""Violations that are printed of each kind."""


def main() -> None:
    """Print the figures; status 1 if there is a violation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", type=int, help="inputs of each kind; slow kinds get fewer")
    parser.add_argument("--kind", action="append", choices=[*KINDS], help="only this kind; can be repeated")
    parser.add_argument("--exact", action="store_true", help="only the kinds that a checksum protects")
    parser.add_argument("--seed", type=int, default=0, help="first seed")
    parser.add_argument("--save", action="store_true", help="keep inputs that violate the property, for the tests")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    kinds = arguments.kind or (EXACT if arguments.exact else [*KINDS])
    groups = jobs_in_groups(kinds, arguments.inputs, arguments.seed)
    if len(groups) < arguments.processes:
        parts = (jobs_in_parts(kind, arguments.inputs, arguments.processes, arguments.seed) for kind in kinds)
        groups = [group for of_kind in parts for group in of_kind]
    began = time.monotonic()
    figures = read_all(groups, arguments.processes)
    show(figures, time.monotonic() - began, arguments.processes)
    if arguments.save:
        save_violations(figures)
    sys.exit(any(of_kind.violations for of_kind in figures.values()))


def show(figures: dict[str, Figures], seconds: float, processes: int) -> None:
    """Print the counts of each kind, and its first violations."""
    print(f"{'kind':20} {'read':>9} {'refused':>9} {'violations':>10} {'inputs/CPU s':>12}")
    for kind, of_kind in figures.items():
        rate = of_kind.inputs / of_kind.seconds if of_kind.seconds else 0.0
        print(f"{kind:20} {of_kind.read:9,} {of_kind.refused:9,} {len(of_kind.violations):10,} {rate:12,.0f}")
        for seed, violation in by_cause(of_kind.violations)[:MAX_EXAMPLES]:
            print(f"    seed {seed}: {violation[:300]}")
    total = sum(of_kind.inputs for of_kind in figures.values())
    print(f"{total:,} inputs in {seconds:.0f} s on {processes} processes")


def by_cause(violations: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the first violation of each cause: error type, or first words, and place in the code."""
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for seed, violation in sorted(violations):
        first.setdefault((violation.partition(":")[0], violation.rpartition(" at ")[2][-40:]), (seed, violation))
    return list(first.values())


def save_violations(figures: dict[str, Figures]) -> None:
    """Keep the inputs that violate the property."""
    for name, of_kind in figures.items():
        with TemporaryDirectory() as folder:
            kind = load_kind(name, Path(folder)) if of_kind.violations else None
        for seed, _ in by_cause(of_kind.violations)[:MAX_EXAMPLES]:
            assert kind is not None
            print(f"saved {save(kind, *kind.input(seed))}")


if __name__ == "__main__":
    main()
