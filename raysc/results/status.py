"""How far a sweep is, cell by cell, told by the store alone: by what is published, leased and was left by failures."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from raysc.execution.records import get as records
from raysc.planning.plan import Unit, make_plan
from raysc.planning.resolved import Line, lines
from raysc.store.leases import Holder, holders
from raysc.store.objects import READERS, Objects
from raysc.store.spans import END, Published, Span, chain, counted, published
from raysc.sweepfile.sweep import Sweep

RECENT = 600.0
"""Seconds over which the rate is told."""

State = Literal["done", "diverged", "running", "failed", "waiting"]
STATES: tuple[State, ...] = ("done", "running", "waiting", "failed", "diverged")


@dataclass(frozen=True)
class CellStatus:
    """One cell.

    Attributes:
        number: its place in the sweep.
        seeds: seed -> its state. "done" and "diverged" need nothing any more; "failed" was left with a traceback and is
            tried again by the next ``raysc sweep``.
        generations: retrainings that count as done, over all seeds; those of a running closed-form unit too, which are
            published at its end.
    """

    number: int
    seeds: Mapping[int, State]
    generations: int

    def count(self, state: State) -> int:
        """How many seeds are in a state."""
        return sum(own == state for own in self.seeds.values())


@dataclass(frozen=True)
class Status:
    """A sweep at one moment.

    Attributes:
        sweep: what was asked.
        cells: in its order.
        done: retrainings that count as done, each lineage's once however many cells share it.
        total: all of them.
        rate: retrainings a second, lately; None if nothing runs or nothing was published lately.
        at_work: processes that hold leases of it.
        last: when something was published last; None if nothing was.
    """

    sweep: Sweep
    cells: tuple[CellStatus, ...]
    done: int
    total: int
    rate: float | None
    at_work: tuple[Holder, ...]
    last: datetime | None

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at this rate."""
        return (self.total - self.done) / self.rate if self.rate else None

    def count(self, state: State) -> int:
        """How many runs, a seed of a cell each, are in a state."""
        return sum(cell.count(state) for cell in self.cells)


def status(sweep: Sweep, objects: Objects, built: tuple[Line, ...] | None = None) -> Status:
    """Look at the store once.

    Args:
        sweep: what was asked.
        objects: the store.
        built: the sweep's lines, if they were built already.
    """
    cells = lines(sweep) if built is None else built
    plan = make_plan(sweep, objects, cells)
    held = holders(objects)
    spans = _counting(published(objects), cells)
    prefix = f"sweeps/{sweep.name}/failures/"
    failed = {name.removeprefix(prefix).removesuffix(".txt") for name in objects.names(prefix.rstrip("/"))}
    states = {unit.name: _state(unit, held, failed) for unit in plan.units}
    ended = _diverged(cells, spans, objects)
    missing = {(unit.line.keys.lineage, seed): unit.name for unit in plan.loop for seed in unit.seeds}
    zeros = {(unit.zero.run, unit.seeds[0]): unit.name for unit in plan.initial}
    told: dict[str, tuple[dict[int, State], int]] = {}
    for line in cells:
        key, zero = line.keys.lineage, line.keys.zero
        if key not in told:
            found: dict[int, State] = {}
            for seed in sweep.seeds:
                units = [missing.get((key, seed)), zeros.get((zero.run, seed)) if zero is not None else None]
                open_states = [states[name] for name in units if name is not None]
                at_rest: State = "diverged" if (key, seed) in ended else "done"
                found[seed] = _worst(open_states) if open_states else at_rest
            told[key] = found, _reached(line, sweep, spans[key], held, missing)
    rows = tuple(CellStatus(line.number, *told[line.keys.lineage]) for line in cells)
    own = {unit for unit in held if unit in states}
    at_work = tuple(dict.fromkeys(held[unit] for unit in sorted(own)))
    times = _published_at(objects, spans, sweep)
    return Status(
        sweep,
        rows,
        done=sum(count for _, count in told.values()),
        total=len(told) * len(sweep.seeds) * sweep.generations,
        rate=_rate(times, at_work),
        at_work=at_work,
        last=max((at for at, _ in times), default=None),
    )


def _state(unit: Unit, held: Mapping[str, Holder], failed: set[str]) -> State:
    return "running" if unit.name in held else "failed" if unit.name in failed else "waiting"


def _worst(states: Sequence[State]) -> State:
    """Of a loop and its generation 0: that one of them runs or failed says more than that the other waits."""
    return next(state for state in ("running", "failed", "waiting") if state in states)


def _counting(spans: Published, cells: Iterable[Line]) -> Published:
    """The spans that count for a sweep, of its lineages."""
    return {
        line.keys.lineage: {seeds: counted(own, line.untils) for seeds, own in spans.get(line.keys.lineage, {}).items()}
        for line in cells
    }


def _diverged(cells: Iterable[Line], spans: Published, objects: Objects) -> set[tuple[str, int]]:
    """(lineage, seed) of models that diverged: names tell of a whole trained pack, records of seeds."""
    found: set[tuple[str, int]] = set()
    unsure: list[Span] = []
    for line in {line.keys.lineage: line for line in cells}.values():
        for seeds, own in spans[line.keys.lineage].items():
            if any(span.last >= END and not span.until for span in own):
                found |= {(line.keys.lineage, seed) for seed in seeds}
            elif (told := [span for span in own if span.last < END]) and (len(seeds) > 1 or not line.family.trained):
                unsure.append(max(told, key=lambda span: span.last))
    with ThreadPoolExecutor(READERS) as pool:
        tables = list(pool.map(lambda span: records(span.manifest(objects)), unsure))
    for span, table in zip(unsure, tables, strict=True):
        found |= {(span.lineage, int(seed)) for seed in table.loc[table["diverged"], "seed"].unique()}
    return found


def _reached(
    line: Line,
    sweep: Sweep,
    packs: Mapping[tuple[int, ...], tuple[Span, ...]],
    held: Mapping[str, Holder],
    missing: Mapping[tuple[str, int], str],
) -> int:
    """Retrainings of a lineage that count as done, over the seeds of the sweep."""
    start = 1 if line.family.trained else 0
    found = 0
    for seed in sweep.seeds:
        covered = [chain(own, start) for seeds, own in packs.items() if seed in seeds]
        reached = max((spans[-1].last for spans in covered if spans), default=0)
        unit = missing.get((line.keys.lineage, seed))
        if unit in held and not line.family.trained:
            reached = max(reached, held[str(unit)].generation)
        found += min(max(reached, 0), sweep.generations)
    return found


def _published_at(objects: Objects, spans: Published, sweep: Sweep) -> list[tuple[datetime, int]]:
    """When spans were published, and how many retrainings of the sweep's seeds each holds."""
    times = {entry.name: entry.written for entry in objects.listed("spans")}
    seeds = set(sweep.seeds)
    return [
        (times[span.name], len(seeds & set(span.seeds)) * (min(span.last, sweep.generations) - max(span.first, 1) + 1))
        for packs in spans.values()
        for own in packs.values()
        for span in own
        if span.name in times
    ]


def _rate(times: Sequence[tuple[datetime, int]], at_work: Sequence[Holder]) -> float | None:
    """Retrainings a second since the first of those at work began, or over the last ten minutes if that is later."""
    if not at_work:
        return None
    now = max([datetime.now(UTC), *(at for at, _ in times)])
    began = max(min(holder.since for holder in at_work), now.timestamp() - RECENT)
    made = sum(count for at, count in times if at.timestamp() >= began)
    return made / max(now.timestamp() - began, 1.0) if made > 0 else None
