"""Kill processes of a real sweep, and check that no work is lost or repeated and no reader sees partial objects.

    python benchmarks/faults.py                # 30 kills; some minutes on 4 cores
    python benchmarks/faults.py --kills 4      # the number of kills of the test

The command runs a sweep of small trained models with crews of two ranks. SIGKILL hits, at random times and in turn, the
driver, a trial's process, a rank's process, and a process that is publishing (its attempt has files and no manifest).
After each kill the sweep continues or is started again, until it ends with status 0. Meanwhile a reader loads the table
in a loop. Each fit writes a line into a log, from which fits are counted.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.fit_log import address, lineage_of, lost_seconds, read_fits
from raysc.errors import RayscError
from raysc.planning.open_sweep import open_sweep
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.leases import holders
from raysc.store.objects import Objects
from raysc.store.spans import published_spans

MARK = "RAYSC_FAULTS"
LOG = "RAYSC_FIT_LOG"
KINDS = ("driver", "trial", "rank", "publisher")
WAIT_SECONDS = 20.0
"""Seconds to wait for a process of one kind before the next kind is tried."""
POLL_SECONDS = {"driver": 0.1, "trial": 0.1, "rank": 0.2, "publisher": 0.01}
"""Seconds between two looks for a process of a kind: a rank lives for seconds, an attempt without a manifest for a
tenth of one. Each look costs processor time, which the sweep needs."""
READ_SECONDS = 0.5
"""Seconds between two tables of the reader."""

FAMILY = '''
"""Flow matching that logs the start of each fit: one line, by rank 0."""

import json
import os
import time
from dataclasses import dataclass
from typing import ClassVar

from raysc.models.flows.flow_matching import FlowMatching


@dataclass(frozen=True)
class Logged:
    width: int = 16
    version: ClassVar[int] = 1
    trained: ClassVar[bool] = True
    block: ClassVar[int] = FlowMatching.block

    @property
    def inner(self):
        return FlowMatching(width=self.width, depth=1)

    def fit(self, training_set, start, steps, train, streams, length=None):
        if os.environ.get("RANK", "0") == "0":
            counts, names = {}, []
            for part in training_set.parts:
                kind = part.rows.source.kind
                counts[kind] = counts.get(kind, 0) + part.count
                names += [block.name for block in part.rows.blocks if hasattr(block, "name")]
            entry = {"time": time.time(), "seed": streams.seeds[0], "generation": streams.generation,
                    "first": steps.start, "last": steps.stop, "counts": counts, "names": names}
            with open(os.environ["RAYSC_FIT_LOG"], "a") as log:
                log.write(json.dumps(entry) + "\\n")
        fitted = self.inner.fit(training_set, start, steps, train, streams, length)
        if os.environ.get("RANK", "0") == "0":
            ended = {**entry, "ended": time.time()}
            with open(os.environ["RAYSC_FIT_LOG"] + ".ended", "a") as log:
                log.write(json.dumps(ended) + "\\n")
        return fitted

    def check(self, event): self.inner.check(event)
    def initial(self, event, streams): return self.inner.initial(event, streams)
    def sample(self, *arguments): return self.inner.sample(*arguments)
    def save(self, *arguments):
        self.inner.save(*arguments)
        time.sleep(0.1)  # the attempt is partly written for a while, so that a kill can hit it
    def load(self, folder): return self.inner.load(folder)
    def parameter_count(self, event): return self.inner.parameter_count(event)
'''

SWEEP = """
name: faults
data: {{name: digits, rows: 120}}
model: 'logged_family:Logged'
initial: {{steps: 60}}
loop: {{generations: {generations}, budget: {{steps: {steps}}}}}
train: {{batch: 32, ema: {{half_life: 5}}}}
sample: {{rows: 300, steps: 2}}
space:
  - {{regime: mix, lambda: {lambdas}, initial.steps: {qualities}}}
  - {{regime: accumulate, initial.steps: {qualities}}}
control: false
seeds: {seeds}
metrics: [{{name: frechet_distance, features: pixels}}]
resources: {{workers: 2, cpus: 1, checkpoint_minutes: 0.01}}
"""


@dataclass
class Counts:
    """Counts of one benchmark.

    Attributes:
        kills: number of kills by kind of process.
        calls: number of calls of raysc sweep, without the undisturbed one.
        generations: number of published generations of trained models, with generation 0.
        fits: number of fits that began.
        late: number of fits that began after their generation was published; must be 0.
        reads: number of tables that the reader loaded.
        broken: errors of the reader; must be empty.
        unequal: number of sweeps whose table differs from that of the undisturbed run; must be 0.
        sweeps: number of sweeps that were run to their end.
        lost: seconds of training that each kill made necessary again.
    """

    kills: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    generations: int = 0
    fits: int = 0
    late: int = 0
    reads: int = 0
    broken: list[str] = field(default_factory=list)
    unequal: int = 0
    sweeps: int = 0
    lost: list[float] = field(default_factory=list)

    def is_correct(self) -> bool:
        """Return True if nothing was repeated, partly visible or unequal."""
        return not (self.late or self.broken or self.unequal)


@dataclass(frozen=True)
class Size:
    """Size of the sweep."""

    generations: int = 4
    steps: int = 150
    lambdas: str = "[0.5, 1.5]"
    qualities: str = "[30, 60]"
    seeds: int = 2


def run(folder: Path, kills: int, size: Size, random_seed: int) -> Counts:
    """Run sweeps to their end until a number of processes has been killed.

    Args:
        folder: an empty folder.
        kills: number of kills.
        size: size of the sweep.
        random_seed: seed of the times of the kills.
    """
    dice = random.Random(random_seed)
    (folder / "logged_family.py").write_text(FAMILY)
    file = folder / "faults.yaml"
    file.write_text(SWEEP.format(**vars(size)))
    calm = DisturbedStore(folder, "calm")
    assert calm.start().wait() == 0, calm.output()
    counts = Counts()
    undisturbed = calm.table()
    while sum(counts.kills.values()) < kills:
        store = DisturbedStore(folder, f"store{counts.sweeps}")
        reader = Reader(store, counts)
        reader.start()
        store.run_to_the_end(kills, counts, dice)
        reader.stop()
        counts.sweeps += 1
        counts.unequal += not store.table().equals(undisturbed)
        store.count_fits(counts)
    return counts


class DisturbedStore:
    """A store and the processes that work on it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.store = folder, name, folder / name
        self.log = folder / f"{name}.log"
        self.file = folder / "faults.yaml"
        self.objects = Objects.open(str(self.store))
        self._mark = f"{os.getpid()}-{name}"
        self._kill_times: list[float] = []

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the command."""
        environment = {**os.environ, MARK: self._mark, LOG: str(self.log), "RAY_AUTH_MODE": "disabled"}
        command = [
            sys.executable,
            "-c",
            "from raysc.cli import main; main()",
            "sweep",
            str(self.file),
            "--storage",
            str(self.store),
        ]
        with (self.folder / f"{self.name}.txt").open("ab") as out:
            return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=out, stderr=out)

    def output(self) -> str:
        """Return the output of all calls."""
        return (self.folder / f"{self.name}.txt").read_text()

    def table(self) -> pd.DataFrame:
        """Return the table without durations."""
        sweep, objects = open_sweep(str(self.file), str(self.store), ())
        table = load_table(resolve(sweep), objects)
        return table.drop(columns=[name for name in table if str(name).startswith("seconds_")])

    def run_to_the_end(self, kills: int, counts: Counts, dice: random.Random) -> None:
        """Start the command and kill processes until it ends with status 0."""
        while True:
            driver = self.start()
            counts.calls += 1
            while driver.poll() is None and sum(counts.kills.values()) < kills:
                time.sleep(dice.uniform(0.5, 4.0))
                kind = min(KINDS, key=lambda kind: (counts.kills[kind], dice.random()))
                self._kill_one(kind, driver, counts)
            if driver.wait() == 0:
                return

    def _kill_one(self, kind: str, driver: "subprocess.Popen[bytes]", counts: Counts) -> None:
        """Wait for a process of one kind, and kill it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and driver.poll() is None:
            for pid in self._victims(kind, driver):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self._kill_times.append(time.time())
                counts.kills[kind] += 1
                if kind == "driver":
                    driver.wait()
                return
            time.sleep(POLL_SECONDS[kind])

    def _victims(self, kind: str, driver: "subprocess.Popen[bytes]") -> Iterator[int]:
        """Yield the ids of the processes of one kind."""
        if kind == "driver":
            if holders(self.objects):  # some unit is running
                yield driver.pid
        elif kind == "trial":
            yield from (holder.pid for holder in holders(self.objects).values())
        elif kind == "rank":
            yield from self._processes("RankActor")
        else:
            for unit, holder in holders(self.objects).items():
                key, seed = unit.split("/")[1:]
                if unit.startswith("loop/") and self._publishing(key, seed):
                    yield holder.pid

    def _publishing(self, key: str, seed: str) -> bool:
        """Return True if an attempt of a lineage has files and no manifest yet."""
        for span in (self.store / "attempts" / key / seed).glob("*"):
            manifest = self.store / "spans" / key / seed / span.name
            if not manifest.exists() and any(span.glob("*/*/*")):
                return True
        return False

    def _processes(self, name: str) -> Iterator[int]:
        """Yield this store's processes whose title contains a name."""
        for process in psutil.process_iter(["name", "cmdline"]):
            try:
                matches = name in " ".join(process.info["cmdline"] or [process.info["name"]])
                if matches and process.environ().get(MARK) == self._mark:
                    yield process.pid
            except psutil.Error:
                continue

    def count_fits(self, counts: Counts) -> None:
        """Compare the log of fits with the publishing time of each generation, and with the kills."""
        sweep, _ = open_sweep(str(self.file), str(self.store), ())
        cells, fits = resolve(sweep).cells, read_fits(self.log)
        spans = self.store / "spans"
        for fit in fits:
            entry = fit.entry
            counts.fits += entry["first"] == 0
            seed, t = entry["seed"], entry["generation"]
            if t == 0:
                zero_keys = {
                    cell.keys.generation_zero for cell in cells if cell.settings.initial.steps == entry["last"]
                }
                manifests = [spans / keys.model / f"{seed}/0-0" for keys in zero_keys if keys is not None]
            else:
                manifests = [spans / lineage_of(entry, cells) / f"{seed}/{t}-{t}"]
            counts.late += any(manifest.stat().st_mtime < entry["time"] for manifest in manifests)
        counts.lost += lost_seconds(fits, self._kill_times, lambda entry: address(entry, cells))
        by_lineage = published_spans(self.objects)
        counts.generations += sum(len(published) for packs in by_lineage.values() for published in packs.values())
        rows = {keys.rows for cell in cells if (keys := cell.keys.generation_zero) is not None}
        counts.generations -= len(rows) * len(sweep.seeds)  # S_0s have spans too, but are not fitted


class Reader(threading.Thread):
    """A thread that loads the table in a loop."""

    def __init__(self, store: DisturbedStore, counts: Counts) -> None:
        super().__init__(daemon=True)
        self._store, self._counts, self._done = store, counts, threading.Event()

    def run(self) -> None:
        while not self._done.wait(READ_SECONDS):
            try:
                self._store.table()
            except (RayscError, OSError, ValueError, KeyError) as error:
                self._counts.broken.append(repr(error))
            self._counts.reads += 1

    def stop(self) -> None:
        self._done.set()
        self.join()


def main() -> None:
    """Print the counts; exit with status 1 if an error count is not 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts = run(Path(folder), arguments.kills, Size(), arguments.seed)
    killed = ", ".join(f"{kind} {counts.kills[kind]}" for kind in KINDS)
    print(f"{sum(counts.kills.values())} kills ({killed}) over {counts.calls} calls and {counts.sweeps} sweeps")
    print(f"{counts.generations} generations published, {counts.fits} fits begun, {counts.late} of published ones")
    mean, most = np.mean(counts.lost), np.quantile(counts.lost, 0.95)
    print(f"{mean:.2f} s of training lost per kill; 95 % of the kills lose at most {most:.2f} s")
    print(f"{counts.reads} tables read meanwhile, {len(counts.broken)} errors {counts.broken[:3]}")
    print(f"{counts.unequal} tables differ from an undisturbed run's; {time.monotonic() - began:.0f} s")
    sys.exit(not counts.is_correct())


if __name__ == "__main__":
    main()
