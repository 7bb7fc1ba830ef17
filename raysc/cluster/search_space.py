"""Units as points of a Tune search space, so that Tune's own tables show the sweep's axes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ray import tune
from ray.tune.search.basic_variant import BasicVariantGenerator
from ray.tune.search.sample import Domain

from raysc.planning.plan import InitialUnit, Unit
from raysc.sweepfile.sweep import Sweep


def point(unit: Unit) -> dict[str, Any]:
    """A trial's config: every axis of the sweep under its dotted name, and the unit's name.

    A generation 0 belongs to all regimes, so those axes are empty there.
    """
    axes = {name: _plain(value) for name, value in unit.line.cell.axes.items()}
    if isinstance(unit, InitialUnit):
        axes = {name: None if _of_the_loop(name) else value for name, value in axes.items()}
    return {**axes, "unit": unit.name}


def search_space(sweep: Sweep, points: Sequence[Mapping[str, Any]]) -> dict[str, Domain]:
    """The space that the points lie in: a domain of the sweep file stays that domain, a list becomes a choice."""
    names = points[0].keys()
    return {name: _domain(sweep, name, [one[name] for one in points]) for name in names}


def generator(points: Sequence[Mapping[str, Any]]) -> BasicVariantGenerator:
    """Tune's own search algorithm, told which points to evaluate: those of the plan, no others."""
    return BasicVariantGenerator(points_to_evaluate=[dict(one) for one in points])


def _domain(sweep: Sweep, name: str, values: list[Any]) -> Domain:
    space = sweep.resolved.get("space", {})
    declared = [grid[name] for grid in (space if isinstance(space, list) else [space]) if name in grid]
    if len(declared) == 1 and isinstance(declared[0], dict) and None not in values:
        (kind, bounds), *_ = declared[0].items()
        continuous = {"uniform": tune.uniform, "loguniform": tune.loguniform, "randint": tune.randint}
        if kind in continuous:
            domain: Domain = continuous[kind](*bounds)
            return domain
    choice: Domain = tune.choice(list(dict.fromkeys(values)))
    return choice


def _plain(value: Any) -> Any:
    """Tune would read a mapping as a space of its own, so values that are mappings become text."""
    return json.dumps(value, default=str) if isinstance(value, (dict, list, tuple)) else value


def _of_the_loop(axis: str) -> bool:
    return axis.split(".")[0] in ("regime", "lambda", "loop")
