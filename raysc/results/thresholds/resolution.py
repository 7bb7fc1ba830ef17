"""Resolution of a sweep as a store has it: a search for a threshold has more cells than its file."""

from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


def resolve_in_store(sweep: Sweep, objects: Objects) -> ResolvedSweep:
    """Resolve a sweep; one with a search has the probes that are published, and the next ones."""
    if sweep.search is None:
        return resolve(sweep)
    from raysc.results.thresholds.rounds import read_state  # imports pandas, which is slow

    return read_state(sweep, objects).resolved
