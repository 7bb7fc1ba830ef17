"""Rounds of a search: propose, run, read, until every search of a sweep has its answer.

A proposal is an ordinary cell with some seeds, so its units run exactly once, share controls and generation 0s with
other cells, and have the keys of any cell with that value. The proposals are computed again from what is published, so
a search that was killed continues with the same ones. The sweep's folder lists the probes of the finished rounds, so
that a search whose range or ceilings have changed goes on from them.

Ray Tune has an interface for this, ``Searcher``, which is asked for one point at a time and told one number of a trial.
It does not fit: a proposal is judged from several units, its seeds and their controls, some of which other sweeps may
have run; and the state of a ``Searcher`` is a pickle of Tune's experiment, while here the store is the only state.
Each round is a wave of units that Tune runs as any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raysc import registry
from raysc.errors import InputError
from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.results.table.table import load_table
from raysc.results.thresholds.answers import search_label, thresholds_frame
from raysc.results.thresholds.evidence import Search, read_searches, with_evidence
from raysc.results.thresholds.stored_evidence import listed_evidence, stored_evidence
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_probes
from raysc.sweepfile.threshold_search import Probes, Runs, ThresholdSearch

Failures = dict[str, str]
"""Unit -> traceback."""


@dataclass(frozen=True)
class SearchState:
    """The searches of a sweep and the sweep with all of their probes.

    Attributes:
        resolved: the sweep with the probes that are published, and those that are to run.
        searches: the searches, in the order of the points of ``space``.
    """

    resolved: ResolvedSweep
    searches: tuple[Search, ...]

    @property
    def pending(self) -> bool:
        """True if some runs are missing."""
        search = _search(self.resolved.sweep)
        return search.probes != search.evidence


def read_state(sweep: Sweep, objects: Objects) -> SearchState:
    """Return the state of the searches of a sweep: all rounds that are published, and the runs that are missing.

    A search goes on from the evidence that an earlier call has stored of its settings, as far as all of it is
    published. If there is none, and ``threshold.json`` lists evidence of as many searches, they go on from that if all
    of it is published.

    Args:
        sweep: a sweep with a search; probes that it has are not used.
        objects: the store.
    """
    initial_sweep = read_probes(sweep, None, registry)
    stored_probes = stored_evidence(initial_sweep, objects)
    if any(stored_probes):
        evidence = _published_evidence(initial_sweep, stored_probes, objects)
        return _advance(_with_ends(initial_sweep, evidence), objects)
    listed_probes = listed_evidence(initial_sweep, objects)
    evidence = _published_evidence(initial_sweep, listed_probes, objects)
    are_published = all(known or not probes for probes, known in zip(listed_probes, evidence, strict=True))
    return _advance(_with_ends(initial_sweep, evidence) if are_published else initial_sweep, objects)


def recomputed_state(sweep: Sweep, objects: Objects) -> SearchState:
    """Return the state of the searches of a sweep to which its settings lead from the ends of the range on."""
    return _advance(read_probes(sweep, None, registry), objects)


def read_thresholds(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    """Tabulate the threshold of each search of a sweep, as far as its store has it: see ``thresholds_frame``.

    Raises:
        InputError: the sweep has no search.
    """
    if sweep.search is None:
        raise InputError(f"{sweep.name} has no search: add `search: {{threshold: lambda, range: [a, b]}}` to the file")
    return thresholds_frame(read_state(sweep, objects).searches)


def run_rounds(
    state: SearchState, objects: Objects, run: Callable[[SearchState], Failures], say: Callable[[str], None]
) -> tuple[SearchState, Failures]:
    """Run rounds until every search has its answer, or a unit fails.

    Args:
        state: from ``read_state``.
        objects: the store.
        run: runs everything that the sweep of a state lacks, and returns the units that failed.
        say: prints a note before each round.

    Returns:
        The last state, and the units that failed.

    Raises:
        InputError: nothing is left to run, and a search has still no evidence of its probes.
    """
    while state.pending:
        search = _search(state.resolved.sweep)
        say(f"search for the threshold of {search.axis}: {_missing_text(state)}")
        failures = run(state)
        state = _advance(state.resolved.sweep, objects)
        if failures:
            return state, failures
        if state.pending and _search(state.resolved.sweep).probes == search.probes:
            raise _stuck(state)
    return state, {}


def _advance(sweep: Sweep, objects: Objects) -> SearchState:
    """Add proposals to a sweep until none is made, or their runs are missing."""
    while True:
        resolved, search = resolve(sweep), _search(sweep)
        table = load_table(resolved, objects)
        resolved = with_evidence(resolved, _finished_runs(resolved, table, objects), table)
        searches = tuple(read_searches(resolved, table))
        probes = [_with_proposals(*pair) for pair in zip(search.probes, searches, strict=True)]
        if probes == list(search.probes):
            return SearchState(resolved, searches)
        sweep = read_probes(sweep, probes, registry, _search(resolved.sweep).evidence)


def _published_evidence(initial_sweep: Sweep, stored_probes: Sequence[Probes], objects: Objects) -> tuple[Probes, ...]:
    """Return the stored evidence of the searches of which all runs are published; none of a search that lacks some.

    Stored evidence with which the sweep could not be read is damaged, and no error of the sweep file.
    """
    nothing: tuple[Probes, ...] = ({},) * len(stored_probes)
    if not any(stored_probes):
        return nothing
    try:
        resolved = resolve(_with_ends(initial_sweep, stored_probes))
        finished = _finished_runs(resolved, load_table(resolved, objects), objects)
        return _search(with_evidence(resolved, finished, finished).sweep).evidence
    except InputError:
        return nothing


def _with_ends(sweep: Sweep, evidence: Sequence[Probes]) -> Sweep:
    """Return a sweep whose searches have some evidence, with its probes and the ends of the range."""
    ends = _search(sweep).ends
    return read_probes(sweep, [{**ends, **probes} for probes in evidence], registry, evidence)


def _finished_runs(resolved: ResolvedSweep, table: pd.DataFrame, objects: Objects) -> pd.DataFrame:
    """Return the rows of the table whose units are done, so that all of their metrics are measured.

    A run that was killed while it wrote its metrics has rows in which some values are NaN. As evidence these would
    change the proposals.
    """
    plan = make_plan(resolved, objects)
    missing = {(key, seed) for unit in plan.loop for key in unit.published_keys for seed in unit.seeds}
    missing |= {
        (key, seed)
        for unit in plan.initial
        for snapshot in unit.snapshots
        for key in snapshot.rows
        for seed in unit.seeds
    }
    done = [run not in missing for run in zip(table["lineage"], table["seed"], strict=True)]
    return table[np.array(done, bool)]


def _stuck(state: SearchState) -> InputError:
    """Return the error for a search whose round ended without the evidence of its probes."""
    sweep, search = state.resolved.sweep, _search(state.resolved.sweep)
    return sweep.error(
        "search.metric",
        f"{search.metric} has no value at any generation of some seeds, although their runs are done; choose a metric "
        f"that has values for these models. Values of {search.axis}: {_missing_text(state)}",
    )


def _search(sweep: Sweep) -> ThresholdSearch:
    assert sweep.search is not None
    return sweep.search


def _with_proposals(probes: Probes, search: Search) -> Probes:
    """Return the probes of a search with those that it proposes."""
    proposals = search.step if isinstance(search.step, tuple) else ()
    proposed = {proposal.value: Runs(proposal.seeds, proposal.generations) for proposal in proposals}
    return {**probes, **{value: runs.union(probes.get(value, runs)) for value, runs in proposed.items()}}


def _missing_text(state: SearchState) -> str:
    """Return the values of which some runs are missing, with their seeds, search by search."""
    search = _search(state.resolved.sweep)
    texts = []
    for searched, probes, known in zip(state.searches, search.probes, search.evidence, strict=True):
        values = [
            f"{value:g} ({len(runs.seeds)} seeds, {runs.generations} generations)"
            for value, runs in probes.items()
            if known.get(value) != runs
        ]
        if values:
            texts.append(search_label(searched) + ", ".join(values))
    return "; ".join(texts)
