"""The runner: plan a sweep, run what is missing, conclude. The command line and the Python interface call it.

All output goes through a ``Display``, which a notebook can replace.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from raysc.display import Display
from raysc.errors import InputError
from raysc.planning.name_collisions import check_name, replacement_note, write_origin
from raysc.planning.open_sweep import SWEEP_COPY, sweep_folder
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.validation import check_machine, validate, validation_notes
from raysc.results.thresholds.resolution import resolve_in_store
from raysc.results.thresholds.stored_evidence import changed_settings_text
from raysc.store.inventory import describe_holders, list_entries, verify_entries
from raysc.store.leases import wait_for_gc
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.sweep_record import read_sweep_records, write_sweep_record
from raysc.store.trash import move_damaged_to_trash, move_dropped_to_trash, move_to_trash
from raysc.sweepfile import Sweep
from raysc.sweepfile.yaml_writer import sweep_yaml

if TYPE_CHECKING:
    import pandas as pd

    from raysc.cluster.driver import Order
    from raysc.results.thresholds.rounds import SearchState

MAX_REASONS = 3
"""Number of different failures that are printed; all of them are in the sweep's folder."""
SUMMARY_WIDTH = 140
"""Maximum width of the summary, in characters."""


@dataclass(frozen=True)
class RunOptions:
    """Options of a run.

    Attributes:
        address: a Ray cluster, as ``ray.init`` takes it; None: RAY_ADDRESS if it is set, else this machine.
        fresh: move the sweep's entries to the trash first.
        verify: read every stored file of the sweep first and compare it with its checksum.
        remake: train published generations again where their states were dropped.
    """

    address: str | None = None
    fresh: bool = False
    verify: bool = False
    remake: bool = False


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run.

    Attributes:
        resolved: the sweep.
        objects: the store.
        failures: unit -> traceback; everything else is published.
        table: the tidy table.
    """

    resolved: ResolvedSweep
    objects: Objects
    failures: Mapping[str, str] = field(repr=False)
    table: "pd.DataFrame" = field(repr=False)

    @property
    def folder(self) -> str:
        """The sweep's folder: a path on this machine, or a URI."""
        return folder_of(self.objects, self.resolved.sweep.name)


def folder_of(objects: Objects, name: str) -> str:
    """Return a sweep's folder in a store: a path on this machine, or a URI."""
    folder = sweep_folder(name)
    return str(objects.folder / folder) if objects.folder else f"{objects.uri}/{folder}"


def run_sweep(sweep: Sweep, objects: Objects, display: Display, options: RunOptions | None = None) -> Outcome:
    """Run what is missing of a sweep; safe to repeat.

    Raises:
        InputError: the sweep cannot work; nothing was started.
        KeyboardInterrupt: Ctrl-C; everything published so far stays.
    """
    options = options or RunOptions()
    resolved = _prepare(sweep, objects, display, options)
    plan = _plan(resolved, objects, display, options.remake)
    while True:
        try:
            if sweep.search is not None:
                return _run_search(sweep, objects, options, display)
            failures = _run(plan, objects, options.address, display) if plan.units else {}
            return _conclude(plan, objects, failures, display)
        except KeyboardInterrupt:
            display.say("stopped; what is published stays, and the same command goes on from there")
            raise
        except DamagedObjectError as damage:  # the table could not be read
            display.say(f"note: {damage}; it is set aside and made again")
            move_damaged_to_trash(objects, damage)
            plan = make_plan(resolved, objects)


def _prepare(sweep: Sweep, objects: Objects, display: Display, options: RunOptions) -> ResolvedSweep:
    """Resolve and validate a sweep, test its store, and do what ``fresh`` and ``verify`` ask."""
    resolved = resolve_in_store(sweep, objects)
    validate(resolved)
    check_name(sweep, objects)
    if options.address is None and "RAY_ADDRESS" not in os.environ:
        check_machine(sweep)
    objects.probe()
    if options.fresh:
        _discard(resolved, objects, display)
    if options.verify:
        _verify(resolved, objects, display)
    return resolved


def _plan(resolved: ResolvedSweep, objects: Objects, display: Display, remake: bool) -> Plan:
    """Plan the run, say what it will do, and record the sweep in the store."""
    sweep = resolved.sweep
    plan = _permitted_plan(resolved, objects, remake)
    runs = f" x {len(sweep.seeds)} seeds" if sweep.search is None else f", {sweep.runs} runs"
    display.say(
        f"{sweep.name}: {len(plan.cells)} cells{runs} x {sweep.generations} generations; "
        f"{len(plan.units)} units to run, {plan.done} generations done, {plan.to_do} to do"
    )
    changes = replacement_note(resolved, objects), changed_settings_text(sweep, objects)
    for note in (*sweep.notes, *validation_notes(resolved), *filter(None, changes)):
        display.say(f"note: {note}")
    # A copy of the file, so that other commands can be pointed at the sweep's folder.
    objects.put(f"{sweep_folder(sweep.name)}/{SWEEP_COPY}", sweep_yaml(sweep).encode())
    write_origin(sweep, objects)
    write_sweep_record(objects, sweep.name, sweep.resolved, resolved.keys | resolved.reference_keys)
    # A collection that did not see this record may have deleted what the plan stands on.
    return _plan(resolved, objects, display, remake) if wait_for_gc(objects, display.say) else plan


def _permitted_plan(resolved: ResolvedSweep, objects: Objects, remake: bool) -> Plan:
    """Plan a sweep; refuse to train published generations again without ``remake``."""
    plan = make_plan(resolved, objects)
    if not plan.refitting_units:
        return plan
    _drop_for_refit(plan, objects, remake)
    return make_plan(resolved, objects)


def _discard(resolved: ResolvedSweep, objects: Objects, display: Display) -> None:
    """Move the entries of a sweep to the trash (``--fresh``)."""
    sweep = resolved.sweep
    if holders := describe_holders(resolved.keys, objects):
        raise InputError(f"--fresh: {holders} runs some of it at this moment; wait until it has ended, or stop it")
    names = list_entries(resolved.stored_seeds, objects)
    spans = [name for name in names if name.startswith("spans/")]
    display.say(
        f"--fresh: {len(spans)} published spans of {len({name.split('/')[1] for name in spans})} lineages and "
        "generation 0s move to the trash (until raysc gc --yes) and are made again"
    )
    damages: list[DamagedObjectError] = []
    sharing = {record.name for record in read_sweep_records(objects, damages) if record.keys & resolved.keys}
    for damage in damages:
        display.say(f"note: {damage}; its sweep may share some of them too")
    for name in sorted(sharing - {sweep.name}):
        display.say(f"note: sweep {name} shares some of them, and will use the new ones")
    move_to_trash(objects, names, f"raysc sweep --fresh of {sweep.name}")


def _verify(resolved: ResolvedSweep, objects: Objects, display: Display) -> None:
    """Read every stored file of a sweep and move damaged ones to the trash (``--verify``)."""
    from raysc.execution.lost_state_audit import find_lost_states, set_aside  # imports pandas, which is slow

    for lost in list(find_lost_states(resolved, objects)):
        display.say(f"note: {lost}; it and all that follows are set aside and made again")
        set_aside(objects, lost)
    checked = 0
    for damage in verify_entries(resolved.stored_seeds, objects):
        checked += 1
        if damage is not None:
            display.say(f"note: {damage}; it is set aside and made again")
            move_damaged_to_trash(objects, damage)
    display.say(f"--verify: {checked} spans and metric files were read and compared with their checksums")


def _drop_for_refit(plan: Plan, objects: Objects, remake: bool) -> None:
    """Move published generations that must be trained again to the trash, if ``--remake`` allows it."""
    units = plan.refitting_units
    refits = sum(unit.refits for unit in units)
    if not remake:
        cells = ", ".join(sorted({str(unit.cell.number) for unit in units}, key=int))
        raise plan.sweep.error(
            "keep",
            f"the states that {len(units)} units (cells {cells}) would go on from were dropped by `keep`, or were "
            f"damaged and deleted: {refits} published generations would have to be trained again; add --remake if "
            "that is wanted",
        )
    for unit in units:
        if not unit.missing:  # to be measured again: models and rows are gone, so the generations are made again
            reason = f"raysc sweep --remake of {plan.sweep.name}"
            move_dropped_to_trash(objects, unit.published_keys, unit.seeds, reason)


def _run(plan: Plan, objects: Objects, address: str | None, display: Display) -> dict[str, str]:
    """Run the units of a plan on Ray; return the traceback of each unit that failed."""
    from raysc.cluster.driver import run_to_the_end

    with _running_ray(plan, objects, address, display):
        return run_to_the_end(plan.resolved, objects, display, _order(plan, objects))


def _order(plan: Plan, objects: Objects) -> "Order | None":
    """Return the order by forecasts if lineages of the plan have begun, and others are finished; else None."""
    if not any(unit.reason == "more generations" for unit in plan.loop):
        return None
    from raysc.results.forecast_order import forecast_order
    from raysc.results.table.table import load_table

    return partial(forecast_order, plan.resolved, load_table(plan.resolved, objects))


@contextmanager
def _running_ray(plan: Plan, objects: Objects, address: str | None, display: Display) -> Iterator[None]:
    """Start Ray or connect to it, and check that the sweep can run there."""
    from raysc.cluster.loggers import check_loggers
    from raysc.cluster.plugin_shipping import plugin_modules
    from raysc.cluster.preflight import check_cluster
    from raysc.cluster.ray_compat import worker_output
    from raysc.cluster.session import libraries_to_preload, running_ray

    check_loggers(plan.sweep)
    display.say("starting Ray")
    with running_ray(address, libraries_to_preload(plan)):
        check_cluster(plan.sweep, objects)
        yield
        if plugin_modules(plan.resolved):
            display.say(f"output of plug-ins: {worker_output()} on each node; raysc sweep --debug shows it as it runs")


def _run_search(sweep: Sweep, objects: Objects, options: RunOptions, display: Display) -> Outcome:
    """Run the rounds of a search for a threshold, all with one Ray, and conclude."""
    from raysc.results.thresholds.answers import threshold_text
    from raysc.results.thresholds.rounds import SearchState, read_state, run_rounds

    def run(state: SearchState) -> dict[str, str]:
        from raysc.cluster.driver import run_to_the_end

        resolved = state.resolved
        _store_answers(state, objects)
        plan = _permitted_plan(resolved, objects, options.remake)  # a probe may need states that another sweep dropped
        write_sweep_record(objects, sweep.name, sweep.resolved, resolved.keys | resolved.reference_keys)
        wait_for_gc(objects, display.say)
        if not rays:
            rays.append(stack.enter_context(_running_ray(plan, objects, options.address, display)))
        return run_to_the_end(resolved, objects, display)

    rays: list[None] = []
    with ExitStack() as stack:
        state, failures = run_rounds(read_state(sweep, objects), objects, run, display.say)
    _store_answers(state, objects)
    outcome = _conclude(make_plan(state.resolved, objects), objects, failures, display)
    assert state.resolved.sweep.search is not None
    for search in state.searches:
        display.say(threshold_text(state.resolved.sweep.search.axis, search))
    return outcome


def _store_answers(state: "SearchState", objects: Objects) -> None:
    """Store the evidence and the answers of a search, and their figure if all searches have answers."""
    from raysc.results.report.figures.thresholds import thresholds_figure
    from raysc.results.thresholds.answers import store_answers

    sweep = state.resolved.sweep
    assert sweep.search is not None
    store_answers(sweep, state.searches, objects)
    if not state.pending and (figure := thresholds_figure(sweep.search, state.searches)) is not None:
        objects.put(f"{sweep_folder(sweep.name)}/thresholds.png", figure.png)


def _conclude(plan: Plan, objects: Objects, failures: dict[str, str], display: Display) -> Outcome:
    """Store tracebacks, table and picture, and show the summary."""
    from raysc.results.failure_reasons import reason_counts
    from raysc.results.report.figures.curves import curves_png
    from raysc.results.table.early_ends import early_ends_text
    from raysc.results.table.summary import summary
    from raysc.results.table.table import load_table

    sweep = plan.sweep
    folder = sweep_folder(sweep.name)
    for reason, count in reason_counts(failures.values())[:MAX_REASONS]:
        display.say(f"{count} failed: {reason}")
    for unit, traceback in failures.items():
        objects.put(f"{folder}/failures/{unit}.txt", traceback.encode())
    table = load_table(plan.resolved, objects)
    objects.put(f"{folder}/table.parquet", table.to_parquet(index=False))
    if len(table):
        objects.put(f"{folder}/curves.png", curves_png(plan.resolved, table))
    display.show(summary(sweep, table, min(display.width, SUMMARY_WIDTH)))
    if early_ends := early_ends_text(sweep, table):
        display.say(early_ends)
    if failures:
        display.say(f"{len(failures)} failed: raysc failures {folder_of(objects, sweep.name)}; run it again to retry")
    outcome = Outcome(plan.resolved, objects, failures, table)
    display.say(f"table and Tune's records: {outcome.folder}")
    if len(table):
        display.say(f"picture of the first metric: {outcome.folder}/curves.png")
    return outcome
