"""Cells: the file's settings with those of one point of the grid over them, checked for conflicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from raysc.errors import InputError
from raysc.settings import (
    LOOP_ONLY,
    UNCURATED,
    Budget,
    CellSettings,
    Initial,
    Sample,
    Settings,
    Start,
    Train,
    coupling_value,
)
from raysc.sweepfile.components import CheckedComponent, ComponentChecker
from raysc.sweepfile.messages import Locations, did_you_mean, quote
from raysc.sweepfile.schema import Section, check
from raysc.sweepfile.signature import ComponentKind
from raysc.sweepfile.space import Point

CELL_KEYS = ("data", "model", "curation", "initial", "train", "sample", "loop")
"""Top keys with settings of cells; regime and lambda are axes."""

CELL_COMPONENTS: tuple[ComponentKind, ...] = ("data", "model", "regime", "curation")

REAL_ONLY = "real_only"
"""The regime without samples, of controls."""

BUDGETS = ("steps", "epochs", "rows_seen")

TRAINED_ONLY = (
    "initial.steps",
    "initial.from",
    "train",
    "loop.start",
    "loop.budget",
    "loop.train",
)
"""Settings that only trained families have."""


@dataclass(frozen=True)
class Draft:
    """A cell without its axes.

    Attributes:
        cell: the other settings.
        components: data, model, regime and curation with their signatures.
        ignores_lambda: a lambda was set, and the regime takes none.
        models: of coupled models: the drafts of all of them, in order, without their coupling.
        origins: dotted setting -> the key of the file that set it, of the first point with these settings.
    """

    cell: CellSettings
    components: Mapping[str, CheckedComponent]
    ignores_lambda: bool
    models: "tuple[Draft, ...]" = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The settings as JSON: equal for equal cells."""
        return self.cell.model_dump_json(exclude={"axes", "control", "compared_with"})


@dataclass(frozen=True)
class DraftBuilder:
    """Builds drafts from points.

    Attributes:
        values: the values of the file.
        locations: locations of the file's values.
        checker: checks components.
    """

    values: Mapping[str, Any]
    locations: Locations
    checker: ComponentChecker
    _sections: dict[tuple[type, str], Any] = field(default_factory=dict)

    def draft(self, point: Point) -> Draft:
        """Return the cell of one point.

        Raises:
            InputError: a value has the wrong type, or settings conflict.
        """
        locations = Locations(self.locations.path, self.locations.by_key, point.origins)
        tree = self._settings_tree(point)
        components = self._components(tree, point, locations)
        loop, train, sample = tree.get("loop", {}), tree.get("train", {}), tree.get("sample", {})
        _check_loop_only(tree, locations)
        lambda_, ignores_lambda = _lambda(tree, components["regime"], locations)
        budget = loop.get("budget")
        cell = CellSettings(
            data=components["data"].component,
            model=components["model"].component,
            initial=self._section(Initial, tree.get("initial", {}), "initial", locations),
            train=self._section(Train, train, "train", locations),
            sample=self._section(Sample, sample, "sample", locations),
            loop_train=self._merged_section(Train, train, loop.get("train"), "loop.train", locations),
            loop_sample=self._merged_section(Sample, sample, loop.get("sample"), "loop.sample", locations),
            start=_start(loop.get("start", "previous"), locations),
            budget=None if budget is None else self._section(Budget, budget, "loop.budget", locations),
            regime=components["regime"].component,
            lambda_=lambda_,
            curation=components["curation"].component,
            axes={},
        )
        if components["model"].signature.trained:
            _check_trained(cell, locations)
        else:
            _check_closed_form(components["model"], tree, locations)
        _check_bias(cell, locations)
        return Draft(cell, components, ignores_lambda, origins=point.origins)

    def _settings_tree(self, point: Point) -> dict[str, Any]:
        """Return the settings of the file with those of a point over them, as nested mappings."""
        tree: Any = {key: self.values[key] for key in CELL_KEYS if self.values.get(key) is not None}
        # A whole mapping first, then keys inside it: `loop.budget: {...}` before `loop.budget.steps`.
        for key in sorted(point.settings, key=lambda key: key.count(".")):
            tree = _with_setting(tree, key.split("."), point.settings[key])
        settings: dict[str, Any] = tree
        return settings

    def _components(self, tree: Mapping[str, Any], point: Point, locations: Locations) -> dict[str, CheckedComponent]:
        """Return data set, model, regime and curation; InputError if one is missing or wrong."""
        tree = {"curation": UNCURATED, **tree}
        for kind in CELL_COMPONENTS:
            if kind not in tree:
                key, problem = (point.grid, "regime is missing") if kind == "regime" else (kind, "is missing")
                raise locations.error(key, problem)
        components: dict[str, CheckedComponent] = {
            kind: self.checker.check(kind, tree[kind], kind, locations.error) for kind in CELL_COMPONENTS
        }
        if components["regime"].component.name == REAL_ONLY:  # no samples to curate: one cell for all curations
            components["curation"] = self.checker.check("curation", UNCURATED, "curation", locations.error)
        return components

    def _section(self, section: type[Section], value: Any, key: str, locations: Locations) -> Section:
        """Return a section of the file, checked; equal values are checked once."""
        address = (section, repr(value))
        if address not in self._sections:
            self._sections[address] = check(section, value, key, locations)
        checked: Section = self._sections[address]
        return checked

    def _merged_section(
        self, section: type[Section], base: Any, override: Any, key: str, locations: Locations
    ) -> Section:
        """Return a section with another one over it: ``train`` with ``loop.train``."""
        self._section(section, override or {}, key, locations)
        return self._section(section, {**base, **(override or {})}, key, locations)


def _check_loop_only(tree: Mapping[str, Any], locations: Locations) -> None:
    """Raise InputError for a setting of generation 0 that only retrainings have."""
    for key, reason in LOOP_ONLY.items():
        section, _, name = key.partition(".")
        if name in (tree.get(section) or {}):
            raise locations.error(key, f"{reason}; set it under loop.{section}")


def _with_setting(tree: Any, parts: list[str], value: Any) -> Any:
    """Return a copy of the tree with one setting changed; a component's bare name becomes a mapping on the way."""
    if not parts:
        return value
    if isinstance(tree, str):
        tree = {"name": tree}
    mapping = tree if isinstance(tree, dict) else {}
    return {**mapping, parts[0]: _with_setting(mapping.get(parts[0]), parts[1:], value)}


def _lambda(tree: Mapping[str, Any], regime: CheckedComponent, locations: Locations) -> tuple[float | None, bool]:
    """Return lambda of a cell, and True if a lambda is set and the regime takes none."""
    value = tree.get("lambda")
    if "lambda" in tree and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
        raise locations.error("lambda", f"expected a number of at least 0, got {quote(value)}")
    default = regime.signature.default_lambda
    if default == "not taken":
        return None, "lambda" in tree
    if value is None:
        if default is None:
            raise locations.error(
                "regime", f"{regime.component.name} needs lambda, synthetic rows per real row; add it as an axis"
            )
        return float(default), False
    return float(value), False


def _start(value: Any, locations: Locations) -> Start:
    """Return ``loop.start``; InputError for another value."""
    options: tuple[Start, ...] = get_args(Start)
    for option in options:
        if value == option:
            return option
    near = did_you_mean(value, options) if isinstance(value, str) else ""
    expected = f"{', '.join(options[:-1])} or {options[-1]}"
    raise locations.error("loop.start", f"expected {expected}, got {quote(value)}{near}")


def _check_closed_form(model: CheckedComponent, tree: Mapping[str, Any], locations: Locations) -> None:
    """Raise InputError for settings that a closed-form family does not have."""
    name, supported = model.component.name, model.signature.sample_settings
    for key in TRAINED_ONLY:
        if _is_set(tree, key.split(".")):
            raise locations.error(key, f"model {name} is fitted by a formula, not trained in steps: take this key out")
    for key in _other_sample_keys(supported):
        if _is_set(tree, key.split(".")):
            raise locations.error(key, f"{name} does not take it; it takes {', '.join(['rows', *supported])}")


def _other_sample_keys(supported: Sequence[str]) -> list[str]:
    """Return the sampling settings that a closed-form family does not take."""
    names = [name for name in Sample.model_fields if name != "rows" and name not in supported]
    return [f"{section}.{name}" for section in ("sample", "loop.sample") for name in names]


def _check_bias(cell: CellSettings, locations: Locations) -> None:
    """Raise InputError if temperature and covariance scale are both set."""
    for key, sample in (("sample", cell.sample), ("loop.sample", cell.loop_sample)):
        if sample.temperature != 1 and sample.covariance_scale != 1:
            raise locations.error(
                f"{key}.covariance_scale", "does not go with temperature: set one; c is the square of the temperature"
            )


def _check_trained(cell: CellSettings, locations: Locations) -> None:
    """Raise InputError for missing or conflicting settings of a trained family."""
    name = cell.model.name
    if cell.initial.from_ is not None:
        for key in ("steps", "rows"):
            if getattr(cell.initial, key) is not None:
                raise _conflict(f"initial.{key}", "initial.from", locations)
    elif cell.initial.steps is None:
        raise locations.error("initial.steps", f"is missing: model {name} needs initial.steps")
    if cell.budget is None:
        example = "loop: {budget: {steps: 300}}"
        raise locations.error("loop.budget", f"is missing: the length of a retraining of {name}; e.g. {example}")
    _check_exactly_one(cell.budget, BUDGETS, "loop.budget", locations)
    guide = cell.loop_sample.guide
    if guide is not None and guide.of == "weights" and cell.start == "scratch":
        raise locations.error(
            "loop.sample.guide.of", "weights need start: previous or initial: networks from scratch have none in common"
        )
    for key, train in (("train", cell.train), ("loop.train", cell.loop_train)):
        _check_exactly_one(train.ema, ("half_life", "half_life_rows"), f"{key}.ema", locations)
        _check_exactly_one(train.ramp, ("steps", "rows"), f"{key}.ramp", locations)


def _check_exactly_one(settings: Settings | None, names: Sequence[str], key: str, locations: Locations) -> None:
    """Raise InputError unless exactly one of some settings is set; no settings at all are correct, too."""
    if settings is None:
        return
    present = [name for name in names if getattr(settings, name) is not None]
    if len(present) != 1:
        problem = f"expected exactly one of {', '.join(names)}; got {' and '.join(present) or 'none'}"
        raise locations.error(f"{key}.{present[-1]}" if present else key, problem)


def _conflict(key: str, other: str, locations: Locations) -> InputError:
    """Return the error for a setting that excludes ``initial.from``."""
    return locations.error(
        key, f"does not go with {other} ({locations.of(other)}): a loaded model is not trained before the loop"
    )


def _is_set(tree: Any, parts: list[str]) -> bool:
    for part in parts:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree is not None and tree != {}


def axis_value(draft: Draft, column: str) -> Any:
    """Return the value of one column: a setting or its default; None if the cell has no such setting."""
    cell = draft.cell
    head, _, rest = column.partition(".")
    if column == "lambda":
        return cell.lambda_
    if column == "regime":
        return cell.regime.name
    if head == "models":
        return coupling_value(cell.coupling, rest)
    if column == "loop.budget.steps_of":
        return None if cell.steps_of is None else str(cell.steps_of)
    if head in draft.components:
        checked = draft.components[head]
        return checked.component.name if rest == "name" else checked.value(rest)
    signature = draft.components["model"].signature
    if not signature.trained and any(
        column == key or column.startswith(f"{key}.")
        for key in (*TRAINED_ONLY, *_other_sample_keys(signature.sample_settings))
    ):
        return None
    value: Any = cell
    if head == "loop":
        inner, _, rest = rest.partition(".")
        head = {"train": "loop_train", "sample": "loop_sample"}.get(inner, inner)
    for part in [head, *rest.split(".")] if rest else [head]:
        value = getattr(value, "from_" if part == "from" else part, None)
    return value


def ema_note(cell: CellSettings) -> str | None:
    """Return a warning if a retraining is too short for its EMA to forget the start weights."""
    ema, budget = cell.loop_train.ema, cell.budget
    if ema is None or budget is None:
        return None
    steps = budget.steps
    if budget.rows_seen is not None:
        steps = math.ceil(budget.rows_seen / cell.loop_train.batch)
    half_life = ema.steps(cell.loop_train.batch)
    if steps is None or ema.rampup is not None or half_life <= steps / 4:
        return None
    percent = 100 * 0.5 ** (steps / half_life)
    return (
        f"EMA half-life {half_life:g} is above a quarter of the {steps} steps of a retraining:"
        f" the EMA keeps {percent:.1f} % of the start weights"
    )
