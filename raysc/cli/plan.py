"""raysc plan: what a sweep would run, and why."""

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, cluster_address
from raysc.display import print_lines
from raysc.machine.cores import core_count
from raysc.planning.open_sweep import open_sweep

if TYPE_CHECKING:
    from raysc.estimates.cost import Cost
    from raysc.estimates.duration import DurationEstimate
    from raysc.estimates.search_cost import SearchCost
    from raysc.estimates.size import SizeEstimate
    from raysc.estimates.trained_duration import TrainedEstimate
    from raysc.planning.plan import Plan
    from raysc.planning.resolved import ResolvedSweep
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep
    from raysc.sweepfile.threshold_search import ThresholdSearch


def plan(
    sweep_file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    time: Annotated[
        bool, typer.Option("--time", help="Estimate the duration too, from short runs of some units and steps.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a sweep would run, what is done already, and why each thing runs."""
    from raysc.estimates.size import estimate_size
    from raysc.planning.name_collisions import check_name
    from raysc.planning.plan import make_plan
    from raysc.planning.validation import check_machine, validate

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved, search_cost = _resolve(sweep, objects)
    validate(resolved)
    cluster = cluster_address(None)
    if cluster is None and not sweep.prices:  # a file with prices is planned for other machines
        check_machine(sweep)
    check_name(sweep, objects)
    made = make_plan(resolved, objects)
    size = estimate_size(made)
    has_nodes = bool(sweep.prices) or cluster is not None
    costs = _costs(made, objects, cluster) if made.units and has_nodes else []  # costs read the table, with pandas
    durations = None
    if time:
        from raysc.estimates.duration import estimate_duration
        from raysc.estimates.trained_duration import estimate_trained

        durations = estimate_duration(made), estimate_trained(made)
    if as_json:
        summary = _summary(made, size, costs, search_cost)
        typer.echo(json.dumps(summary | (_durations(sweep, *durations) if durations else {})))
        return
    _print_sizes(made, size, search_cost)
    for cost in costs:
        print_lines(_cost_text(cost))
    if durations is not None:
        _print_duration(durations[0], _parallel_units(sweep))
        _print_trained(durations[1], _parallel_units(sweep), durations[0].units_without_estimate)
    _print_work(made, objects)


def _resolve(sweep: "Sweep", objects: "Objects") -> "tuple[ResolvedSweep, SearchCost | None]":
    """Resolve a sweep; one with a search has the probes of its store and the next ones, and an expected cost."""
    from raysc.planning.resolved import resolve

    if sweep.search is None:
        return resolve(sweep), None
    from raysc.estimates.search_cost import estimate_search_cost  # imports pandas, which is slow
    from raysc.results.thresholds.rounds import read_state

    state = read_state(sweep, objects)
    return state.resolved, estimate_search_cost(state.resolved.sweep, state.searches)


def _summary(
    made: "Plan", size: "SizeEstimate", costs: "list[Cost]", search_cost: "SearchCost | None"
) -> dict[str, Any]:
    """Collect the numbers of a plan for --json."""
    return {
        "cells": len(made.cells),
        "units": len(made.units),
        "generations_total": made.done + made.to_do,
        "generations_done": made.done,
        "generations_to_do": made.to_do,
        "generations_shared": made.shared,
        "ancestors": made.generation_zeros,
        "trainings_saved": made.trainings_saved,
        "rows": size.rows,
        "bytes": size.bytes,
        "refits": _refits(made),
        "nodes": [vars(cost) for cost in costs],
        "reasons": dict(Counter(unit.reason for unit in made.units)),
        **({"search": _search_sizes(made.sweep.search, search_cost)} if made.sweep.search and search_cost else {}),
    }


def _search_sizes(search: "ThresholdSearch", cost: "SearchCost") -> dict[str, Any]:
    """Collect the number of searches of a sweep, and the ceilings and expected cost of all of them, for --json."""
    count = len(search.probes)
    return {
        "searches": count,
        "runs_at_most": count * search.runs,
        "hours_at_most": None if search.hours is None else count * search.hours,
        "expected": asdict(cost),
    }


def _durations(sweep: "Sweep", duration: "DurationEstimate", trained: "TrainedEstimate") -> dict[str, Any]:
    """Collect the numbers of --time for --json."""
    parallel = _parallel_units(sweep)
    return {
        "core_seconds": duration.core_seconds,
        "cores": _cores(),
        "seconds": None if parallel is None else duration.wall_seconds(parallel),
        "trained_trial_seconds": trained.trial_seconds,
        "trained_seconds": None if parallel is None else trained.wall_seconds(parallel),
        "units_without_estimate": duration.units_without_estimate + trained.units_without_estimate,
        "tried_units": duration.probed_units,
        "tried_seconds": duration.probe_seconds,
    }


def _refits(made: "Plan") -> int:
    """Count the published generations that would be trained again."""
    return sum(unit.refits for unit in made.refitting_units)


def _print_sizes(made: "Plan", size: "SizeEstimate", search_cost: "SearchCost | None") -> None:
    """Print cells, generations, rows and bytes."""
    from raysc.formatting import clock, in_bytes

    sweep = made.sweep
    print_lines(f"{sweep.name}: {len(made.cells)} cells, {len(sweep.seeds)} seeds, T = {sweep.generations}")
    print_lines(
        f"generations: {made.done + made.to_do} in all, {made.done} done, {made.to_do} to do; "
        f"{made.shared} more are shared by cells"
    )
    if sweep.search is not None and search_cost is not None:
        count, hours = len(sweep.search.probes), sweep.search.hours
        runs = count * sweep.search.runs
        limit = "" if hours is None else f", and no new ones after {clock(3600 * hours)} of units each"
        print_lines(
            f"search: {count} thresholds of {sweep.search.axis}, with at most {runs:,} runs "
            f"({runs * sweep.ceiling:,} retrainings), controls included{limit}; what follows is the present round"
        )
        print_lines(_search_cost_text(search_cost))
    if made.generation_zeros:
        print_lines(f"generation 0s: {made.generation_zeros}; sharing them saves {made.trainings_saved} trainings")
    print_lines(f"rows: {size.max_rows:,} sampled by a generation of a seed, {size.rows:,} in all")
    print_lines(f"store: up to {in_bytes(size.max_bytes)} a generation of a seed, {in_bytes(size.bytes)} in all")


def _search_cost_text(cost: "SearchCost") -> str:
    """Return the expected runs of all searches of a sweep, with their hours and price once runs are measured."""
    from raysc.formatting import clock

    hours_done = clock(3600 * cost.hours_done)
    if cost.runs == (cost.runs_done, cost.runs_done):
        return f"search: {cost.runs_done:,} runs done, in {hours_done} of units"
    text = f"search: {_about(*(f'{runs:,.0f}' for runs in cost.runs))} runs expected, {cost.runs_done:,} done"
    if cost.hours is None:
        return f"{text}; no duration yet, since no run was measured"
    text += f"; {_about(*(clock(3600 * hours) for hours in cost.hours))} of units, {hours_done} done"
    for name, prices in cost.prices.items():
        text += f"; on {name} at a cost of {_about(*(f'{price:.2f}' for price in prices))} by `prices:`"
    return text


def _about(low: str, high: str) -> str:
    """Return a range in words, ``about 2 to 3``, or ``about 2`` if its ends are equal."""
    return f"about {low}" if low == high else f"about {low} to {high}"


def _print_work(made: "Plan", objects: "Objects") -> None:
    """Print the units that would run with their reasons, and notes."""
    from raysc.planning.name_collisions import replacement_note
    from raysc.planning.validation import validation_notes
    from raysc.results.failure_reasons import failed_units, reason_counts
    from raysc.results.thresholds.stored_evidence import changed_settings_text

    for wave, units in (("generation 0", made.initial), ("loop", made.loop)):
        for reason, count in Counter(unit.reason for unit in units).items():
            print_lines(f"{wave}: {count} units to run: {reason}")
    for failure, count in reason_counts(text for _, text in failed_units(made.units, made.sweep.name, objects)):
        print_lines(f"{count} failed before: {failure}")
    changes = replacement_note(made.resolved, objects), changed_settings_text(made.sweep, objects)
    for note in (*made.sweep.notes, *validation_notes(made.resolved), *filter(None, changes)):
        print_lines(f"note: {note}")
    if made.refitting_units:
        refits = _refits(made)
        print_lines(f"{refits} published generations would be trained again: raysc sweep needs --remake for that")
    if not made.units:
        print_lines("nothing to do")


def _costs(made: "Plan", objects: "Objects", cluster: str | None) -> "list[Cost]":
    """Estimate the cost of the remaining work on each type of node that the sweep prices, or else the cluster has."""
    from raysc.estimates.cost import NodeType, estimate_cost, node_types, remaining_seconds
    from raysc.results.table.table import load_table

    types = node_types(made.sweep)
    if not types and cluster is not None and "://" not in cluster:  # through a tunnel no nodes can be listed
        from raysc.cluster.capacity import cluster_capacity
        from raysc.cluster.session import running_ray

        with running_ray(cluster):
            available = cluster_capacity()
        types = [
            NodeType(
                node.name,
                node.resources.get("CPU", 0),
                node.resources.get("GPU", 0),
                min(node.max_nodes, available.max_workers),
                None,
            )
            for node in available.types
        ]
    if not types:
        return []
    seconds = remaining_seconds(made, load_table(made.resolved, objects))
    return [estimate_cost(node_type, made, seconds) for node_type in types]


def _cost_text(cost: "Cost") -> str:
    from raysc.formatting import clock

    if not cost.nodes:
        return f"nodes: {cost.name} has too few cores or GPUs for a trial"
    if cost.hours is None:
        return f"nodes: up to {cost.nodes} {cost.name} at once; no duration yet, since nothing was measured"
    price = "" if cost.price is None else f", at a cost of {cost.price:.2f} by `prices:`"
    duration = clock(3600 * cost.hours)
    return f"nodes: up to {cost.nodes} {cost.name} at once, about {duration}{price}, if all generations take alike"


def _cores() -> int | None:
    """Count the cores of this machine; None if a cluster is named."""
    return None if cluster_address(None) is not None else core_count()


def _parallel_units(sweep: "Sweep") -> int | None:
    """Count the units that this machine runs at once."""
    cores = _cores()
    return None if cores is None else int(cores / sweep.resources.cpus)


def _print_duration(duration: "DurationEstimate", parallel: int | None) -> None:
    from raysc.formatting import clock

    if duration.unit_seconds:
        core_time = f"{clock(duration.core_seconds)} of one core"
        wall = clock(duration.wall_seconds(parallel)) if parallel is not None else None
        about = core_time if wall is None else f"{wall} on {_cores()} cores ({core_time})"
        print_lines(
            f"time: about {about}; {duration.probed_units} units were probed with few seeds, in "
            f"{clock(duration.probe_seconds)}"
        )


def _print_trained(trained: "TrainedEstimate", parallel: int | None, without: int) -> None:
    """Print the estimate for trained units, and the number of units without one."""
    from raysc.formatting import clock

    if trained.units:
        trials = f"{clock(trained.trial_seconds)} of one trial"
        wall = None if parallel is None else clock(trained.wall_seconds(parallel))
        about = trials if wall is None else f"{wall} on {_cores()} cores ({trials})"
        print_lines(
            f"time: about {about} for training and sampling of {trained.units} units, without measuring; "
            f"{trained.probed_settings} settings were timed over a few steps, in {clock(trained.probe_seconds)}"
        )
    if count := without + trained.units_without_estimate:
        print_lines(
            f"time: no estimate for {count} units that have several workers, or GPUs that this machine lacks, that are "
            "measured by trained networks, or that were not reached in 20 s"
        )
