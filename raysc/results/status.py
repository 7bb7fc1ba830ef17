"""Status of a sweep, cell by cell, from the store alone: its published spans, leases and recorded failures."""

from collections.abc import Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from raysc.execution.records import get as read_records
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.failure_reasons import failed_units, reason_counts
from raysc.seeds import generation_zero_seed
from raysc.store.leases import Holder
from raysc.store.leases import holders as read_holders
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.spans import END, PublishedSpans, Span, chain, published_spans, valid_spans
from raysc.sweepfile.sweep import Sweep

RATE_WINDOW = 600.0
"""Seconds over which the rate is computed."""

State = Literal["done", "diverged", "running", "failed", "waiting"]
STATES: tuple[State, ...] = ("done", "running", "waiting", "failed", "diverged")


@dataclass(frozen=True)
class CellStatus:
    """The status of one cell.

    Attributes:
        number: index of the cell in the sweep.
        seeds: seed -> state. "done" and "diverged" seeds are complete. A "failed" seed left a traceback; the next
            ``raysc sweep`` runs it again.
        generations: number of retrainings that are done, over all seeds. Those of a running closed-form unit count too,
            although they are published at its end.
    """

    number: int
    seeds: Mapping[int, State]
    generations: int

    def count(self, state: State) -> int:
        """Return the number of seeds in a state."""
        return sum(seed_state == state for seed_state in self.seeds.values())


@dataclass(frozen=True)
class Status:
    """The status of a sweep at one moment.

    Attributes:
        sweep: the sweep.
        cells: one for each cell of the sweep, in its order.
        done: number of retrainings that are done; lineages that cells share count once.
        total: number of all retrainings.
        rate: retrainings per second over the last minutes; None if no unit runs or nothing was published.
        holders: processes that hold leases of the sweep's units.
        last_published: time of the last publication; None if nothing is published.
        reasons: (reason, number of units that failed for it), the most frequent one first.
    """

    sweep: Sweep
    cells: tuple[CellStatus, ...]
    done: int
    total: int
    rate: float | None
    holders: tuple[Holder, ...]
    last_published: datetime | None
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def remaining_seconds(self) -> float | None:
        """Seconds until the sweep is done at the present rate."""
        return (self.total - self.done) / self.rate if self.rate else None

    def count(self, state: State) -> int:
        """Return the number of runs (one for each cell and seed) in a state."""
        return sum(cell.count(state) for cell in self.cells)


def read_status(resolved: ResolvedSweep, objects: Objects) -> Status:
    """Read the status of a sweep from its store."""
    sweep, cells = resolved.sweep, resolved.cells
    plan = make_plan(resolved, objects)
    units = _OpenUnits.of_plan(plan)
    leases = read_holders(objects)
    spans = _lineage_spans(published_spans(objects), cells)
    states = _unit_states(units.names, leases, sweep, objects)
    diverged = _diverged(cells, spans, objects)
    lineages = {cell.keys.lineage: cell for cell in cells}
    by_lineage: dict[str, tuple[dict[int, State], int]] = {}
    for cell in cells:
        key = cell.keys.lineage
        if key not in by_lineage:
            seed_states: dict[int, State] = {}
            for seed in resolved.seeds_by_lineage[key]:
                open_states = [states[name] for name in units.of_seed(cell, seed)]
                final_state: State = "diverged" if (key, seed) in diverged else "done"
                seed_states[seed] = _most_active(open_states) if open_states else final_state
            by_lineage[key] = seed_states, _generations_done(cell, resolved, spans[key], leases, units)
    cell_statuses = tuple(CellStatus(cell.number, *by_lineage[cell.keys.lineage]) for cell in cells)
    holders = tuple(dict.fromkeys(leases[name] for name in sorted(leases.keys() & set(units.names))))
    times = _publication_times(objects, spans, sweep)
    return Status(
        sweep,
        cell_statuses,
        done=sum(generations for _, generations in by_lineage.values()),
        total=sum(len(resolved.seeds_by_lineage[key]) * cell.generations for key, cell in lineages.items()),
        rate=_rate(times, holders),
        holders=holders,
        last_published=max((time for time, _ in times), default=None),
        reasons=tuple(reason_counts(text for _, text in failed_units(plan.units, sweep.name, objects))),
    )


@dataclass(frozen=True)
class _OpenUnits:
    """The names of the units that are left to run.

    Attributes:
        names: names of all of them.
        loop: (lineage key, seed) -> name.
        initial: (key of the training run of generation 0, seed) -> name.
    """

    names: tuple[str, ...]
    loop: Mapping[tuple[str, int], str]
    initial: Mapping[tuple[str, int], str]

    @classmethod
    def of_plan(cls, plan: Plan) -> "_OpenUnits":
        """Return the names of a plan's units."""
        return cls(
            tuple(unit.name for unit in plan.units),
            {(key, seed): unit.name for unit in plan.loop for key in unit.published_keys for seed in unit.seeds},
            {(unit.generation_zero.run, seed): unit.name for unit in plan.initial for seed in unit.seeds},
        )

    def of_seed(self, cell: ResolvedCell, seed: int) -> list[str]:
        """Return the names of the units of one run: of its loop, and of its generation 0 if that is shared."""
        generation_zero = cell.keys.generation_zero
        names = [self.loop.get((cell.keys.lineage, seed))]
        if generation_zero is not None:
            names.append(self.initial.get((generation_zero.run, generation_zero_seed(seed))))
        return [name for name in names if name is not None]


def _unit_states(names: Iterable[str], leases: Container[str], sweep: Sweep, objects: Objects) -> dict[str, State]:
    """Return the state of each unit that is left to run, from its lease and its recorded failure."""
    prefix = f"sweeps/{sweep.name}/failures/"
    failed = {file.removeprefix(prefix).removesuffix(".txt") for file in objects.names(prefix.rstrip("/"))}
    return {name: "running" if name in leases else "failed" if name in failed else "waiting" for name in names}


def _most_active(states: Container[State]) -> State:
    """Return the state of a run from those of its loop and generation 0: "waiting" only if both wait."""
    return next(state for state in ("running", "failed", "waiting") if state in states)


def _lineage_spans(spans: PublishedSpans, cells: Iterable[ResolvedCell]) -> PublishedSpans:
    """Return the spans of the cells' lineages that are valid for the sweep."""
    return {
        cell.keys.lineage: {
            seeds: valid_spans(pack, cell.untils) for seeds, pack in spans.get(cell.keys.lineage, {}).items()
        }
        for cell in cells
    }


def _diverged(cells: Iterable[ResolvedCell], spans: PublishedSpans, objects: Objects) -> set[tuple[str, int]]:
    """Return (lineage key, seed) of the runs that diverged.

    The name of a span shows that a whole pack of a trained family diverged. For single seeds the records are read.
    """
    diverged: set[tuple[str, int]] = set()
    unread: list[Span] = []
    for cell in {cell.keys.lineage: cell for cell in cells}.values():
        for seeds, pack in spans[cell.keys.lineage].items():
            if any(span.last >= END and not span.until for span in pack):
                diverged |= {(cell.keys.lineage, seed) for seed in seeds}
                continue
            with_records = [span for span in pack if span.last < END]
            if with_records and (len(seeds) > 1 or not cell.family.trained):
                unread.append(max(with_records, key=lambda span: span.last))
    with ThreadPoolExecutor(READ_THREADS) as pool:
        tables = list(pool.map(lambda span: read_records(span.read_manifest(objects)), unread))
    for span, table in zip(unread, tables, strict=True):
        diverged |= {(span.lineage, int(seed)) for seed in table.loc[table["diverged"], "seed"].unique()}
    return diverged


def _generations_done(
    cell: ResolvedCell,
    resolved: ResolvedSweep,
    packs: Mapping[tuple[int, ...], tuple[Span, ...]],
    leases: Mapping[str, Holder],
    units: _OpenUnits,
) -> int:
    """Return the number of retrainings of a lineage that are done, over its seeds."""
    start = 1 if cell.family.trained else 0
    total = 0
    for seed in resolved.seeds_by_lineage[cell.keys.lineage]:
        chains = [chain(pack, start) for seeds, pack in packs.items() if seed in seeds]
        last = max((spans[-1].last for spans in chains if spans), default=0)
        unit = units.loop.get((cell.keys.lineage, seed))
        if unit in leases and not cell.family.trained:
            last = max(last, leases[str(unit)].generation)
        total += min(max(last, 0), cell.generations)
    return total


def _publication_times(objects: Objects, spans: PublishedSpans, sweep: Sweep) -> list[tuple[datetime, int]]:
    """Return the time of publication of each span, with its number of retrainings of the sweep's seeds."""
    times = {entry.name: entry.last_modified for entry in objects.list_objects("spans")}
    seeds = set(sweep.seeds)
    return [
        (times[span.name], len(seeds & set(span.seeds)) * (min(span.last, sweep.generations) - max(span.first, 1) + 1))
        for packs in spans.values()
        for pack in packs.values()
        for span in pack
        if span.name in times
    ]


def _rate(times: Sequence[tuple[datetime, int]], holders: Sequence[Holder]) -> float | None:
    """Return the retrainings per second since the first lease began, but at most over the last ten minutes."""
    if not holders:
        return None
    now = max([datetime.now(UTC), *(time for time, _ in times)])
    start = max(min(holder.since for holder in holders), now.timestamp() - RATE_WINDOW)
    count = sum(generations for time, generations in times if time.timestamp() >= start)
    return count / max(now.timestamp() - start, 1.0) if count > 0 else None
