"""Kill a real sweep again and again, and see that nothing is lost, done twice or half-visible.

    python benchmarks/faults.py                # 30 kills; some minutes on 4 cores
    python benchmarks/faults.py --kills 4      # as the tests do

A sweep of small trained models with crews of two ranks runs as the command runs it. SIGKILL hits, at random moments and
in turn: the driver, a trial's process, a rank's process, and the process that is in the middle of publishing (its
attempt has files, its manifest is not there). After each kill the sweep goes on or is started again, until it ends with
status 0. Meanwhile a reader loads the table as fast as it can. Fits are counted in a log that the fit itself writes.
"""

import argparse
import json
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

import pandas as pd
import psutil

from raysc.cli.arguments import open_sweep
from raysc.errors import RayscError
from raysc.planning.resolved import lines
from raysc.results.table.table import load_table
from raysc.store.leases import holders
from raysc.store.objects import Objects
from raysc.store.spans import published

MARK = "RAYSC_FAULTS"
LOG = "RAYSC_FIT_LOG"
KINDS = ("driver", "trial", "rank", "publisher")
PATIENCE = 20.0
"""Seconds that a kind of victim is waited for before another kind gets its turn."""

FAMILY = '''
"""Flow matching that writes down each fit as it begins: rank 0, one line."""

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
            told = {"time": time.time(), "seed": streams.seeds[0], "generation": streams.generation,
                    "first": steps.start, "last": steps.stop, "counts": counts, "names": names}
            with open(os.environ["RAYSC_FIT_LOG"], "a") as log:
                log.write(json.dumps(told) + "\\n")
        return self.inner.fit(training_set, start, steps, train, streams, length)

    def check(self, event): self.inner.check(event)
    def initial(self, event, streams): return self.inner.initial(event, streams)
    def sample(self, *arguments): return self.inner.sample(*arguments)
    def save(self, *arguments):
        self.inner.save(*arguments)
        time.sleep(0.1)  # what is published lies half-written for a while, to be hit
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
    """What happened.

    Attributes:
        kills: by kind of victim.
        calls: of raysc sweep, undisturbed ones apart.
        generations: published ones of trained models, generation 0 included.
        fits: those that were begun.
        late: fits begun after their generation was published: must be none.
        reads: tables that the reader loaded.
        broken: errors that it met: must be none.
        unequal: sweeps whose table differs from an undisturbed run's: must be none.
        sweeps: sweeps that were run to their end.
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

    def sound(self) -> bool:
        """Whether everything that must not happen did not."""
        return not (self.late or self.broken or self.unequal)


@dataclass(frozen=True)
class Size:
    """How large the sweep is."""

    generations: int = 4
    steps: int = 150
    lambdas: str = "[0.5, 1.5]"
    qualities: str = "[30, 60]"
    seeds: int = 2


def run(folder: Path, kills: int, size: Size, random_seed: int) -> Counts:
    """Run sweeps to their end until so many processes have been killed.

    Args:
        folder: an empty one.
        kills: how many.
        size: of the sweep.
        random_seed: of the moments of killing.
    """
    dice = random.Random(random_seed)
    (folder / "logged_family.py").write_text(FAMILY)
    file = folder / "faults.yaml"
    file.write_text(SWEEP.format(**vars(size)))
    calm = Disturbed(folder, "calm")
    assert calm.start().wait() == 0, calm.output()
    counts = Counts()
    undisturbed = calm.table()
    while sum(counts.kills.values()) < kills:
        one = Disturbed(folder, f"store{counts.sweeps}")
        reader = Reader(one, counts)
        reader.start()
        one.run_to_the_end(kills, counts, dice)
        reader.stop()
        counts.sweeps += 1
        counts.unequal += not one.table().equals(undisturbed)
        one.count_fits(counts)
    return counts


class Disturbed:
    """One store and the processes that work on it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.store = folder, name, folder / name
        self.log = folder / f"{name}.log"
        self.file = folder / "faults.yaml"
        self.objects = Objects.at(str(self.store))
        self._mark = f"{os.getpid()}-{name}"

    def start(self) -> "subprocess.Popen[bytes]":
        """The command, as a user gives it."""
        environment = {**os.environ, MARK: self._mark, LOG: str(self.log), "RAY_AUTH_MODE": "disabled"}
        command = [
            sys.executable,
            "-c",
            "from raysc.cli import main; main()",
            "sweep",
            self.file,
            "--storage",
            self.store,
        ]
        with (self.folder / f"{self.name}.txt").open("ab") as out:
            return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=out, stderr=out)

    def output(self) -> str:
        """What it printed."""
        return (self.folder / f"{self.name}.txt").read_text()

    def table(self) -> pd.DataFrame:
        """The table without times."""
        table = load_table(*open_sweep(str(self.file), str(self.store), ()))
        return table.drop(columns=[name for name in table if name.startswith("seconds_")])

    def run_to_the_end(self, kills: int, counts: Counts, dice: random.Random) -> None:
        """Start, kill, start again."""
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
        """Wait until there is such a victim, and kill it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and driver.poll() is None:
            for pid in self._victims(kind, driver):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                counts.kills[kind] += 1
                if kind == "driver":
                    driver.wait()
                return
            time.sleep(0.005)

    def _victims(self, kind: str, driver: "subprocess.Popen[bytes]") -> Iterator[int]:
        if kind == "driver":
            if holders(self.objects):  # it has work under way
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
        """Whether an attempt of a lineage has files and no manifest yet."""
        for span in (self.store / "attempts" / key / seed).glob("*"):
            manifest = self.store / "spans" / key / seed / span.name
            if not manifest.exists() and any(span.glob("*/*/*")):
                return True
        return False

    def _processes(self, name: str) -> Iterator[int]:
        """Our processes whose title holds a name."""
        for process in psutil.process_iter(["name", "cmdline"]):
            try:
                titled = name in " ".join(process.info["cmdline"] or [process.info["name"]])
                if titled and process.environ().get(MARK) == self._mark:
                    yield process.pid
            except psutil.Error:
                continue

    def count_fits(self, counts: Counts) -> None:
        """Compare the log of fits with when each generation was published."""
        sweep, _ = open_sweep(str(self.file), str(self.store), ())
        built = lines(sweep)
        spans = self.store / "spans"
        for entry in map(json.loads, self.log.read_text().splitlines()):
            counts.fits += entry["first"] == 0
            seed, t = entry["seed"], entry["generation"]
            if t == 0:
                zeros = {line.keys.zero for line in built if line.cell.initial.steps == entry["last"]}
                manifests = [spans / zero.model / f"{seed}/0-0" for zero in zeros if zero is not None]
            else:
                parents = {name.split("/")[1] for name in entry["names"]}
                own = [line.keys.lineage for line in built if _trains_on(line, t, entry["counts"], parents)]
                assert len(own) == 1, f"the log does not say which lineage was fitted: {entry}"
                manifests = [spans / own[0] / f"{seed}/{t}-{t}"]
            counts.late += any(manifest.stat().st_mtime < entry["time"] for manifest in manifests)
        counts.generations += sum(len(own) for packs in published(self.objects).values() for own in packs.values())
        rows = {line.keys.zero.rows for line in built if line.keys.zero is not None}
        counts.generations -= len(rows) * len(sweep.seeds)  # S_0s have spans, too, and are not fitted


def _trains_on(line, t: int, counts: dict[str, int], parents: set[str]) -> bool:  # type: ignore[no-untyped-def]
    """Whether a cell's generation t has such a training set."""
    own: Counter[str] = Counter()
    for take in line.rules.recipe(t).takes:
        own[take.source.kind] += take.count
    zero = line.keys.zero.rows
    mine = {line.keys.lineage if take.source.generation else zero for take in line.rules.recipe(t).takes
            if take.source.kind == "synthetic"}  # fmt: skip
    return dict(own) == counts and (mine == parents or parents == mine | {line.keys.lineage})


class Reader(threading.Thread):
    """Loads the table without end."""

    def __init__(self, one: Disturbed, counts: Counts) -> None:
        super().__init__(daemon=True)
        self._one, self._counts, self._done = one, counts, threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.05):
            try:
                self._one.table()
            except (RayscError, OSError, ValueError, KeyError) as error:
                self._counts.broken.append(repr(error))
            self._counts.reads += 1

    def stop(self) -> None:
        self._done.set()
        self.join()


def main() -> None:
    """Print the counts; status 1 if something happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts = run(Path(folder), asked.kills, Size(), asked.seed)
    killed = ", ".join(f"{kind} {counts.kills[kind]}" for kind in KINDS)
    print(f"{sum(counts.kills.values())} kills ({killed}) over {counts.calls} calls and {counts.sweeps} sweeps")
    print(f"{counts.generations} generations published, {counts.fits} fits begun, {counts.late} of published ones")
    print(f"{counts.reads} tables read meanwhile, {len(counts.broken)} errors {counts.broken[:3]}")
    print(f"{counts.unequal} tables differ from an undisturbed run's; {time.monotonic() - began:.0f} s")
    sys.exit(not counts.sound())


if __name__ == "__main__":
    main()
