"""Checks of sweeps whose loops have forks."""

from raysc import registry
from raysc.metrics.core.metric import ForkMetric
from raysc.models.family import SupportsLazySampling
from raysc.planning.resolved import ResolvedCell
from raysc.sweepfile.sweep import Sweep


def has_forks(sweep: Sweep) -> bool:
    """Return True if a metric of a sweep compares loops with their forks."""
    return any(isinstance(registry.build("metric", metric), ForkMetric) for metric in sweep.metrics)


def check_forks(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse forks of a loop that has none: trained in steps, drawn as counts, ended early, or of a single real row."""
    if not has_forks(sweep):
        return
    name, rows = cell.settings.model.name, cell.settings.initial.rows or cell.rules.rows
    if cell.family.trained:
        raise sweep.error(
            "metrics",
            f"fork_distance runs a second loop beside each, and {name} is trained in steps; take a model that is "
            "fitted by a formula, or compare cells of two values of initial.steps",
        )
    if isinstance(cell.family, SupportsLazySampling):
        raise sweep.error("metrics", f"fork_distance compares parameters, and {name} has counts; take another model")
    if not getattr(cell.family, "comparable_parameters", True):
        raise sweep.error(
            "metrics",
            f"fork_distance compares the parameters of two fits, and those of {name} have no fixed number or order; "
            "take another model",
        )
    if sweep.until is not None:
        raise sweep.error("loop.until", "ends seeds before their forks; take it out, or fork_distance out of metrics")
    if rows < 2:
        raise sweep.error("initial.rows", "a fork starts from half of these rows; set it to at least 2")
