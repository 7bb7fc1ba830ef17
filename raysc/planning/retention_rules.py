"""Retention rules of the sweeps that a store has records of, for garbage collection."""

from collections.abc import Callable, Iterable

from raysc import registry
from raysc.errors import RayscError
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.store.retention import RetentionRule
from raysc.store.sweep_record import SweepRecord, most_generous
from raysc.sweepfile import Sweep, read_sweep_mapping


def retention_rules(
    records: Iterable[SweepRecord],
    report: Callable[[str], None],
    resolve_sweep: Callable[[Sweep], ResolvedSweep] | None = None,
) -> dict[str, RetentionRule]:
    """Resolve recorded sweeps, and return the retention rule of each trained lineage that they name.

    A lineage that an unreadable sweep names has no rule, since that sweep's own rule may be more generous. The same
    holds for one that a record names and the resolved sweep does not: a probe of a search that is not found again.

    Args:
        records: of the sweeps.
        report: receives one message for each sweep that cannot be read on this machine, say for want of a plug-in.
        resolve_sweep: resolves a sweep; None: ``resolve``, which knows only the outer probes of a search.

    Returns:
        Lineage key -> rule.
    """
    rules: dict[str, RetentionRule] = {}
    without_rule: set[str] = set()
    for record in records:
        try:
            sweep = read_sweep_mapping({**record.resolved, "name": record.name}, (), registry)
            resolved = (resolve_sweep or resolve)(sweep)
            _add_rules(rules, resolved)
            without_rule |= record.keys - resolved.keys
        except RayscError as error:
            report(f"sweep {record.name} cannot be read here, so everything that it names stays: {error}")
            without_rule |= record.keys
    return {key: rule for key, rule in rules.items() if key not in without_rule}


def _add_rules(rules: dict[str, RetentionRule], resolved: ResolvedSweep) -> None:
    """Add the rules of a sweep's trained lineages; a lineage that has a rule gets the most generous of both."""
    for cell in resolved.cells:
        if cell.family.trained:
            keep, generations = resolved.sweep.keep, cell.generations
            if earlier := rules.get(cell.keys.lineage):
                keep, generations = most_generous(keep, earlier.keep), max(generations, earlier.generations)
            recipes = tuple(model.rules.recipe for model in cell.models)
            lineages = tuple(model.keys.lineage for model in cell.models)
            rules[cell.keys.lineage] = RetentionRule(keep, generations, recipes, lineages)
