"""Checks of sweeps whose loops have forks."""

from raysc import registry
from raysc.planning.resolved import ResolvedCell
from raysc.sweepfile.sweep import Sweep


def has_forks(sweep: Sweep) -> bool:
    """Return True if a metric of a sweep compares loops with their forks."""
    # A plan asks this for every cell, and an isinstance of a protocol takes as long as a hundred attributes.
    return any(getattr(registry.load("metric", metric.name), "compares_forks", False) for metric in sweep.metrics)


def check_forks(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse forks of a loop that has none: trained in steps, jumping, guided, ended early, or of one real row."""
    if not has_forks(sweep):
        return
    name, rows = cell.settings.model.name, cell.settings.initial.rows or cell.rules.rows
    if cell.family.trained:
        raise sweep.error(
            "metrics",
            f"fork_distance runs a second loop beside each, and {name} is trained in steps; take a model that is "
            "fitted by a formula, or compare cells of two values of initial.steps",
        )
    if getattr(cell.family, "retraining_jumps", False):
        raise sweep.error(
            "metrics",
            f"fork_distance measures a Jacobian, and {name} has none: with equal random numbers, similar models draw "
            "rows or have parameters that differ by jumps; take another model",
        )
    if cell.settings.loop_sample.guide is not None:
        raise sweep.error(
            "loop.sample.guide",
            "draws rows by generation 0's model, which is another one in a fork, so fork_distance does not measure "
            "stability; take it out, or fork_distance out of metrics",
        )
    if sweep.until is not None:
        raise sweep.error("loop.until", "ends seeds before their forks; take it out, or fork_distance out of metrics")
    if rows < 2:
        raise sweep.error("initial.rows", "a fork starts from half of these rows; set it to at least 2")
