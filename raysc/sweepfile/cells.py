"""One point of the grid as a cell: the file's settings with the point's over them, checked for what goes together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from raysc.errors import InputError
from raysc.settings import LOOP_ONLY, Budget, Cell, Initial, Sample, Settings, Start, Train
from raysc.sweepfile.components import Checked, Components
from raysc.sweepfile.messages import Places, did_you_mean, shown
from raysc.sweepfile.schema import Model, check
from raysc.sweepfile.space import Point

TREE = ("data", "model", "initial", "train", "sample", "loop")
"""Top keys that settle a cell, beside the axes regime and lambda."""

BUDGETS = ("steps", "epochs", "rows_seen")


@dataclass(frozen=True)
class Draft:
    """A cell whose axes are not filled in yet.

    Attributes:
        cell: everything else; equal drafts are equal here.
        components: data, model and regime with their signatures.
        dropped_lambda: a lambda was set, and the regime takes none.
    """

    cell: Cell
    components: Mapping[str, Checked]
    dropped_lambda: bool

    @property
    def identity(self) -> str:
        """The same for equal cells, whatever they were made for."""
        return self.cell.model_dump_json(exclude={"axes", "control", "compared_with"})


@dataclass(frozen=True)
class Drafter:
    """Makes drafts from points.

    Attributes:
        base: the file's values.
        places: of the file's values.
        components: checks them.
    """

    base: Mapping[str, Any]
    places: Places
    components: Components
    _sections: dict[tuple[type, str], Any] = field(default_factory=dict)

    def draft(self, point: Point) -> Draft:
        """The cell of one point.

        Raises:
            InputError: a value of the wrong type, or settings that cannot go together.
        """
        tree = {key: self.base[key] for key in TREE if self.base.get(key) is not None}
        # A whole mapping first, then what lies below it: `loop.budget: {...}` before `loop.budget.steps`.
        for key in sorted(point.settings, key=lambda key: key.count(".")):
            tree = _with(tree, key.split("."), point.settings[key])
        places = Places(self.places.path, self.places.lines, point.origins)
        for key in ("data", "model", "regime"):
            if key not in tree:
                where = point.grid if key == "regime" else key
                raise places.error(where, f"{key} is missing" if key == "regime" else "is missing")
        checked = {
            room: self.components.check(room, tree[room], room, places.error) for room in ("data", "model", "regime")
        }
        loop = tree.get("loop", {})
        train, sample = tree.get("train", {}), tree.get("sample", {})
        for key, why in LOOP_ONLY.items():
            section, _, name = key.partition(".")
            if name in (tree.get(section) or {}):
                raise places.error(key, f"{why}; set it under loop.{section}")
        lambda_, dropped = _lambda(tree, checked["regime"], places)
        budget = loop.get("budget")
        cell = Cell(
            data=checked["data"].component,
            model=checked["model"].component,
            initial=self._section(Initial, tree.get("initial", {}), "initial", places),
            train=self._section(Train, train, "train", places),
            sample=self._section(Sample, sample, "sample", places),
            loop_train=self._over(Train, train, loop.get("train"), "loop.train", places),
            loop_sample=self._over(Sample, sample, loop.get("sample"), "loop.sample", places),
            start=_start(loop.get("start", "previous"), places),
            budget=None if budget is None else self._section(Budget, budget, "loop.budget", places),
            regime=checked["regime"].component,
            lambda_=lambda_,
            axes={},
        )
        _check_family(cell, tree, checked["model"].signature.trained, places)
        return Draft(cell, checked, dropped)

    def _section(self, model: type[Model], value: Any, key: str, places: Places) -> Model:
        """A section as its model; equal ones are checked once."""
        address = (model, repr(value))
        if address not in self._sections:
            self._sections[address] = check(model, value, key, places)
        section: Model = self._sections[address]
        return section

    def _over(self, model: type[Model], value: Any, over: Any, key: str, places: Places) -> Model:
        """``train`` with ``loop.train`` over it."""
        self._section(model, over or {}, key, places)
        return self._section(model, {**value, **(over or {})}, key, places)


def _with(tree: Any, parts: list[str], value: Any) -> Any:
    """A copy of the tree with one setting changed; a component's bare name becomes a mapping on the way."""
    if not parts:
        return value
    if isinstance(tree, str):
        tree = {"name": tree}
    inside = tree if isinstance(tree, dict) else {}
    return {**inside, parts[0]: _with(inside.get(parts[0]), parts[1:], value)}


def _lambda(tree: Mapping[str, Any], regime: Checked, places: Places) -> tuple[float | None, bool]:
    """Lambda of a cell, and whether one was set in vain."""
    given = tree.get("lambda")
    if "lambda" in tree and (isinstance(given, bool) or not isinstance(given, int | float) or not given >= 0):
        raise places.error("lambda", f"expected a number of at least 0, got {shown(given)}")
    default = regime.signature.default_lambda
    if default == "not taken":
        return None, "lambda" in tree
    if given is None:
        if default is None:
            raise places.error(
                "regime", f"{regime.component.name} needs lambda, synthetic rows per real row; add it as an axis"
            )
        return float(default), False
    return float(given), False


def _start(value: Any, places: Places) -> Start:
    options: tuple[Start, ...] = get_args(Start)
    for option in options:
        if value == option:
            return option
    near = did_you_mean(value, options) if isinstance(value, str) else ""
    raise places.error("loop.start", f"expected {', '.join(options[:-1])} or {options[-1]}, got {shown(value)}{near}")


def _check_family(cell: Cell, tree: Mapping[str, Any], trained: bool, places: Places) -> None:
    """What a trained family needs, and what a closed-form one does not take."""
    name = cell.model.name
    initial, budget = cell.initial, cell.budget
    if not trained:
        for key in NEEDS_TRAINING:
            if _given(tree, key.split(".")):
                raise places.error(key, f"model {name} is fitted by a formula, not trained in steps: take this key out")
        return
    if initial.from_ is not None:
        for key in ("steps", "rows"):
            if getattr(initial, key) is not None:
                raise _conflict(f"initial.{key}", "initial.from", places)
    elif initial.steps is None:
        raise places.error("initial.steps", f"is missing: model {name} needs initial.steps")
    if budget is None:
        example = "loop: {budget: {steps: 300}}"
        raise places.error(
            "loop.budget", f"is missing: how long does {name} retrain in each generation? e.g. {example}"
        )
    _one_of(budget, BUDGETS, "loop.budget", places)
    for prefix, train in (("train", cell.train), ("loop.train", cell.loop_train)):
        if train.ema is not None:
            _one_of(train.ema, ("half_life", "half_life_rows"), f"{prefix}.ema", places)
        if train.ramp is not None:
            _one_of(train.ramp, ("steps", "rows"), f"{prefix}.ramp", places)


def _one_of(settings: Settings, names: Sequence[str], key: str, places: Places) -> None:
    given = [name for name in names if getattr(settings, name) is not None]
    if len(given) != 1:
        where = f"{key}.{given[-1]}" if given else key
        raise places.error(where, f"expected exactly one of {', '.join(names)}; got {' and '.join(given) or 'none'}")


NEEDS_TRAINING = (
    "initial.steps",
    "initial.from",
    "train",
    "loop.start",
    "loop.budget",
    "loop.train",
    *(f"{prefix}sample.{name}" for prefix in ("", "loop.") for name in Sample.model_fields if name != "rows"),
)
"""What only trained families take."""


def _conflict(key: str, other: str, places: Places) -> InputError:
    return places.error(
        key, f"does not go with {other} ({places.of(other)}): a loaded model is not trained again first"
    )


def _given(tree: Any, parts: list[str]) -> bool:
    for part in parts:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree is not None and tree != {}


def axis_value(draft: Draft, column: str) -> Any:
    """What a cell has in one column: its settings with their defaults, None where it has no such setting."""
    cell = draft.cell
    head, _, rest = column.partition(".")
    if column == "lambda":
        return cell.lambda_
    if column == "regime":
        return cell.regime.name
    if column == "loop.budget.steps_of":
        return None if cell.steps_of is None else str(cell.steps_of)
    if head in draft.components:
        checked = draft.components[head]
        return checked.component.name if rest == "name" else checked.value(rest)
    if not draft.components["model"].signature.trained and any(
        column == key or column.startswith(f"{key}.") for key in NEEDS_TRAINING
    ):
        return None
    value: Any = cell
    if head == "loop":
        inner, _, rest = rest.partition(".")
        head = {"train": "loop_train", "sample": "loop_sample"}.get(inner, inner)
    for part in [head, *rest.split(".")] if rest else [head]:
        value = getattr(value, "from_" if part == "from" else part, None)
    return value


def ema_note(cell: Cell) -> str | None:
    """A warning where a retraining is too short for its EMA to forget the weights it started from."""
    ema, budget = cell.loop_train.ema, cell.budget
    if ema is None or budget is None:
        return None
    steps = budget.steps
    if budget.rows_seen is not None:
        steps = math.ceil(budget.rows_seen / cell.loop_train.batch)
    half_life = ema.steps(cell.loop_train.batch)
    if steps is None or ema.rampup is not None or half_life <= steps / 4:
        return None
    kept = 100 * 0.5 ** (steps / half_life)
    return (
        f"EMA half-life {half_life:g} is above a quarter of the {steps} steps of a retraining:"
        f" the EMA keeps {kept:.1f} % of the weights before it"
    )
