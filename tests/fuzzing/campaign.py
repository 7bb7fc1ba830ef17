"""Many inputs: they are read in processes of their own, so that a crash or a hang of one is a violation of that one."""

import importlib
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fuzzing.failing_inputs import kept_inputs
from tests.fuzzing.kind import READ, REFUSED, Kind

KINDS = {
    "sweep_texts": "sweep_inputs",
    "sweep_mappings": "sweep_inputs",
    "overrides": "sweep_inputs",
    "plain_texts": "text_inputs",
    "json_lines": "text_inputs",
    "gzipped_json_lines": "text_inputs",
    "text_parquet": "text_inputs",
    "tokenizers": "text_inputs",
    "tokenizer_bytes": "text_inputs",
    "tokenizer_settings": "text_inputs",
    "unet_weights": "model_inputs",
    "unet_settings": "model_inputs",
    "language_weights": "model_inputs",
    "language_settings": "model_inputs",
    "images": "image_inputs",
    "zip_archives": "image_inputs",
    "image_parquet": "image_inputs",
    "manifests": "store_inputs",
    "model_files": "store_inputs",
    "row_files": "store_inputs",
    "span_records": "store_inputs",
    "metric_tables": "store_inputs",
    "sweep_records": "store_inputs",
    "point_files": "number_inputs",
    "point_parquet": "number_inputs",
    "point_arrays": "number_inputs",
    "tables": "number_inputs",
    "supplements": "supplement_inputs",
    "supplement_tables": "supplement_inputs",
    "supplement_sweeps": "supplement_inputs",
    "forged_manifests": "hostile_store_inputs",
    "leases": "hostile_store_inputs",
    "object_names": "hostile_store_inputs",
}
"""Kind -> module of this folder that has a function of that name, from a scratch folder to the kind."""
TEST_KINDS = {"crashing": "crashing_inputs"}
"""Kinds that violate the property on purpose."""
EXACT = ("manifests", "model_files", "row_files", "span_records", "metric_tables", "sweep_records")
"""Kinds that a checksum protects."""
SLOW = {"unet_weights": 10, "unet_settings": 10, "language_weights": 10, "language_settings": 10}
"""Kinds whose readers take some 10 ms: they get this many times fewer inputs."""
DIVIDED = {"sweep_inputs"}
"""Modules whose kinds are read in different processes."""
CHUNK = 100
"""Inputs after which a process reports."""
NO_SEED = -(2**62)
"""Value of the shared integer while a kind is built."""
WALL_LIMIT = 300.0
"""Seconds without an answer to one input after which a process is killed."""
MEMORY_LIMIT = 3 * 2**30
"""Bytes of addresses that one process can use beyond those of its start."""


@dataclass
class Figures:
    """Counts of one kind.

    Attributes:
        read: inputs that were read.
        refused: inputs that were refused.
        seconds: processor time of the readers.
        violations: (seed, violation in words).
    """

    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    violations: list[tuple[int, str]] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.read + self.refused + len(self.violations)

    def add(self, seed: int, outcome: str) -> None:
        """Count one input."""
        if outcome == READ:
            self.read += 1
        elif outcome == REFUSED:
            self.refused += 1
        else:
            self.violations.append((seed, outcome))

    def merge(self, other: "Figures") -> None:
        """Add the counts of other inputs of the kind."""
        self.read += other.read
        self.refused += other.refused
        self.seconds += other.seconds
        self.violations += other.violations


@dataclass(frozen=True)
class Job:
    """Inputs of one kind: the seeds first, ..., last - 1. Negative seeds are kept inputs."""

    kind: str
    first: int
    last: int


def load_kind(name: str, folder: Path) -> Kind:
    """Build a kind; its readers write below a scratch folder."""
    kind: Kind = getattr(importlib.import_module(f"tests.fuzzing.{(KINDS | TEST_KINDS)[name]}"), name)(folder)
    return kind


def jobs_in_groups(kinds: Sequence[str], count: int, first: int = 0) -> list[list[Job]]:
    """Return the inputs of some kinds in groups, each of which imports the same libraries; long groups are divided.

    The kept inputs of a kind come before its seed 0.
    """
    groups: dict[str, list[Job]] = {}
    for kind in kinds:
        start = first or -len(kept_inputs(kind))
        job = Job(kind, start, first + count // SLOW.get(kind, 1))
        groups.setdefault(kind if KINDS[kind] in DIVIDED else KINDS[kind], []).append(job)
    return list(groups.values())


def jobs_in_parts(kind: str, count: int, parts: int, first: int = 0) -> list[list[Job]]:
    """Return the inputs of one kind in parts of about equal size."""
    bounds = [first + count * part // parts for part in range(parts + 1)]
    return [[Job(kind, start, end)] for start, end in pairwise(bounds) if end > start]


def read_all(groups: Sequence[Sequence[Job]], processes: int) -> dict[str, Figures]:
    """Read the inputs of all jobs, and return the figures of each kind."""
    figures: dict[str, Figures] = {job.kind: Figures() for group in groups for job in group}
    with ThreadPoolExecutor(processes) as pool:
        for parts in pool.map(lambda group: list(_drive(group)), groups):
            for kind, part in parts:
                figures[kind].merge(part)
    return figures


def _drive(jobs: Sequence[Job]) -> Iterator[tuple[str, Figures]]:
    """Read the inputs of some jobs in a process, and in a new one after an input that ended or stopped it."""
    remaining = list(jobs)
    fatal: dict[tuple[str, int], str] = {}
    while remaining:
        reports, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
        current = multiprocessing.get_context("spawn").Value("q", NO_SEED, lock=False)
        arguments = (remaining, frozenset(fatal), sender, current)
        process = multiprocessing.get_context("spawn").Process(target=_work, args=arguments, daemon=True)
        process.start()
        sender.close()
        violation = ""
        while remaining and not violation:
            try:
                seed, figures = _receive(reports, current)
            except EOFError:
                # A process that is being ended closes its pipe first: it may still count as alive here.
                process.join()
                violation = f"the process ended with {process.exitcode}"
            except TimeoutError:
                process.kill()
                violation = f"no answer in {WALL_LIMIT} s"
            else:
                yield remaining[0].kind, figures
                remaining[:1] = [Job(remaining[0].kind, seed, remaining[0].last)] if seed < remaining[0].last else []
        process.join()
        if violation:
            seed = max(current.value, remaining[0].first)
            fatal[remaining[0].kind, seed] = violation
            yield remaining[0].kind, Figures(violations=[(seed, violation)])


def _receive(reports: Connection, current: Any) -> tuple[int, Figures]:
    """Wait for a report. The time in which a kind is built does not count.

    Raises:
        EOFError: the process has ended.
        TimeoutError: the process has read the same input for too long.
    """
    seed, since = current.value, time.monotonic()
    while not reports.poll(1.0):
        if current.value != seed or seed == NO_SEED:
            seed, since = current.value, time.monotonic()
        if time.monotonic() - since > WALL_LIMIT:
            raise TimeoutError
    report: tuple[int, Figures] = reports.recv()
    return report


def _work(jobs: Sequence[Job], fatal: frozenset[tuple[str, int]], sender: Connection, current: Any) -> None:
    """Read inputs in this process. After each chunk the next seed and the figures are sent.

    Args:
        jobs: the inputs.
        fatal: (kind, seed) of inputs to leave out, since they ended an earlier process.
        sender: end of the pipe.
        current: shared integer: the seed that is read now.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(5)
    with TemporaryDirectory() as folder:
        for job in jobs:
            scratch = Path(folder) / job.kind
            scratch.mkdir(exist_ok=True)
            current.value = NO_SEED
            kind = load_kind(job.kind, scratch)
            _limit_memory()
            for start in range(job.first, job.last, CHUNK):
                end = min(job.last, start + CHUNK)
                figures, began = Figures(), time.process_time()
                for seed in range(start, end):
                    if (job.kind, seed) not in fatal:
                        current.value = seed
                        number, data = kind.input(seed) if seed >= 0 else kept_inputs(job.kind)[seed]
                        figures.add(seed, kind.judge(number, data))
                figures.seconds = time.process_time() - began
                sender.send((end, figures))


def _limit_memory() -> None:
    """Limit the addresses of this process, so that an allocation without bounds is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
