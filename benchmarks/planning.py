"""Planning and finishing large sweeps: a grid of 10,000 cells, half done, and a finished one of 200 cells called again.

    python benchmarks/planning.py

The half that is done is written as names alone (what a plan reads), on a disk and on an S3 server on loopback
(moto's, in a process of its own; it needs the test dependencies). `raysc plan` and `raysc sweep` run as commands.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from raysc.planning.open_sweep import open_sweep
from raysc.planning.resolved import metric_keys, resolve
from raysc.store.objects import Objects
from raysc.store.spans import Span, pack_name

GRID = """
name: many
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: replace, lambda: {uniform: [0.5, 2.0]}}
search: {random: CELLS}
seeds: 3
control: false
metrics: [feature_variance]
"""

SERVER = """
import sys
sys.path.insert(0, ".")
from tests.s3_server import serving
with serving() as server:
    print(*(f"{name}={value}" for name, value in server.environment.items()), flush=True)
    sys.stdin.read()
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(GRID.replace("CELLS", "10000"))
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        assert server.stdout is not None
        os.environ.update(pair.split("=", 1) for pair in server.stdout.readline().split())
        for where in (f"{folder}/store", "s3://bucket/many"):
            half_done(str(file), where)
            seconds = called("plan", str(file), "--storage", where)
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"plan of 10,000 cells, half done, {where[:2]}: {seconds:.1f} s, {most:.0f} MB")
        server.terminate()
        few = Path(folder) / "few.yaml"
        few.write_text(GRID.replace("CELLS", "200"))
        first = called("sweep", str(few), "--storage", f"{folder}/few")
        again = called("sweep", str(few), "--storage", f"{folder}/few")
        print(f"sweep of 200 cells: {first:.1f} s, and when it is finished {again:.1f} s")


def half_done(file: str, where: str) -> None:
    """Put names of spans and metric files of every other cell."""
    sweep, objects = open_sweep(file, where, ())
    built = resolve(sweep).cells
    (metric,) = metric_keys(sweep, built[0])
    names = []
    for line in built[::2]:
        span = Span(0, sweep.generations, line.keys.lineage, sweep.seeds)
        names += [span.name, f"metrics/{metric}/{line.keys.lineage}/{pack_name(sweep.seeds)}/0-4-{0:016x}.parquet"]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: Objects(objects.uri).put(name, b""), names))


def called(*arguments: str) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    command = [sys.executable, "-c", "from raysc.cli import main; main()", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
